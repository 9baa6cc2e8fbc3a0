// SPDX-License-Identifier: Apache-2.0
// Requests on open directories.
//
// Positions of a listing: 0 is before ".", 1 before "..", 2 before the first
// name, and from there on the cookie of the Dir plus kCookieBase. The layers
// know nothing of "." and "..".
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuse/entry.h"
#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

namespace {

constexpr std::uint64_t kCookieBase = 2;

struct Item {
  std::string name;
  std::uint64_t ino = 0;
  FileType type = FileType::directory;
  off_t next = 0;
};

/// The items that fit into an answer. `status` is the error that ended them.
struct Batch {
  std::vector<Item> items;
  Status status;
};

/// The length of an item in the answer, which depends on the name only.
std::size_t item_size(const Request& request, const char* name, bool plus) {
  return plus ? fuse_add_direntry_plus(request.raw(), nullptr, 0, name, nullptr, 0)
              : fuse_add_direntry(request.raw(), nullptr, 0, name, nullptr, 0);
}

/// Names from `position` on, as many as fit into `size` bytes. They are copied
/// out before anything else is asked of the Tree: the Dir may hold its lock
/// while it delivers.
Batch collect(const Request& request, const Inode& inode, Dir& dir, std::uint64_t position, std::size_t size,
              bool plus) {
  Batch batch;
  std::size_t used = 0;
  const auto add = [&](Item item) {
    const std::size_t length = item_size(request, item.name.c_str(), plus);
    if (length > size - used) return false;
    used += length;
    batch.items.push_back(std::move(item));
    return true;
  };
  if (position < 1 && !add({.name = ".", .ino = inode.ino(), .next = 1})) return batch;
  if (position < 2 && !add({.name = "..", .ino = inode.parent_ino(), .next = 2})) return batch;

  const std::uint64_t cookie = position < kCookieBase ? 0 : position - kCookieBase;
  batch.status = dir.read(cookie, [&](const DirEntry& entry) {
    return add({.name = std::string(entry.name),
                .ino = entry.ino,
                .type = entry.type,
                .next = static_cast<off_t>(entry.next + kCookieBase)});
  });
  return batch;
}

/// A listing's line without a node behind it.
fuse_entry_param bare_param(const Item& item) {
  fuse_entry_param result{};
  result.attr.st_ino = item.ino;
  result.attr.st_mode = type_bits(item.type);
  return result;
}

bool is_dots(const Item& item) { return item.name == "." || item.name == ".."; }

/// Answers what was collected; an error only if that is nothing, since the
/// kernel comes back for the rest and meets it then.
bool answer_if_empty(Request& request, const Batch& batch) {
  if (!batch.items.empty()) return false;
  batch.status ? request.answer_bytes({}) : request.fail(batch.status.error());
  return true;
}

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

void readdir(Context& context, Request& request, fuse_ino_t id, std::size_t size, off_t position,
             fuse_file_info* info) {
  if (position < 0) return request.fail(Errc::einval);
  const Result<Listing> listing = Listing::of(context, id, *info);
  if (!listing) return request.fail(listing.error());
  const std::span<std::byte> buffer = scratch(size);
  const Batch batch = collect(request, context.inodes.at(id), listing->dir(),
                              static_cast<std::uint64_t>(position), buffer.size(), false);
  if (answer_if_empty(request, batch)) return;
  std::size_t used = 0;
  for (const Item& item : batch.items) {
    const fuse_entry_param param = bare_param(item);
    used += fuse_add_direntry(request.raw(), reinterpret_cast<char*>(buffer.data()) + used,
                              buffer.size() - used, item.name.c_str(), &param.attr, item.next);
  }
  request.answer_bytes(buffer.first(used));
}

void readdirplus(Context& context, Request& request, fuse_ino_t id, std::size_t size, off_t position,
                 fuse_file_info* info) {
  if (position < 0) return request.fail(Errc::einval);
  const Result<Listing> listing = Listing::of(context, id, *info);
  if (!listing) return request.fail(listing.error());
  const std::span<std::byte> buffer = scratch(size);
  const Inode& inode = context.inodes.at(id);
  const Batch batch =
      collect(request, inode, listing->dir(), static_cast<std::uint64_t>(position), buffer.size(), true);
  if (answer_if_empty(request, batch)) return;

  std::vector<Entry> entries;  // give their lookup counts back unless all are told
  entries.reserve(batch.items.size());
  std::size_t used = 0;
  for (const Item& item : batch.items) {
    fuse_entry_param param = bare_param(item);
    // A name that is gone by now, or cannot be looked at, still takes its line:
    // without a node the kernel asks for it by name when it is wanted.
    if (!is_dots(item)) {
      const Result<VNode> child = context.tree->lookup(inode.vnode, item.name);
      Result<Entry> entry = child ? Entry::make(context, inode, *child) : Result<Entry>(fail(child.error()));
      if (entry) param = entries.emplace_back(std::move(*entry)).param(inode);
    }
    used += fuse_add_direntry_plus(request.raw(), reinterpret_cast<char*>(buffer.data()) + used,
                                   buffer.size() - used, item.name.c_str(), &param, item.next);
  }
  if (fuse_reply_buf(request.take(), reinterpret_cast<const char*>(buffer.data()), used) != 0) return;
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
