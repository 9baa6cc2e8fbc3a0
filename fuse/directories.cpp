// SPDX-License-Identifier: Apache-2.0
// Requests on open directories.
//
// Positions of a listing: 0 is before ".", 1 before "..", 2 before the first
// name, and from there on the cookie of the Dir plus kCookieBase. The layers
// know nothing of "." and "..".
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "fuse/entry.h"
#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/protocol.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

namespace {

constexpr std::uint64_t kCookieBase = 2;

/// An answer in the making, as the protocol has it: lines of a fuse_dirent, in a
/// listing with attributes each behind a fuse_entry_out. One of a name without a node
/// says nothing of it but number and type: the kernel asks for it when it is wanted.
class Lines {
 public:
  Lines(std::span<std::byte> buffer, bool plus)
      : buffer_(buffer), head_(plus ? sizeof(fuse_entry_out) : std::size_t{0}) {}

  /// False: it does not fit any more.
  bool add(const DirEntry& entry) {
    const std::size_t length = head_ + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + entry.name.size());
    if (length > buffer_.size() - used_) return false;
    std::byte* const at = buffer_.data() + used_;
    std::memset(at, 0, length);
    const fuse_dirent line{.ino = entry.ino,
                           .off = entry.next,
                           .namelen = static_cast<std::uint32_t>(entry.name.size()),
                           .type = type_bits(entry.type) >> 12U};
    std::memcpy(at + head_, &line, FUSE_NAME_OFFSET);
    std::memcpy(at + head_ + FUSE_NAME_OFFSET, entry.name.data(), entry.name.size());
    used_ += length;
    ++count_;
    return true;
  }

  /// Calls `fill` with each name and, to be filled in, the node behind it.
  template <class Fill>
  void each(const Fill& fill) {
    for (std::size_t at = 0; at < used_;) {
      fuse_dirent line{};
      std::memcpy(&line, buffer_.data() + at + head_, FUSE_NAME_OFFSET);
      const auto* const name = reinterpret_cast<const char*>(buffer_.data() + at + head_ + FUSE_NAME_OFFSET);
      if (const std::optional<fuse_entry_out> node = fill(std::string_view(name, line.namelen))) {
        std::memcpy(buffer_.data() + at, &*node, sizeof *node);
      }
      at += head_ + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + line.namelen);
    }
  }

  [[nodiscard]] std::span<const std::byte> bytes() const { return buffer_.first(used_); }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::span<std::byte> buffer_;
  std::size_t head_;
  std::size_t used_ = 0;
  std::size_t count_ = 0;
};

