// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/spool.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/mapping.h"
#include "base/path.h"

namespace wasifs::archive {

namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10U;
/// Zeros are left out of the file in pieces of this size, at multiples of it.
constexpr std::size_t kBlock = 4096;
static_assert(kBuffer % kBlock == 0);

/// Whether who maps a file with holes there may read them for ever. A tmpfs needs memory
/// for it, which may be gone by then: that is SIGBUS.
bool has_holes_to_map(const struct statfs& disk) {
  return disk.f_type == EXT4_SUPER_MAGIC || disk.f_type == XFS_SUPER_MAGIC ||
         disk.f_type == BTRFS_SUPER_MAGIC;
}

bool is_zeros(std::span<const std::byte> bytes) {
  static constexpr std::array<std::byte, kBlock> kZeros{};
  return std::memcmp(bytes.data(), kZeros.data(), bytes.size()) == 0;
}

/// A file in `folder` that has no name. Where the file system cannot do that, one that
/// loses its name at once.
int open_nameless(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  std::string path = folder + "/wasifs-spool-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

}  // namespace

Spool::Spool(std::string archive, std::string folder, std::uint64_t limit)
    : archive_(std::move(archive)), folder_(std::move(folder)), limit_(limit) {}

Spool::~Spool() {
  if (fd_ >= 0) ::close(fd_);
}

Diagnostic Spool::trouble(const std::string& what, int error) const {
  return {.trouble = Trouble::source,
          .message = "archive " + quoted(archive_) + ": " + what + " in " + quoted(folder_) + ": " +
                     message(static_cast<Errc>(error)),
          .hint = error == ENOSPC || error == EDQUOT
                      ? "make room there, or let TMPDIR name a directory on a larger file system"
                      : "let TMPDIR name a directory that can be written"};
}

Outcome<void> Spool::open() {
  fd_ = open_nameless(folder_);
  if (fd_ < 0) return fail(trouble("no file for what it holds can be made", errno));
  struct statfs disk{};
  // A tenth stays for others, so that what has no end does not fill the disk.
  if (::fstatfs(fd_, &disk) == 0) {
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * static_cast<std::uint64_t>(disk.f_frsize);
    limit_ = std::min(limit_, free - free / 10);
    leaves_holes_ = has_holes_to_map(disk);
  }
  buffer_ = std::make_unique<std::byte[]>(kBuffer);
  return {};
}

Outcome<std::uint64_t> Spool::add(std::span<const std::byte> bytes) {
  const std::uint64_t at = size_;
  if (fd_ < 0) {
    if (auto opened = open(); !opened) return fail(std::move(opened.error()));
  }
  if (bytes.size() > limit_ - size_) {
    return fail(Diagnostic{.trouble = Trouble::corrupt,
                           .message = "archive " + quoted(archive_) + ": it holds more than the " +
                                      std::to_string(limit_) + " bytes that may be decompressed",
                           .hint = "if you trust it, unpack it and name the directory"});
  }
  while (!bytes.empty()) {
    const std::size_t piece = std::min(bytes.size(), kBuffer - buffered_);
    std::memcpy(buffer_.get() + buffered_, bytes.data(), piece);
    buffered_ += piece;
    size_ += piece;
    bytes = bytes.subspan(piece);
    if (buffered_ < kBuffer) break;
    if (auto flushed = flush(); !flushed) return fail(std::move(flushed.error()));
  }
  return at;
}

Outcome<void> Spool::flush() {
  const std::uint64_t start = size_ - buffered_;
  std::span<const std::byte> rest(buffer_.get(), std::exchange(buffered_, 0));
  const auto is_hole = [&](std::size_t at) {
    return leaves_holes_ && is_zeros(rest.subspan(at, std::min(kBlock, rest.size() - at)));
  };
  for (std::size_t at = 0; at < rest.size();) {
    if (is_hole(at)) {
      at += kBlock;
      continue;
    }
    std::size_t end = at;
    while (end < rest.size() && !is_hole(end)) end = std::min(end + kBlock, rest.size());
    const ssize_t count = ::pwrite(fd_, rest.data() + at, end - at, static_cast<off_t>(start + at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(trouble("no room for what it holds", errno));
    at += static_cast<std::size_t>(count);
  }
  return {};
}

Outcome<View> Spool::finish() {
  if (size_ == 0) return View{};
  if (auto flushed = flush(); !flushed) return fail(std::move(flushed.error()));
  // The zeros at its end are not written either.
  if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0)
    return fail(trouble("no room for what it holds", errno));
  Result<View> mapped = map_open_file(fd_, static_cast<std::size_t>(size_));
  if (!mapped) return fail(trouble("what it holds cannot be mapped", static_cast<int>(mapped.error())));
  return *std::move(mapped);
}

}  // namespace wasifs::archive
