// SPDX-License-Identifier: Apache-2.0
#include "fuse/translate.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <sys/xattr.h>

#include <array>
#include <ctime>
#include <utility>

#include "fuse/libfuse.h"

namespace wasifs::fuse {

namespace {

constexpr std::array<std::pair<FileType, mode_t>, 7> kTypes{{{FileType::regular, S_IFREG},
                                                             {FileType::directory, S_IFDIR},
                                                             {FileType::symlink, S_IFLNK},
                                                             {FileType::char_device, S_IFCHR},
                                                             {FileType::block_device, S_IFBLK},
                                                             {FileType::fifo, S_IFIFO},
                                                             {FileType::socket, S_IFSOCK}}};

constexpr mode_t kPermissions = 07777;

timespec to_timespec(const Time& time) {
  timespec result{};
  result.tv_sec = time.sec;
  result.tv_nsec = time.nsec;
  return result;
}

Time from_timespec(const timespec& time) {
  return {.sec = time.tv_sec, .nsec = static_cast<std::int32_t>(time.tv_nsec)};
}

Time now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return from_timespec(time);
}

}  // namespace

mode_t type_bits(FileType type) noexcept {
  for (const auto& [known, bits] : kTypes) {
    if (known == type) return bits;
  }
  return S_IFREG;
}

Result<FileType> type_from_mode(mode_t mode) noexcept {
  // mknod(2): no type at all means a regular file.
  if ((mode & S_IFMT) == 0) return FileType::regular;
  for (const auto& [type, bits] : kTypes) {
    if (bits == (mode & S_IFMT)) return type;
  }
  return fail(Errc::einval);
}

struct stat to_stat(const Attr& attr) noexcept {
  struct stat result{};
  result.st_ino = attr.ino;
  result.st_mode = type_bits(attr.type) | (attr.mode & kPermissions);
  result.st_nlink = attr.nlink;
  result.st_uid = attr.uid;
  result.st_gid = attr.gid;
  result.st_rdev = attr.rdev;
  result.st_size = static_cast<off_t>(attr.size);
  result.st_blocks = static_cast<blkcnt_t>(attr.blocks);
  result.st_blksize = 4096;
  result.st_atim = to_timespec(attr.atime);
  result.st_mtim = to_timespec(attr.mtime);
  result.st_ctim = to_timespec(attr.ctime);
  return result;
}

Timeout to_timeout(double seconds) noexcept {
  const auto whole = static_cast<std::uint64_t>(seconds);
  return {.sec = whole, .nsec = static_cast<std::uint32_t>((seconds - static_cast<double>(whole)) * 1e9)};
}

fuse_entry_out to_entry_out(const fuse_entry_param& entry) noexcept {
  const Timeout name = to_timeout(entry.entry_timeout);
  const Timeout attributes = to_timeout(entry.attr_timeout);
  const struct stat& attr = entry.attr;
  const auto number = [](auto value) { return static_cast<std::uint32_t>(value); };
  return {.nodeid = entry.ino,
          .generation = entry.generation,
          .entry_valid = name.sec,
          .attr_valid = attributes.sec,
          .entry_valid_nsec = name.nsec,
          .attr_valid_nsec = attributes.nsec,
          .attr = {.ino = attr.st_ino,
                   .size = static_cast<std::uint64_t>(attr.st_size),
                   .blocks = static_cast<std::uint64_t>(attr.st_blocks),
                   .atime = static_cast<std::uint64_t>(attr.st_atim.tv_sec),
                   .mtime = static_cast<std::uint64_t>(attr.st_mtim.tv_sec),
                   .ctime = static_cast<std::uint64_t>(attr.st_ctim.tv_sec),
                   .atimensec = number(attr.st_atim.tv_nsec),
                   .mtimensec = number(attr.st_mtim.tv_nsec),
                   .ctimensec = number(attr.st_ctim.tv_nsec),
                   .mode = attr.st_mode,
                   .nlink = number(attr.st_nlink),
                   .uid = attr.st_uid,
                   .gid = attr.st_gid,
                   .rdev = number(attr.st_rdev),
                   .blksize = number(attr.st_blksize),
                   .flags = 0}};
}

