// SPDX-License-Identifier: Apache-2.0
#include "fuse/entry.h"

#include "fuse/libfuse.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

Result<Entry> Entry::make(Context& context, const Inode& parent, const VNode& child) {
  // In this order: what was changed before the invalidator could find the Inode is
  // seen by the look, and what is changed from here on the kernel is told of.
  Entry entry(context, context.inodes.acquire(child, parent));
  const Result<Attr> attr = context.tree->attr(child);
  if (!attr) return fail(attr.error());
  entry.inode_->set_ino(attr->ino);
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
  result.attr_timeout = attribute_timeout(context_->policy(inode_->vnode), attr_);
  result.entry_timeout = context_->policy(parent.vnode).names;
  return result;
}

}  // namespace wasifs::fuse
