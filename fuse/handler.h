// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "fuse/agreement.h"
#include "fuse/cache_policy.h"
#include "fuse/hand_over.h"
#include "fuse/handles.h"
#include "fuse/inode_table.h"
#include "fuse/invalidator.h"
#include "fuse/passthrough.h"
#include "fuse/request_counts.h"
#include "wasifs/error.h"
#include "wasifs/tree.h"

struct fuse_req;
struct fuse_entry_param;
struct fuse_lowlevel_ops;
struct stat;

namespace wasifs::fuse {

struct OpenAnswer;

/// What all requests of a session share.
struct Context {
  std::shared_ptr<Invalidator> invalidator;
  /// The handle through which the kernel changes the tree: it knows of that itself.
  std::shared_ptr<const Tree> tree;
  InodeTable inodes;
  HandleTable<FileHandle> files;
  HandleTable<DirHandle> dirs;
  const ViewOptions options;
  Agreement agreement;
  Passthrough passthrough;
  RequestCounts requests;
  HandOver hand_over;
  /// The kernel has said that nothing of ours is mounted any more.
  std::atomic<bool> unmounted{false};

  /// Looks at the root; its errors are those of Tree::attr.
  [[nodiscard]] static Result<std::unique_ptr<Context>> make(const Tree& tree, const ViewOptions& options);

  Context(const Tree& served, std::uint64_t root_ino, const ViewOptions& view);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  [[nodiscard]] CachePolicy policy(const VNode& vnode) const {
    return cache_policy(tree->traits(vnode), options);
  }
  /// How to open what the kernel opens with `asked`: where writes gather in its pages
  /// it reads what surrounds them, and knows itself where the end is.
  [[nodiscard]] OpenFlags as_opened(OpenFlags asked) const {
    if (agreement.writeback && asked.write) asked.read = true;
    if (agreement.writeback) asked.append = false;
    return asked;
  }
  /// How the view is doing, as TreeObserver::status has it.
  [[nodiscard]] std::string status() const;
};

/// A request of the kernel, which is to be answered exactly once: take() gives
/// the raw request for that and remembers. One that is not answered when its
/// handler is left answers EIO, so no caller ever hangs.
///
/// Never answer while holding a lock: the kernel may come back with a FORGET or
/// the next request before the call returns.
class Request {
 public:
  explicit Request(fuse_req* raw) noexcept : raw_(raw) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() {
    if (raw_ != nullptr) fail(Errc::eio);
  }

  [[nodiscard]] fuse_req* take() noexcept { return std::exchange(raw_, nullptr); }
  /// For what libfuse wants a request for without answering it.
  [[nodiscard]] fuse_req* raw() const noexcept { return raw_; }
  [[nodiscard]] bool answered() const noexcept { return raw_ == nullptr; }

  [[nodiscard]] Context& context() const noexcept;
  [[nodiscard]] std::uint32_t uid() const noexcept;
  [[nodiscard]] std::uint32_t gid() const noexcept;
  /// Of requests that make a node, what it takes from the mode.
  [[nodiscard]] std::uint16_t umask() const noexcept;
  /// Of one that writes or cuts a file: its set-id bits go with that.
  [[nodiscard]] bool kills_privileges() const noexcept;

  void done() noexcept;
  void fail(Errc error) noexcept;
  /// done() or fail().
  void answer(const Status& status) noexcept;
  void answer_bytes(std::span<const std::byte> bytes) noexcept;
  /// False: nobody waits for it any more, and what was opened is not.
  [[nodiscard]] bool answer_open(const OpenAnswer& answer) noexcept;
  [[nodiscard]] bool answer_create(const fuse_entry_param& entry, const OpenAnswer& answer) noexcept;
  /// The attributes of a node, with how long they hold.
  void answer_attr(const VNode& vnode, const Attr& attr) noexcept;

 private:
  fuse_req* raw_;
};

/// Logs the exception being handled and answers `request` with ENOMEM or EIO.
void answer_exception(Request& request) noexcept;

/// Makes a libfuse callback of `void handler(Context&, Request&, Args…)`:
/// nothing thrown passes it.
template <auto handler>
struct Callback;
template <class... Args, void (*handler)(Context&, Request&, Args...)>
struct Callback<handler> {
  static void call(fuse_req* raw, Args... args) noexcept {
    Request request(raw);
    try {
      handler(request.context(), request, args...);
    } catch (...) {
      answer_exception(request);
    }
  }
};

/// Takes the set-id bits of a file away, as a write by somebody without privilege does.
void drop_set_ids(Context& context, const VNode& vnode);

/// A buffer of this thread's, good until its next call. At most kMaxTransfer.
[[nodiscard]] std::span<std::byte> scratch(std::size_t size);

/// The longest read or write that is agreed with the kernel.
constexpr std::size_t kMaxTransfer = std::size_t{1} << 20;

/// Each group of operations fills in its callbacks.
void add_name_operations(fuse_lowlevel_ops& operations) noexcept;       // names.cpp
void add_attribute_operations(fuse_lowlevel_ops& operations) noexcept;  // attributes.cpp
void add_file_operations(fuse_lowlevel_ops& operations) noexcept;       // files.cpp
void add_dir_operations(fuse_lowlevel_ops& operations) noexcept;        // directories.cpp

}  // namespace wasifs::fuse
