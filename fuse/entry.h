// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuse/handler.h"

struct fuse_entry_param;

namespace wasifs::fuse {

/// A node about to be told to the kernel: holds the lookup count that the
/// answer hands over. Unless told() is called, the count goes back.
class Entry {
 public:
  /// Counts one lookup of `child`, found in `parent`. Errors are those of attr().
  [[nodiscard]] static Result<Entry> make(Context& context, const Inode& parent, const VNode& child);
  Entry(Entry&& other) noexcept
      : context_(other.context_), inode_(std::exchange(other.inode_, nullptr)), attr_(other.attr_) {}
  Entry& operator=(Entry&&) = delete;
  ~Entry();

  /// What libfuse wants to know. `parent` decides how long the name holds.
  [[nodiscard]] fuse_entry_param param(const Inode& parent) const noexcept;
  [[nodiscard]] Inode& inode() const noexcept { return *inode_; }
  /// The kernel has it now and will forget it.
  void told() noexcept { inode_ = nullptr; }

 private:
  Entry(Context& context, Inode& inode) : context_(&context), inode_(&inode) {}

  Context* context_;
  Inode* inode_;
  Attr attr_;
};

}  // namespace wasifs::fuse