/// Names from `position` on, as many as fit. They are all written down before anything
/// else is asked of the Tree: the Dir may hold its lock while it delivers.
Status collect(const Inode& inode, Dir& dir, std::uint64_t position, Lines& lines) {
  const auto dots = [&](std::string_view name, std::uint64_t ino, std::uint64_t next) {
    return lines.add({.name = name, .ino = ino, .type = FileType::directory, .next = next});
  };
  if (position < 1 && !dots(".", inode.ino(), 1)) return {};
  if (position < 2 && !dots("..", inode.parent_ino(), 2)) return {};
  const std::uint64_t cookie = position < kCookieBase ? 0 : position - kCookieBase;
  return dir.read(cookie, [&](const DirEntry& entry) {
    DirEntry shown = entry;
    shown.next += kCookieBase;
    return lines.add(shown);
  });
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

/// The listing that a request goes on with: that of its handle or, where opens are not
/// asked for, one that is open for this request.
class Listing {
 public:
  static Result<Listing> of(Context& context, fuse_ino_t id, const fuse_file_info& info) {
    if (info.fh != 0) return Listing(nullptr, *HandleTable<DirHandle>::at(info.fh).dir);
    Result<DirPtr> dir = context.tree->open_dir(context.inodes.at(id).vnode);
    if (!dir) return fail(dir.error());
    Dir& opened = **dir;
    return Listing(std::move(*dir), opened);
  }
  [[nodiscard]] Dir& dir() const { return dir_; }

 private:
  Listing(DirPtr own, Dir& dir) : own_(std::move(own)), dir_(dir) {}

  DirPtr own_;
  Dir& dir_;
};

void opendir(Context& context, Request& request, fuse_ino_t id, fuse_file_info* info) {
  // Once is enough: the kernel asks no more.
  if (!context.agreement.asks_opendirs) return request.fail(Errc::enosys);
  const VNode& vnode = context.inodes.at(id).vnode;
  Result<DirPtr> dir = context.tree->open_dir(vnode);
  if (!dir) return request.fail(dir.error());
  info->fh = context.dirs.adopt(std::make_unique<DirHandle>(std::move(*dir)));
  if (context.policy(vnode).keep_listing) {
    info->cache_readdir = 1;
    info->keep_cache = 1;
  }
  if (fuse_reply_open(request.take(), info) != 0) context.dirs.release(info->fh);
}

/// Collects what goes into `lines`. False: it is answered already, with an error or
/// with nothing. An error that ends a listing which has begun comes again with the
/// rest, and is told then.
bool begin(Context& context, Request& request, fuse_ino_t id, off_t position, const fuse_file_info& info,
           Lines& lines) {
  if (position < 0) {
    request.fail(Errc::einval);
    return false;
  }
  const Result<Listing> listing = Listing::of(context, id, info);
  const Status read =
      listing ? collect(context.inodes.at(id), listing->dir(), static_cast<std::uint64_t>(position), lines)
              : Status(fail(listing.error()));
  if (lines.count() != 0) return true;
  read ? request.answer_bytes({}) : request.fail(read.error());
  return false;
}

void readdir(Context& context, Request& request, fuse_ino_t id, std::size_t size, off_t position,
             fuse_file_info* info) {
  Lines lines(scratch(size), false);
  if (begin(context, request, id, position, *info, lines)) request.answer_bytes(lines.bytes());
}

void readdirplus(Context& context, Request& request, fuse_ino_t id, std::size_t size, off_t position,
                 fuse_file_info* info) {
  Lines lines(scratch(size), true);
  if (!begin(context, request, id, position, *info, lines)) return;
  const Inode& inode = context.inodes.at(id);
  std::vector<Entry> entries;  // give their lookup counts back unless all are told
  entries.reserve(lines.count());
  lines.each([&](std::string_view name) -> std::optional<fuse_entry_out> {
    if (is_dots(name)) return std::nullopt;
    // One that is gone by now, or cannot be looked at, still takes its line.
    const Result<VNode> child = context.tree->lookup(inode.vnode, name);
    Result<Entry> entry = child ? Entry::make(context, inode, *child) : Result<Entry>(fail(child.error()));
    if (!entry) return std::nullopt;
    return to_entry_out(entries.emplace_back(std::move(*entry)).param(inode));
  });
  const auto bytes = lines.bytes();
  if (fuse_reply_buf(request.take(), reinterpret_cast<const char*>(bytes.data()), bytes.size()) != 0) return;
  for (Entry& entry : entries) entry.told();
}

void releasedir(Context& context, Request& request, fuse_ino_t, fuse_file_info* info) {
  if (info->fh != 0) context.dirs.release(info->fh);
  request.done();
}

void fsyncdir(Context& context, Request& request, fuse_ino_t id, int, fuse_file_info*) {
  request.answer(context.tree->sync(context.inodes.at(id).vnode));
}

}  // namespace

void add_dir_operations(fuse_lowlevel_ops& operations) noexcept {
  operations.opendir = Callback<opendir>::call;
  operations.readdir = Callback<readdir>::call;
  operations.readdirplus = Callback<readdirplus>::call;
  operations.releasedir = Callback<releasedir>::call;
  operations.fsyncdir = Callback<fsyncdir>::call;
}

}  // namespace wasifs::fuse
