// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <shared_mutex>

#include "wasifs/observer.h"

struct fuse_session;

namespace wasifs::fuse {

class InodeTable;

/// Makes the kernel forget what somebody else has changed in the tree: it keeps
/// names, attributes and pages for as long as it is not told.
///
/// The kernel may wait for requests that are under way before it forgets, so this
/// never runs on a thread that answers them: what those change, they change through
/// the handle of the tree that this observes for, and it is not told of that.
class Invalidator final : public TreeObserver {
 public:
  /// From now on changes are passed on. `inodes` is used until detach().
  void attach(fuse_session& session, InodeTable& inodes);
  /// Waits until none is being passed on; later ones are ignored. To be called while
  /// requests are still answered, or when the kernel has ended the connection.
  void detach();

  void changed(const Change& change) noexcept override;

 private:
  /// Of a negative offset: the attributes alone.
  void forget_content(const VNode& node, off_t offset, off_t length);

  std::atomic<bool> closing_{false};
  std::shared_mutex lock_;  ///< held shared while the kernel is told
  fuse_session* session_ = nullptr;
  InodeTable* inodes_ = nullptr;
};

}  // namespace wasifs::fuse
