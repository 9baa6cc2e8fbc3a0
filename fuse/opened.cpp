// SPDX-License-Identifier: Apache-2.0
#include "fuse/opened.h"

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "fuse/libfuse.h"
#include "fuse/protocol.h"

namespace wasifs::fuse {

namespace {

/// Whether the kernel's cached pages are still good for this open.
bool may_keep_pages(Context& context, Inode& inode) {
  const CachePolicy policy = context.policy(inode.vnode);
  if (policy.keep_pages || !policy.keep_unchanged_pages) return policy.keep_pages;
  const Result<Attr> attr = context.tree->attr(inode.vnode);
  return attr && inode.unchanged_since_last_open(*attr);
}

bool has_set_ids(Context& context, const VNode& vnode) {
  const Result<Attr> attr = context.tree->attr(vnode);
  // Of what cannot be looked at nothing is taken for granted.
  return !attr || (attr->mode & (S_ISUID | S_ISGID)) != 0;
}

/// A file that is open for this request only.
Result<FilePtr> open_briefly(Context& context, std::uint64_t id, OpenFlags flags) {
  return context.tree->open_again(context.inodes.at(id).vnode, flags);
}

}  // namespace

OpenAnswer adopt_opened(Context& context, Inode& inode, FilePtr file) {
  OpenAnswer answer;
  if (!context.agreement.asks_opens) {
    // The kernel tells of no release either: whatever it needs the file for, it is
    // opened then.
    answer.flags |= FOPEN_KEEP_CACHE;
    return answer;
  }
  auto handle = std::make_unique<FileHandle>(*context.tree, inode, std::move(file));
  if (context.agreement.passthrough) {
    const bool set_ids = handle->file().flags().write && has_set_ids(context, inode.vnode);
    handle->way = context.passthrough.enter(inode, handle->file(), set_ids, answer.backing);
  }
  switch (handle->way) {
    case DataWay::cached:
      if (may_keep_pages(context, inode)) answer.flags |= FOPEN_KEEP_CACHE;
      break;
    case DataWay::passthrough:
      // Without FOPEN_KEEP_CACHE, so that no page of before outlives what is written.
      answer.flags |= kOpenPassthrough;
      break;
  }
  answer.handle = context.files.adopt(std::move(handle));
  return answer;
}

void close_handle(Context& context, std::uint64_t handle) noexcept {
  if (handle == 0) return;
  const FileHandle& closing = HandleTable<FileHandle>::at(handle);
  if (context.agreement.passthrough) context.passthrough.leave(closing.inode(), closing.way);
  context.files.release(handle);
}

Result<Target> Target::to_read(Context& context, std::uint64_t id, const fuse_file_info& info) {
  Result<Target> file = to_seek(context, id, info);
  // Asked here because views and native ranges do not ask.
  return file && !(**file).flags().read ? fail(Errc::ebadf) : std::move(file);
}

Result<Target> Target::to_seek(Context& context, std::uint64_t id, const fuse_file_info& info) {
  if (info.fh != 0) return Target(HandleTable<FileHandle>::at(info.fh).file());
  Result<FilePtr> file = open_briefly(context, id, {.read = true});
  return file ? Result<Target>(Target(std::move(*file))) : fail(file.error());
}

Result<Target> Target::to_write(Context& context, std::uint64_t id, const fuse_file_info& info, bool append) {
  if (info.fh != 0) {
    const Result<File*> file = HandleTable<FileHandle>::at(info.fh).writer(append);
    return file ? Result<Target>(Target(**file)) : fail(file.error());
  }
  Result<FilePtr> file = open_briefly(context, id, {.read = true, .write = true, .append = append});
  return file ? Result<Target>(Target(std::move(*file))) : fail(file.error());
}

}  // namespace wasifs::fuse