std::uint16_t without_set_ids(std::uint16_t mode) noexcept {
  const bool group_executes = (mode & S_IXGRP) != 0;
  return static_cast<std::uint16_t>(mode & ~(S_ISUID | (group_executes ? S_ISGID : 0)));
}

struct statvfs to_statvfs(const StatFs& info) noexcept {
  struct statvfs result{};
  result.f_bsize = info.block_size;
  result.f_frsize = info.block_size;
  result.f_blocks = info.blocks;
  result.f_bfree = info.blocks_free;
  result.f_bavail = info.blocks_free;
  result.f_files = info.files;
  result.f_ffree = info.files_free;
  result.f_favail = info.files_free;
  result.f_namemax = info.name_max;
  return result;
}

SetAttr to_set_attr(const struct stat& wanted, int to_set) noexcept {
  SetAttr change;
  if ((to_set & FUSE_SET_ATTR_MODE) != 0) {
    change.mode = static_cast<std::uint16_t>(wanted.st_mode & kPermissions);
  }
  if ((to_set & FUSE_SET_ATTR_UID) != 0) change.uid = wanted.st_uid;
  if ((to_set & FUSE_SET_ATTR_GID) != 0) change.gid = wanted.st_gid;
  if ((to_set & FUSE_SET_ATTR_SIZE) != 0) change.size = static_cast<std::uint64_t>(wanted.st_size);
  if ((to_set & FUSE_SET_ATTR_ATIME_NOW) != 0) {
    change.atime = now();
  } else if ((to_set & FUSE_SET_ATTR_ATIME) != 0) {
    change.atime = from_timespec(wanted.st_atim);
  }
  if ((to_set & FUSE_SET_ATTR_MTIME_NOW) != 0) {
    change.mtime = now();
  } else if ((to_set & FUSE_SET_ATTR_MTIME) != 0) {
    change.mtime = from_timespec(wanted.st_mtim);
  }
  return change;
}

Result<OpenFlags> to_open_flags(int flags) noexcept {
  OpenFlags result;
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      result = {.read = true, .write = false};
      break;
    case O_WRONLY:
      result = {.read = false, .write = true};
      break;
    case O_RDWR:
      result = {.read = true, .write = true};
      break;
    default:
      return fail(Errc::einval);
  }
  result.append = (flags & O_APPEND) != 0;
  result.truncate = (flags & O_TRUNC) != 0;
  return result;
}

Result<RenameMode> to_rename_mode(unsigned flags) noexcept {
  switch (flags) {
    case 0:
      return RenameMode::replace;
    case RENAME_NOREPLACE:
      return RenameMode::no_replace;
    case RENAME_EXCHANGE:
      return RenameMode::exchange;
    case RENAME_WHITEOUT:
      return RenameMode::whiteout;
    default:
      return fail(Errc::einval);
  }
}

Result<AllocateMode> to_allocate_mode(int mode) noexcept {
  switch (mode) {
    case 0:
      return AllocateMode::extend;
    case FALLOC_FL_KEEP_SIZE:
      return AllocateMode::keep_size;
    case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
      return AllocateMode::punch;
    case FALLOC_FL_ZERO_RANGE:
      return AllocateMode::zero;
    case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
      return AllocateMode::zero_keep_size;
    default:
      return fail(Errc::enotsup);
  }
}

Result<XattrMode> to_xattr_mode(int flags) noexcept {
  switch (flags) {
    case 0:
      return XattrMode::any;
    case XATTR_CREATE:
      return XattrMode::create;
    case XATTR_REPLACE:
      return XattrMode::replace;
    default:
      return fail(Errc::einval);
  }
}

}  // namespace wasifs::fuse
