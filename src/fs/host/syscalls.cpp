// SPDX-License-Identifier: Apache-2.0
#include "fs/host/syscalls.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/path.h"

namespace wasifs::host {

UniqueFd::~UniqueFd() {
  // close(2) frees the descriptor even where it fails; what a network file
  // system reports that late is had from sync() by who wants to know.
  if (fd_ >= 0) ::close(fd_);
}

Result<Component> Component::from(std::string_view name) {
  if (const Status valid = check_name(name); !valid) return fail(valid.error());
  Component component;
  name.copy(component.text_.data(), name.size());
  component.text_[name.size()] = '\0';
  return component;
}

ProcPath::ProcPath(int fd) { std::snprintf(text_.data(), text_.size(), "/proc/self/fd/%d", fd); }

std::size_t ObjectIdHash::operator()(const ObjectId& id) const noexcept {
  // Inode numbers come in runs; multiplying by an odd constant and folding the
  // upper half in spreads them over shards and buckets alike.
  std::uint64_t hash = (id.ino ^ (id.dev << 32U) ^ (id.dev >> 32U)) * 0x9E37'79B9'7F4A'7C15U;
  hash ^= hash >> 32U;
  return hash;
}

ObjectId id_of(const struct statx& stat) {
  return {.dev = gnu_dev_makedev(stat.stx_dev_major, stat.stx_dev_minor), .ino = stat.stx_ino};
}

FileType type_of(const struct statx& stat) {
  switch (stat.stx_mode & S_IFMT) {
    case S_IFDIR:
      return FileType::directory;
    case S_IFLNK:
      return FileType::symlink;
    case S_IFCHR:
      return FileType::char_device;
    case S_IFBLK:
      return FileType::block_device;
    case S_IFIFO:
      return FileType::fifo;
    case S_IFSOCK:
      return FileType::socket;
    default:
      return FileType::regular;
  }
}

std::uint16_t mode_of(const struct statx& stat) { return stat.stx_mode & 07777; }

std::uint64_t rdev_of(const struct statx& stat) {
  return gnu_dev_makedev(stat.stx_rdev_major, stat.stx_rdev_minor);
}

Result<StatFs> statfs_fd(int fd) {
  struct statfs host = {};
  if (retry([&] { return ::fstatfs(fd, &host); }) != 0) return fail_errno();
  // Blocks are counted in fragments where the file system tells their size.
  const auto unit = host.f_frsize != 0 ? host.f_frsize : host.f_bsize;
  return StatFs{
      .block_size = static_cast<std::uint64_t>(unit),
      .blocks = host.f_blocks,
      // What an ordinary user can still fill, without the reserve of root.
      .blocks_free = host.f_bavail,
      .files = host.f_files,
      .files_free = host.f_ffree,
      .name_max = static_cast<std::uint32_t>(std::min<long>(host.f_namelen, 255)),
  };
}

Result<struct statx> stat_fd(int fd, unsigned mask) {
  struct statx stat;
  if (::statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, mask, &stat) != 0) return fail_errno();
  return stat;
}

Result<struct statx> stat_child(int dir, const char* name) {
  // Neither number nor type ever changes, so a network file system need not ask.
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  struct statx stat;
  if (::statx(dir, name, kFlags, STATX_TYPE | STATX_INO, &stat) != 0) return fail_errno();
  return stat;
}

Result<UniqueFd> open_below(int dir, const char* path, int flags) {
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags | O_NOFOLLOW | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  const auto fd = retry([&] { return ::syscall(SYS_openat2, dir, path, &how, sizeof how); });
  if (fd < 0) return fail_errno();
  return UniqueFd(static_cast<int>(fd));
}

Result<UniqueFd> reopen(int fd, int flags) {
  const ProcPath path(fd);
  UniqueFd opened(retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY); }));
  if (!opened) return fail_errno();
  return opened;
}

std::string path_of_fd(int fd) {
  const ProcPath link(fd);
  std::string path(PATH_MAX, '\0');
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  if (length <= 0 || static_cast<std::size_t>(length) == path.size()) return {};
  path.resize(static_cast<std::size_t>(length));
  return path;
}

}  // namespace wasifs::host
