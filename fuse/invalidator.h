// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <shared_mutex>
#include <string>

#include "wasifs/observer.h"

struct fuse_session;

namespace wasifs::fuse {

struct Context;

/// Makes the kernel forget what somebody else has changed in the tree: it keeps
/// names, attributes and pages for as long as it is not told.
///
/// The kernel may wait for requests that are under way before it forgets, so this
/// never runs on a thread that answers them: what those change, they change through
/// the handle of the tree that this observes for, and it is not told of that.
class Invalidator final : public TreeObserver {
 public:
  /// From now on changes are passed on. `context` is used until detach().
  void attach(fuse_session& session, Context& context);
  /// Waits until none is being passed on; later ones are ignored. To be called while
  /// requests are still answered, or when the kernel has ended the connection.
  void detach();

  /// The ".." of a listing that the kernel keeps is another one now. Unlike the rest this
  /// may be told while a request is answered: no page of a directory is ever locked
  /// until one is.
  void moved(const VNode& directory) noexcept;

  void changed(const Change& change) noexcept override;
  [[nodiscard]] std::string status() const override;

 private:
  /// Of a negative offset: the attributes alone.
  void forget_content(const VNode& node, off_t offset, off_t length);

  std::atomic<bool> closing_{false};
  mutable std::shared_mutex lock_;  ///< held shared while the kernel is told
  fuse_session* session_ = nullptr;
  Context* context_ = nullptr;
};

}  // namespace wasifs::fuse
