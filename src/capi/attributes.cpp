// SPDX-License-Identifier: Apache-2.0
#include "capi/attributes.h"

#include "wasifs/node.h"

namespace wasifs::capi {

namespace {

constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint32_t kChanges =
    WASIFS_SET_MODE | WASIFS_SET_UID | WASIFS_SET_GID | WASIFS_SET_SIZE | WASIFS_SET_ATIME | WASIFS_SET_MTIME;

static_assert(static_cast<int>(FileType::regular) == WASIFS_TYPE_REGULAR);
static_assert(static_cast<int>(FileType::directory) == WASIFS_TYPE_DIRECTORY);
static_assert(static_cast<int>(FileType::symlink) == WASIFS_TYPE_SYMLINK);
static_assert(static_cast<int>(FileType::char_device) == WASIFS_TYPE_CHAR_DEVICE);
static_assert(static_cast<int>(FileType::block_device) == WASIFS_TYPE_BLOCK_DEVICE);
static_assert(static_cast<int>(FileType::fifo) == WASIFS_TYPE_FIFO);
static_assert(static_cast<int>(FileType::socket) == WASIFS_TYPE_SOCKET);

wasifs_time told(Time time) { return {.sec = time.sec, .nsec = time.nsec}; }
Time time_of(wasifs_time time) { return {.sec = time.sec, .nsec = time.nsec}; }
bool is_time(wasifs_time time) { return time.nsec >= 0 && time.nsec < 1'000'000'000; }

}  // namespace

wasifs_stat stat_of(const Attr& attr) {
  return {.struct_size = sizeof(wasifs_stat),
          .ino = attr.ino,
          .type = static_cast<std::uint32_t>(attr.type),
          .mode = attr.mode,
          .nlink = attr.nlink,
          .uid = attr.uid,
          .gid = attr.gid,
          .rdev = attr.rdev,
          .size = attr.size,
          .blocks = attr.blocks,
          .atime = told(attr.atime),
          .mtime = told(attr.mtime),
          .ctime = told(attr.ctime),
          .btime = told(attr.btime)};
}

Result<FileType> file_type_of(std::uint32_t type) {
  if (type > WASIFS_TYPE_SOCKET) return fail(Errc::eio);
  return static_cast<FileType>(type);
}

Result<Attr> attr_of(const wasifs_stat& told) {
  const Result<FileType> type = file_type_of(told.type);
  if (!type) return fail(type.error());
  for (const wasifs_time& time : {told.atime, told.mtime, told.ctime, told.btime}) {
    if (!is_time(time)) return fail(Errc::eio);
  }
  if (told.size > File::kMaxSize) return fail(Errc::eoverflow);
  return Attr{.ino = told.ino,
              .type = *type,
              .mode = static_cast<std::uint16_t>(told.mode & kModeBits),
              .nlink = told.nlink,
              .uid = told.uid,
              .gid = told.gid,
              .rdev = told.rdev,
              .size = told.size,
              .blocks = told.blocks,
              .atime = time_of(told.atime),
              .mtime = time_of(told.mtime),
              .ctime = time_of(told.ctime),
              .btime = time_of(told.btime)};
}

Result<std::uint16_t> mode_of(std::uint32_t mode) {
  if ((mode & ~kModeBits) != 0) return fail(Errc::einval);
  return static_cast<std::uint16_t>(mode);
}

Result<SetAttr> change_of(std::uint32_t changes, const wasifs_stat& attributes) {
  const auto has = [changes](std::uint32_t bit) { return (changes & bit) != 0; };
  if (has(~kChanges)) return fail(Errc::einval);
  if (has(WASIFS_SET_ATIME) && !is_time(attributes.atime)) return fail(Errc::einval);
  if (has(WASIFS_SET_MTIME) && !is_time(attributes.mtime)) return fail(Errc::einval);
  SetAttr change;
  if (has(WASIFS_SET_MODE)) {
    const Result<std::uint16_t> mode = mode_of(attributes.mode);
    if (!mode) return fail(mode.error());
    change.mode = *mode;
  }
  if (has(WASIFS_SET_UID)) change.uid = attributes.uid;
  if (has(WASIFS_SET_GID)) change.gid = attributes.gid;
  if (has(WASIFS_SET_SIZE)) change.size = attributes.size;
  if (has(WASIFS_SET_ATIME)) change.atime = time_of(attributes.atime);
  if (has(WASIFS_SET_MTIME)) change.mtime = time_of(attributes.mtime);
  return change;
}

std::uint32_t changes_of(const SetAttr& change, wasifs_stat& attributes) {
  std::uint32_t changes = 0;
  const auto pick = [&changes](const auto& from, auto& to, std::uint32_t bit) {
    if (!from) return;
    to = *from;
    changes |= bit;
  };
  pick(change.mode, attributes.mode, WASIFS_SET_MODE);
  pick(change.uid, attributes.uid, WASIFS_SET_UID);
  pick(change.gid, attributes.gid, WASIFS_SET_GID);
  pick(change.size, attributes.size, WASIFS_SET_SIZE);
  if (change.atime) attributes.atime = told(*change.atime);
  if (change.mtime) attributes.mtime = told(*change.mtime);
  if (change.atime) changes |= WASIFS_SET_ATIME;
  if (change.mtime) changes |= WASIFS_SET_MTIME;
  return changes;
}

}  // namespace wasifs::capi
