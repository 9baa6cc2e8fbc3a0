// SPDX-License-Identifier: Apache-2.0
#include "fuse/invalidator.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>

#include "fuse/handler.h"
#include "fuse/libfuse.h"

namespace wasifs::fuse {

void Invalidator::attach(fuse_session& session, Context& context) {
  const std::scoped_lock hold(lock_);
  session_ = &session;
  context_ = &context;
}

void Invalidator::detach() {
  // Before the lock: writers that come one after the other could keep it for ever.
  closing_ = true;
  const std::scoped_lock hold(lock_);
  session_ = nullptr;
  context_ = nullptr;
}

namespace {

/// How long to wait before the kernel is told once more: doubled each time.
constexpr auto kFirstPause = std::chrono::microseconds(50);
constexpr auto kLongestPause = std::chrono::milliseconds(2);

}  // namespace

void Invalidator::forget_content(const VNode& node, off_t offset, off_t length) {
  // Where the kernel says that it does not know what the table says it knows, the
  // reply that makes them agree is under way, or the forgetting is. On a machine with
  // other work that takes as long as it takes: to give up would be to leave the
  // kernel with what the reply says, which may be older than the change.
  for (auto pause = kFirstPause;; pause = std::min<decltype(pause)>(pause * 2, kLongestPause)) {
    const std::uint64_t id = context_->inodes.find(node);
    if (id == 0) return;
    // Other failures say that the kernel is gone.
    if (fuse_lowlevel_notify_inval_inode(session_, id, offset, length) != -ENOENT) return;
    if (closing_) return;
    std::this_thread::sleep_for(pause);
  }
}

void Invalidator::moved(const VNode& directory) noexcept {
  const std::shared_lock hold(lock_);
  if (context_ == nullptr) return;
  const std::uint64_t id = context_->inodes.find(directory);
  // Of one that the kernel does not know there is nothing to forget.
  if (id != 0) static_cast<void>(fuse_lowlevel_notify_inval_inode(session_, id, 0, 0));
}

std::string Invalidator::status() const {
  const std::shared_lock hold(lock_);
  return context_ != nullptr ? context_->status() : std::string();
}

void Invalidator::changed(const Change& change) noexcept {
  if (closing_) return;
  const std::shared_lock hold(lock_);
  if (session_ == nullptr) return;
  switch (change.kind) {
    case Change::Kind::content:
      return forget_content(change.node, static_cast<off_t>(change.offset),
                            static_cast<off_t>(change.length));
    case Change::Kind::attributes:
      return forget_content(change.node, -1, 0);
    case Change::Kind::name:
      break;
  }
  // A look-up that is under way holds what the kernel needs to forget a name, so it
  // is over then.
  if (const std::uint64_t id = context_->inodes.find(change.node); id != 0) {
    static_cast<void>(fuse_lowlevel_notify_inval_entry(session_, id, change.name.data(), change.name.size()));
  }
}

}  // namespace wasifs::fuse
