// SPDX-License-Identifier: Apache-2.0
#include "fuse/entry.h"

#include "fuse/cache_policy.h"
#include "fuse/libfuse.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

Result<Entry> Entry::make(Context& context, const Inode& parent, const VNode& child) {
  const Result<Attr> found = context.tree->attr(child);
  if (!found) return fail(found.error());
  Entry entry(context, context.inodes.acquire(child, found->ino, parent), *found);
  // Once more: what was changed before the invalidator could find it is seen now, and
  // what is changed from here on the kernel is told of.
  const Result<Attr> attr = context.tree->attr(child);
  if (!attr) return fail(attr.error());
  entry.attr_ = *attr;
  return entry;
}

Entry::~Entry() {
  if (inode_ != nullptr) context_->inodes.forget(context_->inodes.id_of(*inode_), 1);
}

fuse_entry_param Entry::param(const Inode& parent) const noexcept {
  fuse_entry_param result{};
  result.ino = context_->inodes.id_of(*inode_);
  result.generation = inode_->generation;
  result.attr = to_stat(attr_);
  result.attr_timeout = cache_policy(context_->tree->traits(inode_->vnode)).attributes;
  result.entry_timeout = cache_policy(context_->tree->traits(parent.vnode)).names;
  return result;
}

}  // namespace wasifs::fuse
