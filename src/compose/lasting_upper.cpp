// SPDX-License-Identifier: Apache-2.0
#include "compose/lasting_upper.h"

#include <utility>
#include <vector>

#include "base/acl.h"

namespace wasifs {

namespace {

constexpr std::string_view kScratch = "work";
constexpr std::string_view kLinks = "wasifs-links";

/// The names in a directory.
Result<std::vector<std::string>> names_in(Node& dir) {
  Result<DirPtr> open = dir.open_dir();
  if (!open) return fail(open.error());
  std::vector<std::string> names;
  const Status read = (*open)->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  return read ? Result<std::vector<std::string>>(std::move(names)) : fail(read.error());
}

/// Removes all that is in `top`. Walked in a loop: what an earlier run has left may
/// be deeper than the stack.
Status clear(const NodeRef& top) {
  struct Level {
    NodeRef dir;
    std::vector<std::string> names;
  };
  std::vector<Level> levels;
  const auto enter = [&](NodeRef dir) -> Status {
    Result<std::vector<std::string>> names = names_in(*dir);
    if (!names) return fail(names.error());
    levels.push_back({.dir = std::move(dir), .names = std::move(*names)});
    return {};
  };
  if (const Status entered = enter(top); !entered) return entered;
  for (;;) {
    Level& level = levels.back();
    if (level.names.empty()) {
      levels.pop_back();
      if (levels.empty()) return {};
      // It is the last name of the level above.
      Level& above = levels.back();
      if (const Status gone = above.dir->rmdir(above.names.back()); !gone) return gone;
      above.names.pop_back();
      continue;
    }
    Result<NodeRef> child = level.dir->lookup(level.names.back());
    if (!child) return fail(child.error());
    if ((*child)->is_directory()) {
      if (const Status entered = enter(std::move(*child)); !entered) return entered;
      continue;
    }
    if (const Status gone = level.dir->unlink(level.names.back()); !gone) return gone;
    level.names.pop_back();
  }
}

Result<NodeRef> directory_in(Node& work, std::string_view name, const Attr& owner) {
  Result<NodeRef> found = work.lookup(name);
  if (!found && found.error() == Errc::enoent) {
    found =
        work.create(name, {.type = FileType::directory, .mode = 0700, .uid = owner.uid, .gid = owner.gid});
  }
  if (found && !(*found)->is_directory()) return fail(Errc::enotdir);
  return found;
}

/// Removes a name, whatever it is.
Status discard(Node& dir, std::string_view name, const NodeRef& node) {
  if (!node->is_directory()) return dir.unlink(name);
  if (const Status cleared = clear(node); !cleared) return cleared;
  return dir.rmdir(name);
}

/// Not every file system can; without it a rename would show what it hides.
Status check_whiteouts(Node& scratch, const Attr& owner) {
  constexpr std::string_view kFrom = "probe";
  constexpr std::string_view kTo = "moved";
  const auto made = scratch.create(kFrom, {.mode = 0600, .uid = owner.uid, .gid = owner.gid});
  // Where there is no room to try there may be something to delete all the same.
  if (!made && (made.error() == Errc::enospc || made.error() == Errc::edquot)) return {};
  if (!made) return fail(made.error());
  const Status renamed = scratch.rename(kFrom, scratch, kTo, RenameMode::whiteout);
  if (const Status gone = scratch.unlink(kFrom); !gone) return gone;
  if (!renamed) return renamed.error() == Errc::einval ? fail(Errc::enotsup) : renamed;
  return scratch.unlink(kTo);
}

/// Takes out what nobody has a name of any more: who removed the last one may have
/// died before this.
Status drop_unused(Node& links, const OverlayMarks& marks) {
  const Result<std::vector<std::string>> names = names_in(links);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const Result<NodeRef> node = links.lookup(name);
    const Result<Attr> attr = node ? (*node)->attr() : fail(node.error());
    const Result<std::int32_t> more = attr ? marks.links(**node) : fail(attr.error());
    if (!more) return fail(more.error());
    if (std::int64_t{attr->nlink} + *more > 0) continue;
    if (const Status gone = links.unlink(name); !gone) return gone;
  }
  return {};
}

/// What has the name, or null.
Result<NodeRef> find(Node& dir, std::string_view name) {
  Result<NodeRef> found = dir.lookup(name);
  if (!found && found.error() == Errc::enoent) return NodeRef();
  return found;
}

}  // namespace

