// SPDX-License-Identifier: Apache-2.0
#include "fuse/inode_table.h"

#include <algorithm>
#include <utility>

namespace wasifs::fuse {

bool Inode::unchanged_since_last_open(const Attr& attr) {
  const std::scoped_lock hold(seen_lock_);
  const bool same = seen_ && seen_mtime_ == attr.mtime && seen_size_ == attr.size;
  seen_ = true;
  seen_mtime_ = attr.mtime;
  seen_size_ = attr.size;
  return same;
}

InodeTable::InodeTable(const VNode& root, std::uint64_t root_ino) : root_(root, root_ino, 0, root_ino) {}

InodeTable::~InodeTable() = default;

std::size_t InodeTable::KeyHash::operator()(const Key& key) const noexcept {
  // Nodes of one layer often stand in one array, so the low bits of their
  // addresses say little; the multiplication spreads the rest over all bits.
  constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15U;
  const auto mix = [](const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) >> 4U; };
  std::uint64_t hash = (mix(key.node) + mix(key.mount) * 31) * kOdd;
  return hash ^ (hash >> 32U);
}

InodeTable::Shard& InodeTable::shard_of(const Key& key) noexcept {
  return shards_[(KeyHash{}(key) >> 8U) % kShards];
}

Inode& InodeTable::at(std::uint64_t id) noexcept {
  return id == kRootId ? root_ : *reinterpret_cast<Inode*>(id);
}

std::uint64_t InodeTable::id_of(const Inode& inode) const noexcept {
  return &inode == &root_ ? kRootId : reinterpret_cast<std::uintptr_t>(&inode);
}

Inode& InodeTable::acquire(const VNode& vnode, std::uint64_t ino, const Inode& parent) {
  const Key key = key_of(vnode);
  Shard& shard = shard_of(key);
  const std::scoped_lock hold(shard.lock);
  auto found = shard.inodes.find(key);
  if (found == shard.inodes.end()) {
    auto fresh = std::make_unique<Inode>(vnode, ino, next_generation_.fetch_add(1, std::memory_order_relaxed),
                                         parent.ino);
    found = shard.inodes.emplace(key, std::move(fresh)).first;
  } else {
    found->second->set_parent_ino(parent.ino);
  }
  ++found->second->lookups_;
  return *found->second;
}

std::uint64_t InodeTable::find(const VNode& vnode) noexcept {
  if (vnode == root_.vnode) return kRootId;
  const Key key = key_of(vnode);
  Shard& shard = shard_of(key);
  const std::scoped_lock hold(shard.lock);
  const auto found = shard.inodes.find(key);
  return found == shard.inodes.end() ? 0 : id_of(*found->second);
}

void InodeTable::forget(std::uint64_t id, std::uint64_t count) noexcept {
  if (id == kRootId) return;
  Inode& inode = at(id);
  const Key key = key_of(inode.vnode);
  Shard& shard = shard_of(key);
  // Released after the lock: the last reference to a node may free a file's
  // content, which takes time and locks of its layer.
  std::unique_ptr<Inode> dead;
  const std::scoped_lock hold(shard.lock);
  inode.lookups_ -= std::min(count, inode.lookups_);
  if (inode.lookups_ != 0) return;
  const auto found = shard.inodes.find(key);
  if (found == shard.inodes.end()) return;
  dead = std::move(found->second);
  shard.inodes.erase(found);
}

void InodeTable::note_parent(const VNode& vnode, const Inode& parent) noexcept {
  const Key key = key_of(vnode);
  Shard& shard = shard_of(key);
  const std::scoped_lock hold(shard.lock);
  const auto found = shard.inodes.find(key);
  if (found != shard.inodes.end()) found->second->set_parent_ino(parent.ino);
}

std::size_t InodeTable::size() const {
  std::size_t total = 1;
  for (const Shard& shard : shards_) {
    const std::scoped_lock hold(shard.lock);
    total += shard.inodes.size();
  }
  return total;
}

}  // namespace wasifs::fuse
