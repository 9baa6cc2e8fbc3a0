// SPDX-License-Identifier: Apache-2.0
#include "fuse/entry.h"

#include "fuse/cache_policy.h"
#include "fuse/libfuse.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

Result<Entry> Entry::make(Context& context, const Inode& parent, const VNode& child) {
  const Result<Attr> attr = context.tree->attr(child);
  if (!attr) return fail(attr.error());
  return Entry(context, context.inodes.acquire(child, attr->ino, parent), *attr);
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
