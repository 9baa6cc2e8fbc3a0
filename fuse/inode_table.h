// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "wasifs/tree.h"

namespace wasifs::fuse {

/// A node that the kernel knows. Alive as long as the kernel may name it. A large tree
/// has a million of these, so it is kept small.
class Inode {
 public:
  Inode(VNode of, std::uint64_t age, std::uint64_t parent)
      : vnode(std::move(of)), generation(age), parent_ino_(parent) {}

  const VNode vnode;
  const std::uint64_t generation;  ///< tells two inodes apart that had one address

  /// As in Attr; 0 until somebody has looked.
  [[nodiscard]] std::uint64_t ino() const { return ino_.load(std::memory_order_relaxed); }
  void set_ino(std::uint64_t value) { ino_.store(value, std::memory_order_relaxed); }

  /// Inode number of the directory it was last found in: the ".." of a listing.
  [[nodiscard]] std::uint64_t parent_ino() const { return parent_ino_.load(std::memory_order_relaxed); }
  void set_parent_ino(std::uint64_t value) { parent_ino_.store(value, std::memory_order_relaxed); }

  /// True if the file has the size and modification time that it had at the last call;
  /// remembers those of this one, as a hash of 64 bits. False the first time.
  [[nodiscard]] bool unchanged_since_last_open(const Attr& attr);

 private:
  friend class InodeTable;

  std::atomic<std::uint64_t> ino_{0};
  std::atomic<std::uint64_t> parent_ino_;
  std::atomic<std::uint64_t> last_open_{0};
  std::uint64_t lookups_ = 0;  ///< guarded by the lock of the shard
  Inode* next_ = nullptr;      ///< in its bucket; guarded likewise
};

/// The nodes that the kernel holds references to, one Inode each, however many
/// names they have. A node id is the address of the Inode, or 1 for the root.
///
/// Thread-safe. Lookup counts change under the lock of the shard only, so an
/// Inode that acquire() has found cannot be forgotten under its caller: either
/// forget() sees the new count, or acquire() comes too late and makes a new one.
class InodeTable {
 public:
  static constexpr std::uint64_t kRootId = 1;

  InodeTable(const VNode& root, std::uint64_t root_ino);
  InodeTable(const InodeTable&) = delete;
  InodeTable& operator=(const InodeTable&) = delete;
  ~InodeTable();

  /// The Inode that the kernel names. It may name only what it holds.
  [[nodiscard]] Inode& at(std::uint64_t id) noexcept;
  [[nodiscard]] std::uint64_t id_of(const Inode& inode) const noexcept;

  /// The Inode of `vnode`, found in `parent`, with its lookup count raised by
  /// one: for a reply that tells the kernel of it.
  [[nodiscard]] Inode& acquire(const VNode& vnode, const Inode& parent);

  /// The id that the kernel has for `vnode`; 0: it knows it not. It may be forgotten,
  /// and even taken anew, as soon as this returns.
  [[nodiscard]] std::uint64_t find(const VNode& vnode) noexcept;

  /// Lowers the lookup count by `count`; at zero the Inode is gone. The root
  /// stays for ever.
  void forget(std::uint64_t id, std::uint64_t count) noexcept;

  /// Notes that a directory has a new parent, if the kernel knows it.
  void note_parent(const VNode& vnode, const Inode& parent) noexcept;

  /// Inodes that the kernel knows, with the root.
  [[nodiscard]] std::size_t size() const;

 private:
  /// A hash table whose chains run through the Inodes. `buckets` is a power of two
  /// long, and doubled when there are as many Inodes.
  struct Shard {
    mutable std::mutex lock;
    std::vector<Inode*> buckets = std::vector<Inode*>(8);
    std::size_t count = 0;

    /// The link that points to the Inode of `vnode`, or the null one where it belongs.
    [[nodiscard]] Inode** find(const VNode& vnode, std::uint64_t hash) noexcept;
    void grow();
  };
  static constexpr std::size_t kShards = 64;

  [[nodiscard]] static std::uint64_t hash_of(const VNode& vnode) noexcept;
  [[nodiscard]] Shard& shard_of(std::uint64_t hash) noexcept { return shards_[hash >> 58U]; }

  Inode root_;
  std::atomic<std::uint64_t> next_generation_{1};
  std::array<Shard, kShards> shards_;
};

}  // namespace wasifs::fuse
