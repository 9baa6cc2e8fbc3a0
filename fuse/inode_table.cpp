// SPDX-License-Identifier: Apache-2.0
#include "fuse/inode_table.h"

#include <algorithm>
#include <utility>

namespace wasifs::fuse {

namespace {

// Multiplying by an odd number with no pattern spreads what there is over the upper
// bits.
constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15U;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * kOdd;
  return hash ^ (hash >> 29U);
}

}  // namespace

bool Inode::unchanged_since_last_open(const Attr& attr) {
  std::uint64_t seen = mix(mix(kOdd, attr.size), static_cast<std::uint64_t>(attr.mtime.sec));
  seen = mix(seen, static_cast<std::uint64_t>(attr.mtime.nsec)) | 1U;  // never that of "not yet"
  return last_open_.exchange(seen, std::memory_order_relaxed) == seen;
}

InodeTable::InodeTable(const VNode& root, std::uint64_t root_ino) : root_(root, 0, root_ino) {
  root_.set_ino(root_ino);
}

InodeTable::~InodeTable() {
  for (Shard& shard : shards_) {
    for (Inode* inode : shard.buckets) {
      while (inode != nullptr) delete std::exchange(inode, inode->next_);
    }
  }
}

std::uint64_t InodeTable::hash_of(const VNode& vnode) noexcept {
  const auto number = [](const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); };
  return mix(mix(0, number(vnode.node.get())), number(vnode.mount));
}

Inode** InodeTable::Shard::find(const VNode& vnode, std::uint64_t hash) noexcept {
  Inode** link = &buckets[hash & (buckets.size() - 1)];
  while (*link != nullptr && (*link)->vnode != vnode) link = &(*link)->next_;
  return link;
}

void InodeTable::Shard::grow() {
  std::vector<Inode*> wider(buckets.size() * 2);
  for (Inode* inode : buckets) {
    while (inode != nullptr) {
      Inode*& head = wider[hash_of(inode->vnode) & (wider.size() - 1)];
      Inode* const moved = std::exchange(inode, inode->next_);
      moved->next_ = std::exchange(head, moved);
    }
  }
  buckets = std::move(wider);
}

Inode& InodeTable::at(std::uint64_t id) noexcept {
  return id == kRootId ? root_ : *reinterpret_cast<Inode*>(id);
}

std::uint64_t InodeTable::id_of(const Inode& inode) const noexcept {
  return &inode == &root_ ? kRootId : reinterpret_cast<std::uintptr_t>(&inode);
}

Inode& InodeTable::acquire(const VNode& vnode, const Inode& parent) {
  const std::uint64_t hash = hash_of(vnode);
  Shard& shard = shard_of(hash);
  const std::scoped_lock hold(shard.lock);
  Inode** link = shard.find(vnode, hash);
  if (*link == nullptr) {
    if (shard.count >= shard.buckets.size()) {
      shard.grow();
      link = shard.find(vnode, hash);
    }
    *link = new Inode(vnode, next_generation_.fetch_add(1, std::memory_order_relaxed), parent.ino());
    ++shard.count;
  } else {
    (*link)->set_parent_ino(parent.ino());
  }
  ++(*link)->lookups_;
  return **link;
}

std::uint64_t InodeTable::find(const VNode& vnode) noexcept {
  if (vnode == root_.vnode) return kRootId;
  const std::uint64_t hash = hash_of(vnode);
  Shard& shard = shard_of(hash);
  const std::scoped_lock hold(shard.lock);
  const Inode* const found = *shard.find(vnode, hash);
  return found == nullptr ? 0 : id_of(*found);
}

void InodeTable::forget(std::uint64_t id, std::uint64_t count) noexcept {
  if (id == kRootId) return;
  Inode& inode = at(id);
  const std::uint64_t hash = hash_of(inode.vnode);
  Shard& shard = shard_of(hash);
  // Released after the lock: the last reference to a node may free a file's
  // content, which takes time and locks of its layer.
  std::unique_ptr<Inode> dead;
  const std::scoped_lock hold(shard.lock);
  inode.lookups_ -= std::min(count, inode.lookups_);
  if (inode.lookups_ != 0) return;
  Inode** const link = shard.find(inode.vnode, hash);
  dead.reset(std::exchange(*link, inode.next_));
  --shard.count;
}

void InodeTable::note_parent(const VNode& vnode, const Inode& parent) noexcept {
  const std::uint64_t hash = hash_of(vnode);
  Shard& shard = shard_of(hash);
  const std::scoped_lock hold(shard.lock);
  if (Inode* const found = *shard.find(vnode, hash); found != nullptr) found->set_parent_ino(parent.ino());
}

std::size_t InodeTable::size() const {
  std::size_t total = 1;
  for (const Shard& shard : shards_) {
    const std::scoped_lock hold(shard.lock);
    total += shard.count;
  }
  return total;
}

}  // namespace wasifs::fuse
