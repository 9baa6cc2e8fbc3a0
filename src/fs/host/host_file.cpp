// SPDX-License-Identifier: Apache-2.0
#include "fs/host/host_file.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "fs/host/copy_content.h"

namespace wasifs::host {

namespace {

int fallocate_flags(AllocateMode mode) {
  switch (mode) {
    case AllocateMode::extend:
      return 0;
    case AllocateMode::keep_size:
      return FALLOC_FL_KEEP_SIZE;
    case AllocateMode::punch:
      return FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    case AllocateMode::zero:
      return FALLOC_FL_ZERO_RANGE;
    case AllocateMode::zero_keep_size:
      return FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
  }
  std::unreachable();
}

/// Calls `step(done)` until `wanted` bytes are through, it answers 0, or it
/// fails; what was done before a failure counts.
template <class Step>
Result<std::size_t> write_all(std::size_t wanted, Step&& step) {
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t count = retry([&] { return step(done); });
    if (count < 0) {
      if (done != 0) break;
      return fail_errno();
    }
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

}  // namespace

std::optional<NativeRange> HostFile::native_range() { return NativeRange{.fd = fd_.get(), .offset = 0}; }

Result<std::size_t> HostFile::do_read(std::uint64_t offset, std::span<std::byte> out) {
  // The host refuses a range that passes the largest offset; no file reaches it.
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), kMaxSize - offset));
  std::size_t done = 0;
  while (done < wanted) {
    const auto rest = out.subspan(done, wanted - done);
    const auto at = static_cast<off_t>(offset + done);
    const ssize_t count = retry([&] { return ::pread(fd_.get(), rest.data(), rest.size(), at); });
    // A short count means the end of the file, so a failure must not look like one.
    if (count < 0) return fail_errno();
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<std::size_t> HostFile::do_write(std::uint64_t offset, std::span<const std::byte> in) {
  return write_all(in.size(), [&](std::size_t done) {
    const auto rest = in.subspan(done);
    return ::pwrite(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(offset + done));
  });
}

Result<std::size_t> HostFile::do_append(std::span<const std::byte> in) {
  // The flag says it for each write; a host file system that does not know the
  // flag sees O_APPEND, with which open() opened the descriptor. One call writes
  // all of `in` unless the space ends or `in` passes 2 GiB.
  return write_all(in.size(), [&](std::size_t done) {
    const auto rest = in.subspan(done);
    const iovec part = {.iov_base = const_cast<std::byte*>(rest.data()), .iov_len = rest.size()};
    return ::pwritev2(fd_.get(), &part, 1, 0, RWF_APPEND);
  });
}

Status HostFile::do_truncate(std::uint64_t size) {
  return to_status(retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }));
}

Status HostFile::do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) {
  return to_status(retry([&] {
    return ::fallocate(fd_.get(), fallocate_flags(mode), static_cast<off_t>(offset),
                       static_cast<off_t>(length));
  }));
}

Status HostFile::do_copy(File& source, std::uint64_t size) {
  const auto from = source.native_range();
  return from ? copy_content(*from, fd_.get(), size) : fail(Errc::enotsup);
}

Status HostFile::do_sync(bool data_only) {
  return to_status(retry([&] { return data_only ? ::fdatasync(fd_.get()) : ::fsync(fd_.get()); }));
}

Result<std::uint64_t> HostFile::do_seek(std::uint64_t offset, bool data) {
  if (offset > kMaxSize) return fail(Errc::enxio);
  // This moves the descriptor's position, which nothing here looks at.
  const off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset), data ? SEEK_DATA : SEEK_HOLE);
  if (found < 0) return fail_errno();
  return static_cast<std::uint64_t>(found);
}

}  // namespace wasifs::host