Result<std::unique_ptr<LastingUpper>> LastingUpper::open(NodeRef work, OverlayMarks marks) {
  const Result<Attr> owner = work->attr();
  if (!owner) return fail(owner.error());
  Result<NodeRef> scratch = directory_in(*work, kScratch, *owner);
  if (!scratch) return fail(scratch.error());
  Result<NodeRef> links = directory_in(*work, kLinks, *owner);
  if (!links) return fail(links.error());
  for (const NodeRef& each : {work, *scratch, *links}) {
    if (const Status dropped = drop_acls(*each); !dropped) return fail(dropped.error());
  }
  if (const Status cleared = clear(*scratch); !cleared) return fail(cleared.error());
  if (const Status dropped = drop_unused(**links, marks); !dropped) return fail(dropped.error());
  if (const Status able = check_whiteouts(**scratch, *owner); !able) return fail(able.error());
  return std::unique_ptr<LastingUpper>(
      new LastingUpper(std::move(*scratch), std::move(*links), std::move(marks), *owner));
}

Status LastingUpper::drop_acls(Node& node) {
  for (const std::string_view list : {kAccessAcl, kDefaultAcl}) {
    const Result<std::string> there = node.get_xattr(list);
    if (!there) continue;  // none, or the layer keeps none
    if (const Status dropped = node.remove_xattr(list); !dropped) return dropped;
  }
  return {};
}

NewNode LastingUpper::whiteout_spec() const {
  return {.type = FileType::char_device, .mode = 0, .uid = uid_, .gid = gid_, .rdev = 0};
}

Result<LastingUpper::Prepared> LastingUpper::prepare(const NewNode& spec) {
  for (;;) {
    std::string name = fresh_name();
    Result<NodeRef> made = scratch_->create(name, spec);
    if (made) return Prepared(*this, std::move(name), std::move(*made));
    if (made.error() != Errc::eexist) return fail(made.error());
  }
}

Result<LastingUpper::PreparedFile> LastingUpper::prepare_file(Node& near, const NewNode& spec) {
  Result<NodeRef> made = near.create_anonymous(spec);
  if (made) {
    if (const Status dropped = drop_acls(**made); !dropped) return fail(dropped.error());
    return PreparedFile{.node = std::move(*made), .named = std::nullopt};
  }
  if (made.error() != Errc::enotsup) return fail(made.error());
  Result<Prepared> named = prepare(spec);
  if (!named) return fail(named.error());
  NodeRef node = named->node_;
  return PreparedFile{.node = std::move(node), .named = std::move(*named)};
}

LastingUpper::Prepared::~Prepared() {
  // What cannot be removed now is removed by the next start.
  if (upper_ != nullptr) static_cast<void>(discard(*upper_->scratch_, name_, node_));
}

Result<NodeRef> LastingUpper::Prepared::place(Node& dir, std::string_view name) {
  const Status renamed = upper_->scratch_->rename(name_, dir, name, RenameMode::no_replace);
  if (!renamed) return fail(renamed.error());
  upper_ = nullptr;
  return node_;
}

Status LastingUpper::replace(Prepared& prepared, Node& dir, std::string_view name) {
  const Result<NodeRef> old = dir.lookup(name);
  if (!old) return fail(old.error());
  const bool directory = (*old)->is_directory() || prepared.node().is_directory();
  const RenameMode mode = directory ? RenameMode::exchange : RenameMode::replace;
  if (const Status renamed = scratch_->rename(prepared.name_, dir, name, mode); !renamed) return renamed;
  prepared.upper_ = nullptr;
  // The exchange has happened; what is left of the old one is rubbish.
  if (directory) static_cast<void>(discard(*scratch_, prepared.name_, *old));
  return {};
}

