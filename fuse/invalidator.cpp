// SPDX-License-Identifier: Apache-2.0
#include "fuse/invalidator.h"

#include <mutex>

#include "fuse/inode_table.h"
#include "fuse/libfuse.h"

namespace wasifs::fuse {

void Invalidator::attach(fuse_session& session, InodeTable& inodes) {
  const std::scoped_lock hold(lock_);
  session_ = &session;
  inodes_ = &inodes;
}

void Invalidator::detach() {
  const std::scoped_lock hold(lock_);
  session_ = nullptr;
  inodes_ = nullptr;
}

void Invalidator::changed(const Change& change) noexcept {
  const std::shared_lock hold(lock_);
  if (session_ == nullptr) return;
  const std::uint64_t id = inodes_->find(change.node);
  if (id == 0) return;
  // Failures say that the kernel has forgotten it already, or is gone.
  switch (change.kind) {
    case Change::Kind::content:
      static_cast<void>(fuse_lowlevel_notify_inval_inode(session_, id, static_cast<off_t>(change.offset),
                                                         static_cast<off_t>(change.length)));
      break;
    case Change::Kind::attributes:
      static_cast<void>(fuse_lowlevel_notify_inval_inode(session_, id, -1, 0));
      break;
    case Change::Kind::name:
      static_cast<void>(
          fuse_lowlevel_notify_inval_entry(session_, id, change.name.data(), change.name.size()));
      break;
  }
}

}  // namespace wasifs::fuse
