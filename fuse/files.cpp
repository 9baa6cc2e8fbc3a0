// SPDX-License-Identifier: Apache-2.0
// Requests on open files.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/opened.h"
#include "fuse/protocol.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

namespace {

/// Reads at least this long from a host file are spliced: below, setting up the
/// pipe costs more than the copy.
constexpr std::size_t kSpliceFrom = std::size_t{64} << 10;

void open(Context& context, Request& request, fuse_ino_t id, fuse_file_info* info) {
  // Once is enough: the kernel asks no more.
  if (!context.agreement.asks_opens) return request.fail(Errc::enosys);
  Inode& inode = context.inodes.at(id);
  const Result<OpenFlags> asked = to_open_flags(info->flags);
  if (!asked) return request.fail(asked.error());
  const OpenFlags flags = context.as_opened(*asked);
  if (flags.truncate && request.kills_privileges()) drop_set_ids(context, inode.vnode);
  Result<FilePtr> file = context.tree->open(inode.vnode, flags);
  if (!file) return request.fail(file.error());
  const OpenAnswer answer = adopt_opened(context, inode, std::move(*file));
  if (!request.answer_open(answer)) close_handle(context, answer.handle);
}

void release(Context& context, Request& request, fuse_ino_t, fuse_file_info* info) {
  close_handle(context, info->fh);
  request.done();
}

/// Immutable content goes out from where it lies. False: there is none, and the
/// request is not answered. A mapping that cannot be read any more (somebody cut
/// the package short) makes the kernel's copy fail, and the reader gets EIO.
bool answer_view(Request& request, File& file, std::uint64_t offset, std::size_t size) {
  constexpr std::size_t kMaxPieces = 64;
  std::array<View, kMaxPieces> pieces;
  std::array<iovec, kMaxPieces> vectors{};
  std::size_t count = 0;
  std::size_t total = 0;
  while (total < size) {
    if (count == kMaxPieces) return false;
    std::optional<View> piece = file.view(offset + total, size - total);
    if (!piece) return false;
    if (piece->bytes.empty()) break;  // the end of the file
    vectors[count] = {.iov_base = const_cast<std::byte*>(piece->bytes.data()),
                      .iov_len = piece->bytes.size()};
    total += piece->bytes.size();
    pieces[count++] = std::move(*piece);
  }
  fuse_reply_iov(request.take(), vectors.data(), static_cast<int>(count));
  return true;
}

/// Content of a host file goes from the page cache into the kernel's pipe
/// without a copy. False: there is no such file or it is too short to pay.
bool answer_native(Context& context, Request& request, const VNode& vnode, File& file, std::uint64_t offset,
                   std::size_t size) {
  if (size < kSpliceFrom) return false;
  const std::optional<NativeRange> range = file.native_range();
  if (!range) return false;
  // The host file may go on where ours ends.
  const Result<Attr> attr = context.tree->attr(vnode);
  if (!attr || offset >= attr->size) return false;
  const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(size, attr->size - offset));
  fuse_bufvec buffer{};
  buffer.count = 1;
  buffer.buf[0].size = length;
  buffer.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  buffer.buf[0].fd = range->fd;
  buffer.buf[0].pos = static_cast<off_t>(range->offset + offset);
  fuse_reply_data(request.take(), &buffer, FUSE_BUF_SPLICE_MOVE);
  return true;
}

void answer_copy(Request& request, File& file, std::uint64_t offset, std::size_t size) {
  const std::span<std::byte> buffer = scratch(size);
  const Result<std::size_t> got = file.read_at(offset, buffer);
  if (!got) return request.fail(got.error());
  request.answer_bytes(buffer.first(*got));
}

void read(Context& context, Request& request, fuse_ino_t id, std::size_t size, off_t offset,
          fuse_file_info* info) {
  if (offset < 0) return request.fail(Errc::einval);
  const Result<Target> file = Target::to_read(context, id, *info);
  if (!file) return request.fail(file.error());
  const auto at = static_cast<std::uint64_t>(offset);
  if (answer_view(request, **file, at, size)) return;
  if (answer_native(context, request, context.inodes.at(id).vnode, **file, at, size)) return;
  answer_copy(request, **file, at, size);
}

void write(Context& context, Request& request, fuse_ino_t id, const char* data, std::size_t size,
           off_t offset, fuse_file_info* info) {
  if (offset < 0) return request.fail(Errc::einval);
  const bool append = (info->flags & O_APPEND) != 0 && info->writepage == 0;
  const Result<Target> file = Target::to_write(context, id, *info, append);
  if (!file) return request.fail(file.error());
  if (request.kills_privileges()) drop_set_ids(context, context.inodes.at(id).vnode);
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const Result<std::size_t> written = (**file).write_at(static_cast<std::uint64_t>(offset), bytes);
  if (!written) return request.fail(written.error());
  fuse_reply_write(request.take(), *written);
}

void fsync(Context& context, Request& request, fuse_ino_t id, int data_only, fuse_file_info* info) {
  // Of a handle whatever it is open for; without one, of the node.
  if (info->fh == 0) return request.answer(context.tree->sync(context.inodes.at(id).vnode));
  request.answer(HandleTable<FileHandle>::at(info->fh).file().sync(data_only != 0));
}

void fallocate(Context& context, Request& request, fuse_ino_t id, int mode, off_t offset, off_t length,
               fuse_file_info* info) {
  const Result<AllocateMode> what = to_allocate_mode(mode);
  if (!what) return request.fail(what.error());
  if (offset < 0 || length <= 0) return request.fail(Errc::einval);
  const Result<Target> file = Target::to_write(context, id, *info, false);
  if (!file) return request.fail(file.error());
  request.answer(
      (**file).allocate(*what, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length)));
}

void lseek(Context& context, Request& request, fuse_ino_t id, off_t offset, int whence,
           fuse_file_info* info) {
  if (offset < 0) return request.fail(Errc::enxio);
  if (whence != SEEK_DATA && whence != SEEK_HOLE) return request.fail(Errc::einval);
  const Result<Target> file = Target::to_seek(context, id, *info);
  if (!file) return request.fail(file.error());
  const auto from = static_cast<std::uint64_t>(offset);
  const Result<std::uint64_t> found =
      whence == SEEK_DATA ? (**file).seek_data(from) : (**file).seek_hole(from);
  if (!found) return request.fail(found.error());
  fuse_reply_lseek(request.take(), static_cast<off_t>(*found));
}

}  // namespace

// Left out on purpose. flush: there is nothing to do at close(2), and the
// kernel's own part (writing back mapped pages) happens without it. flock and
// setlk: the kernel keeps locks itself; in here waiters would hold up the
// workers. copy_file_range: the kernel's copy goes through its page cache, which
// a copy behind its back would have to flush and drop first.
void add_file_operations(fuse_lowlevel_ops& operations) noexcept {
  operations.open = Callback<open>::call;
  operations.release = Callback<release>::call;
  operations.read = Callback<read>::call;
  operations.write = Callback<write>::call;
  operations.fsync = Callback<fsync>::call;
  operations.fallocate = Callback<fallocate>::call;
  operations.lseek = Callback<lseek>::call;
}

}  // namespace wasifs::fuse