Result<NodeRef> LastingUpper::create(Node& dir, std::string_view name, const NewNode& spec) {
  const Result<NodeRef> old = find(dir, name);
  if (!old) return fail(old.error());
  if (*old == nullptr) return dir.create(name, spec);
  Result<Prepared> made = prepare(spec);
  if (!made) return fail(made.error());
  if (spec.type == FileType::directory) {
    if (const Status opaque = marks_.set_opaque(made->node()); !opaque) return fail(opaque.error());
  }
  NodeRef node = made->node_;
  if (const Status replaced = replace(*made, dir, name); !replaced) return fail(replaced.error());
  return node;
}

Status LastingUpper::link(Node& dir, std::string_view name, Node& target) {
  const Result<NodeRef> old = find(dir, name);
  if (!old) return fail(old.error());
  if (*old == nullptr) return dir.link(name, target);
  const std::string temporary = fresh_name();
  if (const Status linked = scratch_->link(temporary, target); !linked) return linked;
  const Status renamed = scratch_->rename(temporary, dir, name, RenameMode::replace);
  if (!renamed) static_cast<void>(scratch_->unlink(temporary));
  return renamed;
}

Status LastingUpper::remove(Node& dir, std::string_view name, bool whiteout) {
  const Result<NodeRef> old = find(dir, name);
  if (!old) return fail(old.error());
  if (whiteout) {
    if (*old == nullptr) {
      const Result<NodeRef> made = dir.create(name, whiteout_spec());
      return made ? Status{} : fail(made.error());
    }
    Result<Prepared> made = prepare_whiteout();
    return made ? replace(*made, dir, name) : fail(made.error());
  }
  if (*old == nullptr) return fail(Errc::enoent);
  if (!(*old)->is_directory()) return dir.unlink(name);
  const Status removed = dir.rmdir(name);
  if (removed || removed.error() != Errc::enotempty) return removed;
  const std::string temporary = fresh_name();
  const Status moved = dir.rename(name, *scratch_, temporary, RenameMode::no_replace);
  if (moved) static_cast<void>(discard(*scratch_, temporary, *old));
  return moved;
}

Status LastingUpper::empty_directory(Node& dir, std::string_view name, Node& directory) {
  const Result<std::vector<std::string>> inside = names_in(directory);
  if (!inside) return fail(inside.error());
  if (inside->empty()) return {};
  const Result<Attr> attr = directory.attr();
  if (!attr) return fail(attr.error());
  Result<Prepared> made =
      prepare({.type = FileType::directory, .mode = attr->mode, .uid = attr->uid, .gid = attr->gid});
  if (!made) return fail(made.error());
  // Or what the whiteouts hid would show until it is replaced.
  if (const Status opaque = marks_.set_opaque(made->node()); !opaque) return opaque;
  return replace(*made, dir, name);
}

Status LastingUpper::rename(const Move& move, bool whiteout) {
  const auto step = [&](RenameMode mode) {
    return move.from.rename(move.name, move.to, move.new_name, mode);
  };
  const RenameMode plain = whiteout ? RenameMode::whiteout : RenameMode::replace;
  const Result<NodeRef> target = find(move.to, move.new_name);
  if (!target) return fail(target.error());
  if (*target == nullptr) return step(plain);
  const Result<NodeRef> moved = move.from.lookup(move.name);
  if (!moved) return fail(moved.error());
  if ((*target)->is_directory()) {
    if (const Status emptied = empty_directory(move.to, move.new_name, **target); !emptied) return emptied;
    return step(plain);
  }
  if (!(*moved)->is_directory()) return step(plain);
  // A directory cannot replace the whiteout that has its name, but change places
  // with it, and that is the whiteout that the old name may need.
  if (const Status exchanged = step(RenameMode::exchange); !exchanged) return exchanged;
  // Where it is not needed it hides nothing, so that is no reason to fail.
  if (!whiteout) static_cast<void>(move.from.unlink(move.name));
  return {};
}

Status LastingUpper::exchange(const Move& move) {
  return move.from.rename(move.name, move.to, move.new_name, RenameMode::exchange);
}

Status LastingUpper::enter_linked(const std::string& key, Node& node) {
  const Status linked = links_->link(key, node);
  if (linked || linked.error() != Errc::eexist) return linked;
  // Of a lower node that was there under this name earlier.
  if (const Status gone = links_->unlink(key); !gone) return gone;
  return links_->link(key, node);
}

}  // namespace wasifs
