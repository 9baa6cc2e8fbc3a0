// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "compose/overlay_node.h"

namespace wasifs {

namespace {

NewNode spec_of(const Attr& attr, std::string_view target) {
  return {.type = attr.type,
          .mode = attr.mode,
          .uid = attr.uid,
          .gid = attr.gid,
          .rdev = attr.rdev,
          .target = target};
}

}  // namespace

Status OverlayNode::copy_up_to_change(bool with_content) {
  if (upper() == nullptr && sealed()) return fail(Errc::eperm);
  return copy_up(with_content);
}

Status OverlayNode::copy_up(bool with_content) {
  if (upper() != nullptr) return {};
  if (state_.upper == nullptr) return fail(Errc::erofs);
  // From the highest directory that has no upper down to this node. A location
  // may change under us; then the step says estale and the chain is made anew.
  for (;;) {
    std::vector<std::pair<Ref<OverlayNode>, Location>> chain;
    for (Ref<OverlayNode> node(this); node && node->upper() == nullptr;) {
      Location where = node->location();
      Ref<OverlayNode> parent = where.parent;
      chain.emplace_back(std::move(node), std::move(where));
      node = std::move(parent);
    }
    Status done;
    while (done && !chain.empty()) {
      const auto& [node, where] = chain.back();
      done = node->copy_up_one(where, with_content || node.get() != this);
      chain.pop_back();
    }
    if (done || done.error() != Errc::estale) return done;
  }
}

Status OverlayNode::copy_up_one(const Location& where, bool with_content) {
  const std::scoped_lock copying(copy_lock_);
  if (upper() != nullptr) return {};
  if (where.parent == nullptr) {
    // Open, but without a name: its upper has none either.
    if (type() != FileType::regular) return fail(Errc::enoent);
    const NodeRef upper_root = state_.upper->root();
    Result<NodeRef> made = make_upper(*upper_root, where, with_content);
    if (!made) return fail(made.error());
    const Lock held(lock_);
    publish(std::move(*made));
    return {};
  }
  Node& upper_parent = *where.parent->upper();
  NodeRef made;
  if (type() == FileType::regular) {
    // The long part runs without any lock that others wait for.
    Result<NodeRef> filled = make_upper(upper_parent, where, with_content);
    if (!filled) return fail(filled.error());
    made = std::move(*filled);
  }
  const Lock parent_held(where.parent->lock_);
  const Lock held(lock_);
  if (parent_ != where.parent || name_ != where.name) return fail(Errc::estale);
  const Result<Attr> parent_attr = upper_parent.attr();
  if (!parent_attr) return fail(parent_attr.error());
  if (made != nullptr) {
    if (const Status linked = upper_parent.link(name_, *made); !linked) return linked;
  } else {
    Result<NodeRef> created = make_upper(upper_parent, where, with_content);
    if (!created) return fail(created.error());
    made = std::move(*created);
  }
  publish(std::move(made));
  // Copying up is no change that anybody made to the parent.
  return upper_parent.set_attr({.atime = parent_attr->atime, .mtime = parent_attr->mtime});
}

Result<NodeRef> OverlayNode::make_upper(Node& upper_parent, const Location& where, bool with_content) {
  Node& lower = *lowers_.front().node;
  const Result<Attr> attr = lower.attr();
  if (!attr) return fail(attr.error());
  lower_links_ = attr->nlink;
  if (type() == FileType::regular) {
    Result<NodeRef> made = upper_parent.create_anonymous(spec_of(*attr, {}));
    if (!made) return made;
    if (with_content) {
      if (const Status copied = copy_content(**made); !copied) return fail(copied.error());
    }
    if (const Status copied = copy_metadata(**made); !copied) return fail(copied.error());
    return made;
  }
  Result<Link> link = type() == FileType::symlink ? lower.read_link() : Link{};
  if (!link) return fail(link.error());
  layer_rooted_ = link->layer_rooted;
  Result<NodeRef> made = upper_parent.create(where.name, spec_of(*attr, link->text));
  if (!made) return made;
  if (const Status copied = copy_metadata(**made); !copied) {
    // Nothing was changed that anybody has seen, so nothing is left behind.
    const Status undone = is_directory() ? upper_parent.rmdir(where.name) : upper_parent.unlink(where.name);
    return fail(undone ? copied.error() : undone.error());
  }
  return made;
}

Status OverlayNode::copy_content(Node& to) const {
  Result<FilePtr> from = lowers_.front().node->open({.read = true});
  if (!from) return fail(from.error());
  const Result<Attr> attr = lowers_.front().node->attr();
  if (!attr) return fail(attr.error());
  if (attr->size == 0) return {};
  if (std::optional<View> whole = (*from)->view(0, static_cast<std::size_t>(attr->size));
      whole && whole->bytes.size() == attr->size) {
    const Status shared = to.share_content(std::move(*whole));
    if (shared || shared.error() != Errc::enotsup) return shared;
  }
  Result<FilePtr> into = to.open({.read = true, .write = true});
  if (!into) return fail(into.error());
  std::vector<std::byte> buffer(std::size_t{128} << 10U);
  for (std::uint64_t at = 0;;) {
    // Holes stay holes. A layer that cannot tell says that all is data.
    const Result<std::uint64_t> data = (*from)->seek_data(at);
    if (!data) {
      if (data.error() == Errc::enxio) break;
      return fail(data.error());
    }
    const Result<std::uint64_t> hole = (*from)->seek_hole(*data);
    if (!hole) return fail(hole.error());
    for (at = *data; at < *hole;) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), *hole - at));
      const Result<std::size_t> got = (*from)->read_at(at, std::span(buffer).first(length));
      if (!got) return fail(got.error());
      if (*got == 0) break;
      const Result<std::size_t> put = (*into)->write_at(at, std::span(buffer).first(*got));
      if (!put) return fail(put.error());
      if (*put != *got) return fail(Errc::enospc);
      at += *got;
    }
    at = std::max(at, *hole);
  }
  return (*into)->truncate(attr->size);
}

Status OverlayNode::copy_metadata(Node& to) const {
  Node& lower = *lowers_.front().node;
  const Result<std::vector<std::string>> names = lower.list_xattrs();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const Result<std::string> value = lower.get_xattr(name);
    if (!value) return fail(value.error());
    if (const Status set = to.set_xattr(name, *value, XattrMode::any); !set) return set;
  }
  const Result<Attr> attr = lower.attr();
  if (!attr) return fail(attr.error());
  return to.set_attr({.atime = attr->atime, .mtime = attr->mtime});
}

void OverlayNode::publish(NodeRef upper_node) {
  upper_owner_ = std::move(upper_node);
  state_.table.enter_alias({0, upper_owner_}, *this);
  upper_.store(upper_owner_.get(), std::memory_order_release);
  // Of a file without a name the last handle is the last thing that refers to it.
  if (is_directory() || names_left() > 0) pin();
}

}  // namespace wasifs
