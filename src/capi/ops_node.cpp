// SPDX-License-Identifier: Apache-2.0
#include "capi/ops_node.h"

#include <algorithm>
#include <string>
#include <utility>

#include "capi/attributes.h"
#include "capi/boundary.h"
#include "capi/ops_open.h"

namespace wasifs::capi {

namespace {

constexpr std::size_t kMaxLinkText = 4096;

}  // namespace

void OpsNode::dispose() noexcept {
  table_->release(number_, this);
  delete this;
}

Status OpsNode::directory_with(bool has_operation, bool change) const {
  if (!is_directory()) return fail(Errc::enotdir);
  if (!has_operation) return fail(change ? Errc::erofs : Errc::enosys);
  return {};
}

Result<Attr> OpsNode::attr() {
  wasifs_stat told{};
  told.struct_size = sizeof(told);
  told.ino = number_;
  told.type = static_cast<std::uint32_t>(type());
  told.nlink = 1;
  if (const Status status = status_of(ops().stat(user(), number_, &told)); !status) {
    return fail(status.error());
  }
  Result<Attr> attr = attr_of(told);
  // One number is one file as long as it is held, and a file keeps its type.
  if (attr && attr->type != type()) return fail(Errc::eio);
  return attr;
}

Status OpsNode::apply(const SetAttr& change) {
  if (ops().set_stat == nullptr) return fail(Errc::erofs);
  wasifs_stat attributes{};
  attributes.struct_size = sizeof(attributes);
  const std::uint32_t changes = changes_of(change, attributes);
  return status_of(ops().set_stat(user(), number_, changes, &attributes));
}

Status OpsNode::set_attr(const SetAttr& change) {
  if (!change.size) return apply(change);
  if (is_directory()) return fail(Errc::eisdir);
  if (type() != FileType::regular) return fail(Errc::einval);
  if (*change.size > File::kMaxSize) return fail(Errc::efbig);
  const std::lock_guard lock(content_mutex_);
  return apply(change);
}

Result<NodeRef> OpsNode::lookup(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  auto found = OpsTable::acquire(table_, [&](std::uint64_t& number, std::uint32_t& type) {
    return status_of(ops().lookup(user(), number_, name.data(), name.size(), &number, &type));
  });
  if (!found) return fail(found.error());
  return NodeRef(std::move(*found));
}

Result<DirPtr> OpsNode::open_dir() {
  if (const Status good = directory_with(ops().read_dir != nullptr, false); !good) return fail(good.error());
  return std::make_unique<OpsDir>(Ref<OpsNode>(this));
}

Result<FilePtr> OpsNode::open(OpenFlags flags) {
  if (type() != FileType::regular) return Node::open(flags);
  if (flags.write && ops().write == nullptr) return fail(Errc::erofs);
  if (flags.truncate) {
    if (const Status emptied = resize(0); !emptied) return fail(emptied.error());
  }
  return std::make_unique<OpsFile>(Ref<OpsNode>(this), flags);
}

Result<Link> OpsNode::read_link() {
  if (type() != FileType::symlink) return fail(Errc::einval);
  if (ops().read_link == nullptr) return fail(Errc::enosys);
  std::string text(kMaxLinkText, '\0');
  std::size_t length = 0;
  const int error = ops().read_link(user(), number_, text.data(), text.size(), &length);
  if (const Status status = status_of(error); !status) return fail(status.error());
  if (length == 0 || length >= text.size()) return fail(Errc::eio);
  text.resize(length);
  return Link{.text = std::move(text)};
}

Result<NodeRef> OpsNode::create(std::string_view name, const NewNode& spec) {
  if (const Status good = directory_with(ops().create != nullptr, true); !good) return fail(good.error());
  wasifs_stat attributes{};
  attributes.struct_size = sizeof(attributes);
  attributes.type = static_cast<std::uint32_t>(spec.type);
  attributes.mode = spec.mode;
  attributes.uid = spec.uid;
  attributes.gid = spec.gid;
  attributes.rdev = spec.rdev;
  auto made = OpsTable::acquire(table_, [&](std::uint64_t& number, std::uint32_t& type) {
    type = attributes.type;
    return status_of(ops().create(user(), number_, name.data(), name.size(), &attributes, spec.target.data(),
                                  spec.target.size(), &number));
  });
  if (!made) return fail(made.error());
  return NodeRef(std::move(*made));
}

Result<NodeRef> OpsNode::create_anonymous(const NewNode& /*spec*/) {
  if (const Status good = directory_with(ops().create != nullptr, true); !good) return fail(good.error());
  return fail(Errc::enotsup);
}

Status OpsNode::link(std::string_view name, Node& target) {
  if (const Status good = directory_with(ops().link != nullptr, true); !good) return good;
  const auto* ours = dynamic_cast<OpsNode*>(&target);
  if (ours == nullptr || ours->table_ != table_) return fail(Errc::exdev);
  return status_of(ops().link(user(), number_, name.data(), name.size(), ours->number_));
}

Status OpsNode::unlink(std::string_view name) {
  if (const Status good = directory_with(ops().unlink != nullptr, true); !good) return good;
  return status_of(ops().unlink(user(), number_, name.data(), name.size()));
}

Status OpsNode::rmdir(std::string_view name) {
  if (const Status good = directory_with(ops().rmdir != nullptr, true); !good) return good;
  return status_of(ops().rmdir(user(), number_, name.data(), name.size()));
}

Status OpsNode::rename(std::string_view name, Node& new_parent, std::string_view new_name, RenameMode mode) {
  if (const Status good = directory_with(ops().rename != nullptr, true); !good) return good;
  const auto* ours = dynamic_cast<OpsNode*>(&new_parent);
  if (ours == nullptr || ours->table_ != table_) return fail(Errc::exdev);
  if (!ours->is_directory()) return fail(Errc::enotdir);
  // What renameat2(2) says of a file system that cannot do that.
  if (mode == RenameMode::exchange || mode == RenameMode::whiteout) return fail(Errc::einval);
  return status_of(ops().rename(user(), number_, name.data(), name.size(), ours->number_, new_name.data(),
                                new_name.size(), mode == RenameMode::no_replace ? 1 : 0));
}

Status OpsNode::set_xattr(std::string_view /*name*/, std::string_view /*value*/, XattrMode /*mode*/) {
  return fail(ops().set_stat == nullptr ? Errc::erofs : Errc::enotsup);
}

Status OpsNode::remove_xattr(std::string_view /*name*/) {
  return fail(ops().set_stat == nullptr ? Errc::erofs : Errc::enodata);
}

Status OpsNode::sync() {
  if (ops().sync == nullptr) return {};
  return status_of(ops().sync(user(), number_));
}

namespace {

/// Asks `transfer` for what is left of `bytes` until all of it is done, nothing more is,
/// or it fails; what was done before a failure counts.
template <class Byte, class Transfer>
Result<std::size_t> transfer_all(std::span<Byte> bytes, Transfer transfer) {
  std::size_t total = 0;
  while (total < bytes.size()) {
    const std::span<Byte> rest = bytes.subspan(total);
    std::size_t done = 0;
    if (const Status status = status_of(transfer(total, rest, &done)); !status) {
      if (total != 0) break;
      return fail(status.error());
    }
    if (done > rest.size()) return fail(Errc::eio);
    if (done == 0) break;
    total += done;
  }
  return total;
}

}  // namespace

Result<std::size_t> OpsNode::read(std::uint64_t offset, std::span<std::byte> out) {
  if (ops().read == nullptr) return fail(Errc::enosys);
  return transfer_all(out, [&](std::size_t before, std::span<std::byte> rest, std::size_t* done) {
    return ops().read(user(), number_, offset + before, rest.data(), rest.size(), done);
  });
}

Result<std::size_t> OpsNode::write(std::uint64_t offset, std::span<const std::byte> in) {
  const std::lock_guard lock(content_mutex_);
  return write_locked(offset, in);
}

Result<std::size_t> OpsNode::append(std::span<const std::byte> in) {
  const std::lock_guard lock(content_mutex_);
  const Result<Attr> now = attr();
  if (!now) return fail(now.error());
  if (in.size() > File::kMaxSize - now->size) return fail(Errc::efbig);
  return write_locked(now->size, in);
}

Result<std::size_t> OpsNode::write_locked(std::uint64_t offset, std::span<const std::byte> in) {
  Result<std::size_t> total =
      transfer_all(in, [&](std::size_t before, std::span<const std::byte> rest, std::size_t* done) {
        return ops().write(user(), number_, offset + before, rest.data(), rest.size(), done);
      });
  if (total && *total == 0) return fail(Errc::enospc);
  return total;
}

Status OpsNode::resize(std::uint64_t size) {
  const std::lock_guard lock(content_mutex_);
  return apply({.size = size});
}

Status OpsNode::read_entries(std::uint64_t cookie, wasifs_dir_sink emit, void* sink) {
  return status_of(ops().read_dir(user(), number_, cookie, emit, sink));
}

}  // namespace wasifs::capi
