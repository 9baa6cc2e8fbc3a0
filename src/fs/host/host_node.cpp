// SPDX-License-Identifier: Apache-2.0
#include "fs/host/host_node.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "fs/host/attr_change.h"
#include "fs/host/host_dir.h"
#include "fs/host/host_file.h"

namespace wasifs::host {

namespace {

/// Longest text of a symlink on Linux: a page, with its NUL.
constexpr std::size_t kMaxLinkText = 4096;

int open_mode(const OpenFlags& flags) {
  int mode = O_RDONLY;
  if (flags.write) mode = flags.read ? O_RDWR : O_WRONLY;
  if (flags.append) mode |= O_APPEND;
  if (flags.truncate) mode |= O_TRUNC;
  return mode;
}

}  // namespace

Result<Ref<HostNode>> HostNode::from_fd(Layer& layer, UniqueFd fd) {
  const auto stat = stat_fd(fd.get(), STATX_TYPE | STATX_INO);
  if (!stat) return fail(stat.error());
  const ObjectId id = id_of(*stat);
  const FileType type = type_of(*stat);
  return layer.nodes.intern(id, type, [&] { return new HostNode(layer, std::move(fd), id, type); });
}

void HostNode::dispose() noexcept {
  layer_.nodes.forget(id_, this);
  delete this;
}

Result<Attr> HostNode::attr() {
  const auto stat = stat_fd(fd_.get(), STATX_BASIC_STATS | STATX_BTIME);
  if (!stat) return fail(stat.error());
  const bool device = type() == FileType::char_device || type() == FileType::block_device;
  return Attr{
      .ino = layer_.inodes.number(id_),
      .type = type(),
      .mode = mode_of(*stat),
      .nlink = stat->stx_nlink,
      .uid = stat->stx_uid,
      .gid = stat->stx_gid,
      .rdev = device ? rdev_of(*stat) : 0,
      .size = stat->stx_size,
      .blocks = stat->stx_blocks,
      .atime = time_of(stat->stx_atime),
      .mtime = time_of(stat->stx_mtime),
      .ctime = time_of(stat->stx_ctime),
      // Where the host file system records none, the zero that statx leaves.
      .btime = (stat->stx_mask & STATX_BTIME) != 0 ? time_of(stat->stx_btime) : Time{},
  };
}

Status HostNode::set_attr(const SetAttr& change) {
  if (read_only()) return fail(Errc::erofs);
  return change_attributes(fd_.get(), type(), change);
}

Result<NodeRef> HostNode::lookup(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  const auto component = Component::from(name);
  if (!component) return fail(component.error());
  auto child = open_child(fd_.get(), component->c_str());
  if (!child) return fail(child.error());
  return from_fd(layer_, std::move(*child));
}

Result<DirPtr> HostNode::open_dir() {
  if (!is_directory()) return fail(Errc::enotdir);
  auto fd = reopen(fd_.get(), O_RDONLY | O_DIRECTORY);
  if (!fd) return fail(fd.error());
  return std::make_unique<HostDir>(layer_, std::move(*fd));
}

Result<FilePtr> HostNode::open(OpenFlags flags) {
  if (is_directory()) return fail(Errc::eisdir);
  if (type() == FileType::symlink) return fail(Errc::eloop);
  if (type() != FileType::regular) return fail(Errc::enxio);
  if (read_only() && (flags.write || flags.truncate)) return fail(Errc::erofs);
  auto fd = reopen(fd_.get(), open_mode(flags));
  if (!fd) return fail(fd.error());
  return std::make_unique<HostFile>(flags, std::move(*fd));
}

Result<Link> HostNode::read_link() {
  if (type() != FileType::symlink) return fail(Errc::einval);
  if (layer_.options.symlinks == HostFilesystem::Symlinks::deny) return fail(Errc::eacces);
  std::string text(kMaxLinkText, '\0');
  const ssize_t length = ::readlinkat(fd_.get(), "", text.data(), text.size());
  if (length < 0) return fail_errno();
  text.resize(static_cast<std::size_t>(length));
  return Link{.text = std::move(text), .layer_rooted = true};
}

Status HostNode::sync() {
  // Only directories and files have something of their own to write back.
  if (type() != FileType::directory && type() != FileType::regular) return {};
  const auto fd = reopen(fd_.get(), O_RDONLY);
  if (!fd) return fail(fd.error());
  return to_status(retry([&] { return ::fsync(fd->get()); }));
}

Result<StatFs> HostNode::statfs() const { return statfs_fd(fd_.get()); }

}  // namespace wasifs::host
