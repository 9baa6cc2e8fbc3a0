// SPDX-License-Identifier: Apache-2.0
#include "fs/host/host_dir.h"

#include <dirent.h>
#include <unistd.h>

#include <cstring>
#include <span>

#include "base/path.h"

namespace wasifs::host {

namespace {

constexpr std::size_t kBufferSize = std::size_t{64} * 1024;

FileType type_from(unsigned char d_type) {
  switch (d_type) {
    case DT_DIR:
      return FileType::directory;
    case DT_LNK:
      return FileType::symlink;
    case DT_CHR:
      return FileType::char_device;
    case DT_BLK:
      return FileType::block_device;
    case DT_FIFO:
      return FileType::fifo;
    case DT_SOCK:
      return FileType::socket;
    default:
      return FileType::regular;
  }
}

template <class Field>
Field load(const std::byte* at) {
  Field value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Adds the records that one getdents64(2) left in `records`.
void add(std::span<const std::byte> records, Names& names) {
  while (records.size() > offsetof(dirent64, d_name)) {
    const std::byte* const record = records.data();
    const auto length = load<std::uint16_t>(record + offsetof(dirent64, d_reclen));
    const std::string_view name(reinterpret_cast<const char*>(record + offsetof(dirent64, d_name)));
    // This leaves "." and ".." out, and names of more than 255 bytes, which some
    // foreign file systems have and no call could ever be given.
    if (check_name(name)) {
      names.entries.push_back({.at = names.text.size(),
                               .ino = load<std::uint64_t>(record + offsetof(dirent64, d_ino)),
                               .type = type_from(load<unsigned char>(record + offsetof(dirent64, d_type))),
                               .size = static_cast<std::uint8_t>(name.size())});
      names.text.append(name).push_back('\0');
    }
    records = records.subspan(length);
  }
}

}  // namespace

Result<std::shared_ptr<Names>> read_names(int fd) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kBufferSize);
  auto names = std::make_shared<Names>();
  for (;;) {
    const ssize_t count = retry([&] { return ::getdents64(fd, buffer.get(), kBufferSize); });
    // enoent: the directory itself has been removed; it is empty for ever.
    if (count == 0 || (count < 0 && errno == ENOENT)) return names;
    if (count < 0) return fail_errno();
    add({buffer.get(), static_cast<std::size_t>(count)}, *names);
  }
}

Status HostDir::read(std::uint64_t cookie, DirSink sink) {
  const auto taken = names(cookie == 0);
  if (!taken) return fail(taken.error());
  const Names& all = **taken;
  for (std::uint64_t index = cookie; index < all.entries.size(); ++index) {
    const Names::Entry& known = all.entries[index];
    const char* const name = all.text.c_str() + known.at;
    DirEntry entry{.name = name, .ino = known.ino, .type = known.type, .next = index + 1};
    if (describe(name, entry) && !sink(entry)) break;
  }
  return {};
}

Result<std::shared_ptr<const Names>> HostDir::names(bool fresh) {
  const std::lock_guard lock(mutex_);
  if (fresh || names_ == nullptr) {
    if (::lseek(fd_.get(), 0, SEEK_SET) < 0) return fail_errno();
    auto taken = read_names(fd_.get());
    if (!taken) return fail(taken.error());
    names_ = std::move(*taken);
  }
  return names_;
}

/// Fills in number and type. False if there is no such name any more.
bool HostDir::describe(const char* name, DirEntry& entry) const {
  const auto stat = stat_child(fd_.get(), name);
  if (stat) {
    entry.ino = layer_.inodes.number(id_of(*stat));
    entry.type = type_of(*stat);
    return true;
  }
  return stat.error() != Errc::enoent;
}

}  // namespace wasifs::host
