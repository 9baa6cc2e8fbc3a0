// SPDX-License-Identifier: Apache-2.0
// Reading, writing and moving the cursor; listing directories.
#include <algorithm>
#include <limits>

#include "wasi/call.h"

namespace wasifs::wasi {

namespace {

/// Small pieces are put together, so that they are one write to the file.
constexpr std::size_t kGatherLimit = 64 * 1024;

/// The flags that make a write wait until it is durable, with its attributes or not.
Status sync_as_asked(File& file, u32 flags) {
  if ((flags & fdflag::sync) != 0) return file.sync(false);
  if ((flags & fdflag::dsync) != 0) return file.sync(true);
  return {};
}

Result<std::size_t> write_all(File& file, u64 offset, std::span<const std::span<std::byte>> buffers) {
  std::size_t done = 0;
  for (const std::span<std::byte> buffer : buffers) {
    const Result<std::size_t> wrote = file.write_at(offset + done, buffer);
    if (!wrote && done == 0) return wrote;
    if (!wrote) break;
    done += *wrote;
    if (*wrote < buffer.size()) break;
  }
  return done;
}

}  // namespace

Answer<FdTable::Use> Call::file(u32 fd, RightSet needed, Errno otherwise) {
  auto found = state_.fds.use(fd, 0);
  if (!found) return found;
  // Before its rights: that a stream cannot be seeked is what programs ask for.
  if (found->open->kind == OpenFile::Kind::stream) return refuse(otherwise);
  if ((found->base & needed) != needed) return refuse(Errno::notcapable);
  if (found->open->kind != OpenFile::Kind::file) return refuse(otherwise);
  return found;
}

Errno Call::store_size(u32 out, const Answer<std::size_t>& size) {
  return size ? memory_.store(out, static_cast<u32>(*size)) : size.error();
}

Result<bool> Call::ready(OpenFile& open, bool write, bool may_wait) {
  Host::Waited waited{.fd = open.stream->poll_fd(), .write = write};
  if (waited.fd < 0) return true;
  const Status asked =
      state_.options.host->wait(std::span(&waited, 1), may_wait ? std::nullopt : std::optional<u64>(0));
  if (!asked) return fail(asked.error());
  return waited.ready;
}

template <class Transfer>
Result<std::size_t> Call::stream_transfer(OpenFile& open, bool write, Transfer transfer) {
  const bool may_wait = [&] {
    const std::lock_guard lock(open.mutex);
    return (open.flags & fdflag::nonblock) == 0;
  }();
  if (!may_wait) {
    const Result<bool> at_once = ready(open, write, false);
    if (!at_once || !*at_once) return fail(at_once ? Errc::eagain : at_once.error());
  }
  for (;;) {
    Result<std::size_t> done = transfer();
    // Somebody else has made the host's descriptor non-blocking; the guest has not.
    const bool again = !done && done.error() == Errc::eagain && may_wait && open.stream->poll_fd() >= 0;
    if (!again) return done;
    const Result<bool> waited = ready(open, write, true);
    if (!waited) return fail(waited.error());
  }
}

Answer<std::size_t> Call::read_stream(OpenFile& open, const IoVectors& to) {
  if (to.buffers().empty()) return std::size_t{0};
  // What is there goes into the first buffer; to wait for more would be wrong.
  const Result<std::size_t> got =
      stream_transfer(open, false, [&] { return open.stream->read(to.buffers().front()); });
  if (!got) return refuse_as(got);
  return *got;
}

Answer<std::size_t> Call::write_stream(OpenFile& open, const IoVectors& from) {
  std::size_t done = 0;
  for (const std::span<std::byte> buffer : from.buffers()) {
    const Result<std::size_t> wrote = stream_transfer(open, true, [&] { return open.stream->write(buffer); });
    if (!wrote && done == 0) return refuse_as(wrote);
    if (!wrote) break;
    done += *wrote;
    if (*wrote < buffer.size()) break;
  }
  return done;
}

Answer<std::size_t> Call::read_file(OpenFile& open, u64 offset, const IoVectors& to) {
  if (open.file == nullptr) return refuse(Errno::badf);
  std::size_t done = 0;
  for (const std::span<std::byte> buffer : to.buffers()) {
    const Result<std::size_t> got = open.file->read_at(offset + done, buffer);
    if (!got && done == 0) return refuse_as(got);
    if (!got) break;
    done += *got;
    if (*got < buffer.size()) break;
  }
  return done;
}

Answer<std::size_t> Call::write_file(OpenFile& open, u64 offset, const IoVectors& from) {
  if (open.file == nullptr) return refuse(Errno::badf);
  Result<std::size_t> wrote = 0;
  if (from.buffers().size() > 1 && from.bytes() <= kGatherLimit) {
    std::vector<std::byte> whole;
    whole.reserve(from.bytes());
    for (const std::span<std::byte> buffer : from.buffers()) {
      whole.insert(whole.end(), buffer.begin(), buffer.end());
    }
    wrote = open.file->write_at(offset, whole);
  } else {
    wrote = write_all(*open.file, offset, from.buffers());
  }
  if (!wrote) return refuse_as(wrote);
  if (const Status synced = sync_as_asked(*open.file, open.flags); !synced) return refuse_as(synced);
  return *wrote;
}

Errno Call::fd_read(u32 fd, u32 iovs, u32 count, u32 size_out) {
  const auto found = state_.fds.use(fd, right::fd_read);
  if (!found) return found.error();
  OpenFile& open = *found->open;
  IoVectors buffers;
  if (const Errno read = buffers.read(memory_, iovs, count); read != Errno::success) return read;
  if (open.kind == OpenFile::Kind::stream) return store_size(size_out, read_stream(open, buffers));
  const std::lock_guard lock(open.mutex);
  const Answer<std::size_t> got = read_file(open, open.offset, buffers);
  if (got) open.offset += *got;
  return store_size(size_out, got);
}

Errno Call::fd_write(u32 fd, u32 iovs, u32 count, u32 size_out) {
  const auto found = state_.fds.use(fd, right::fd_write);
  if (!found) return found.error();
  OpenFile& open = *found->open;
  IoVectors buffers;
  if (const Errno read = buffers.read(memory_, iovs, count); read != Errno::success) return read;
  if (open.kind == OpenFile::Kind::stream) return store_size(size_out, write_stream(open, buffers));
  const std::lock_guard lock(open.mutex);
  const Answer<std::size_t> wrote = write_file(open, open.offset, buffers);
  if (!wrote) return wrote.error();
  open.offset += *wrote;
  if ((open.flags & fdflag::append) != 0) {
    // The cursor follows the data, which went to the end.
    if (const Result<Attr> attr = tree_.attr(open.node)) open.offset = attr->size;
  }
  return store_size(size_out, wrote);
}

Errno Call::fd_pread(u32 fd, u32 iovs, u32 count, u64 offset, u32 size_out) {
  const auto found = file(fd, right::fd_read | right::fd_seek, Errno::spipe);
  if (!found) return found.error();
  IoVectors buffers;
  if (const Errno read = buffers.read(memory_, iovs, count); read != Errno::success) return read;
  if (offset > File::kMaxSize) return Errno::inval;
  const std::lock_guard lock(found->open->mutex);
  return store_size(size_out, read_file(*found->open, offset, buffers));
}

Errno Call::fd_pwrite(u32 fd, u32 iovs, u32 count, u64 offset, u32 size_out) {
  const auto found = file(fd, right::fd_write | right::fd_seek, Errno::spipe);
  if (!found) return found.error();
  IoVectors buffers;
  if (const Errno read = buffers.read(memory_, iovs, count); read != Errno::success) return read;
  if (offset > File::kMaxSize) return Errno::inval;
  const std::lock_guard lock(found->open->mutex);
  return store_size(size_out, write_file(*found->open, offset, buffers));
}

Errno Call::fd_seek(u32 fd, u64 offset, u32 whence, u32 out) {
  // Not to move at all is to tell, and asks for no more than that.
  const bool tells = offset == 0 && whence < std::size(shape_.whence) && shape_.whence[whence] == Whence::cur;
  const auto found = file(fd, tells ? right::fd_tell : right::fd_seek, Errno::spipe);
  if (!found) return found.error();
  if (whence >= std::size(shape_.whence)) return Errno::inval;
  OpenFile& open = *found->open;
  const std::lock_guard lock(open.mutex);
  u64 base = 0;
  if (shape_.whence[whence] == Whence::cur) base = open.offset;
  if (shape_.whence[whence] == Whence::end) {
    const Result<Attr> attr = tree_.attr(open.node);
    if (!attr) return refuse_as(attr).error();
    base = attr->size;
  }
  // base is at most kMaxSize, so a sum of two's complement that is wrong shows as
  // more than that, whichever sign the offset has.
  const u64 moved = base + offset;
  if (moved > File::kMaxSize) return Errno::inval;
  const Errno stored = memory_.store(out, moved);
  if (stored == Errno::success) open.offset = moved;
  return stored;
}

Errno Call::fd_tell(u32 fd, u32 out) {
  const auto found = file(fd, right::fd_tell, Errno::spipe);
  if (!found) return found.error();
  const std::lock_guard lock(found->open->mutex);
  return memory_.store(out, found->open->offset);
}

namespace {

/// Puts dirents into the guest's buffer, the last one cut off where it ends there:
/// that it is full is how a guest knows that there is more.
class DirentBuffer {
 public:
  explicit DirentBuffer(std::span<std::byte> to) : to_(to) {}

