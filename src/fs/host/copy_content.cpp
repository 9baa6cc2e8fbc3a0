// SPDX-License-Identifier: Apache-2.0
#include "fs/host/copy_content.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "fs/host/syscalls.h"

namespace wasifs::host {

namespace {

/// One range of data of the source.
struct Extent {
  std::uint64_t begin;
  std::uint64_t end;
};

/// How the kernel says that it does not copy between two files.
bool is_refusal(int error) {
  return error == EXDEV || error == EOPNOTSUPP || error == EINVAL || error == ENOSYS || error == ETXTBSY;
}

/// The first data at or behind `at`, in bytes of the content; empty: only a hole is left.
/// A file system that knows no holes says that all is data.
Result<Extent> next_data(const NativeRange& from, std::uint64_t at, std::uint64_t size) {
  const auto seek = [&](std::uint64_t offset, int what) {
    return ::lseek(from.fd, static_cast<off_t>(from.offset + offset), what);
  };
  const off_t data = seek(at, SEEK_DATA);
  if (data < 0 && errno == ENXIO) return Extent{size, size};
  if (data < 0 && errno == EINVAL) return Extent{at, size};
  if (data < 0) return fail_errno();
  const std::uint64_t begin = static_cast<std::uint64_t>(data) - from.offset;
  if (begin >= size) return Extent{size, size};
  const off_t hole = seek(begin, SEEK_HOLE);
  if (hole < 0) return fail_errno();
  return Extent{begin, std::min(size, static_cast<std::uint64_t>(hole) - from.offset)};
}

Status copy_extent(const NativeRange& from, int to, const Extent& extent, const CopyCalls& calls) {
  for (std::uint64_t at = extent.begin; at < extent.end;) {
    auto from_at = static_cast<off_t>(from.offset + at);
    auto to_at = static_cast<off_t>(at);
    const std::size_t length = extent.end - at;
    const ssize_t count = retry([&] { return calls.copy_range(from.fd, &from_at, to, &to_at, length); });
    if (count < 0) return is_refusal(errno) ? fail(Errc::enotsup) : fail_errno();
    // It became shorter just now, or is a file that only read(2) gets anything from.
    if (count == 0) return fail(Errc::enotsup);
    at += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace

const CopyCalls kKernelCopies = {
    .clone = [](int to, int from) { return ::ioctl(to, FICLONE, from); },
    .copy_range = [](int from, off_t* from_at, int to, off_t* to_at,
                     std::size_t length) { return ::copy_file_range(from, from_at, to, to_at, length, 0); },
};

Status copy_content(const NativeRange& from, int to, std::uint64_t size, const CopyCalls& calls) {
  // Where sharing fails for want of room, so does copying, and says so.
  const bool shared = from.offset == 0 && retry([&] { return calls.clone(to, from.fd); }) == 0;
  for (std::uint64_t at = 0; !shared && at < size;) {
    const Result<Extent> extent = next_data(from, at, size);
    if (!extent) return fail(extent.error());
    if (const Status copied = copy_extent(from, to, *extent, calls); !copied) return copied;
    at = extent->end;
  }
  // The file may end with a hole, and a clone is of all of the source.
  return to_status(retry([&] { return ::ftruncate(to, static_cast<off_t>(size)); }));
}

}  // namespace wasifs::host