  [[nodiscard]] bool full() const { return used_ == to_.size(); }
  [[nodiscard]] std::size_t used() const { return used_; }

  /// False: the buffer is full.
  bool add(std::string_view name, u64 ino, Filetype type, u64 next) {
    std::array<std::byte, 24> head{};
    GuestMemory::put(head, 0, next);
    GuestMemory::put(head, 8, ino);
    GuestMemory::put(head, 16, static_cast<u32>(name.size()));
    GuestMemory::put(head, 20, static_cast<std::uint8_t>(type));
    append(head);
    append(std::as_bytes(std::span(name)));
    return !full();
  }

 private:
  void append(std::span<const std::byte> bytes) {
    const std::size_t count = std::min(bytes.size(), to_.size() - used_);
    if (count != 0) std::memcpy(to_.data() + used_, bytes.data(), count);
    used_ += count;
  }

  std::span<std::byte> to_;
  std::size_t used_ = 0;
};

/// What comes before the names: "." has cookie 0 and ".." has 1, so the cookies of
/// the tree follow from kDots on.
constexpr u64 kDots = 2;

}  // namespace

Errno Call::fd_readdir(u32 fd, u32 buffer, u32 length, u64 cookie, u32 size_out) {
  const auto found = directory(fd, right::fd_readdir);
  if (!found) return found.error();
  const auto to = memory_.range(buffer, length);
  if (!to) return to.error();
  OpenFile& open = *found->open;
  const std::lock_guard lock(open.mutex);
  if (open.dir == nullptr) {
    Result<DirPtr> dir = tree_.open_dir(open.node);
    if (!dir) return refuse_as(dir).error();
    open.dir = std::move(*dir);
  }
  DirentBuffer dirents(*to);
  for (; cookie < kDots && !dirents.full(); ++cookie) {
    const Result<Attr> attr = tree_.attr(cookie == 0 ? open.node : open.parent);
    if (!attr) return refuse_as(attr).error();
    dirents.add(cookie == 0 ? "." : "..", attr->ino, Filetype::directory, cookie + 1);
  }
  if (!dirents.full()) {
    const Status read = open.dir->read(cookie - kDots, [&](const DirEntry& entry) {
      return dirents.add(entry.name, entry.ino, filetype_of(entry.type), entry.next + kDots);
    });
    if (!read) return told(read);
  }
  return memory_.store(size_out, static_cast<u32>(dirents.used()));
}

}  // namespace wasifs::wasi
