// SPDX-License-Identifier: Apache-2.0
#include "compose/overlay_table.h"

#include <bit>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/name_hash.h"
#include "compose/overlay_node.h"

namespace wasifs {

namespace {

/// Null for one that is on its way out.
Ref<OverlayNode> revived(OverlayNode* node) {
  return node != nullptr && node->try_add_ref() ? Ref<OverlayNode>::adopt(node) : nullptr;
}

}  // namespace

// Where nodes lie in memory is nobody's choice, so the hash needs no key of its own.
std::uint64_t OverlayTable::hash_of(const Key& key) {
  return fold_multiply(std::bit_cast<std::uintptr_t>(key.node) ^ std::uint64_t{key.layer} << 56U,
                       0x9e37'79b9'7f4a'7c15);
}

std::size_t OverlayTable::Shard::home(std::uint64_t hash) const {
  // The upper part of the product: the size need not be a power of two.
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>(static_cast<Wide>(hash) * slots.size() >> 64U);
}

std::size_t OverlayTable::Shard::find(const Key& key, std::uint64_t hash) const {
  std::size_t at = home(hash);
  while (slots[at] != nullptr && slots[at]->key() != key) at = after(at);
  return at;
}

void OverlayTable::Shard::make_room() {
  if (4 * (count + 1) <= 3 * slots.size()) return;
  const std::vector<OverlayNode*> old =
      std::exchange(slots, std::vector<OverlayNode*>(8 + 3 * slots.size() / 2));
  for (OverlayNode* const node : old) {
    if (node == nullptr) continue;
    std::size_t at = home(hash_of(node->key()));
    while (slots[at] != nullptr) at = after(at);
    slots[at] = node;
  }
}

void OverlayTable::Shard::erase(std::size_t slot) {
  slots[slot] = nullptr;
  --count;
  // What was put behind it because it was there moves up, so that it is found.
  for (std::size_t at = after(slot); slots[at] != nullptr; at = after(at)) {
    const std::size_t wanted = home(hash_of(slots[at]->key()));
    const bool reachable = slot < at ? slot < wanted && wanted <= at : slot < wanted || wanted <= at;
    if (reachable) continue;
    slots[slot] = std::exchange(slots[at], nullptr);
    slot = at;
  }
}

Ref<OverlayNode> OverlayTable::find(const Key& key) const {
  const std::uint64_t hash = hash_of(key);
  const Shard& part = shard(hash);
  const std::shared_lock held(part.lock);
  if (!part.slots.empty()) {
    if (OverlayNode* const node = part.slots[part.find(key, hash)]) return revived(node);
  }
  if (key.layer != 0 || part.by_upper.empty()) return nullptr;
  const auto found = part.by_upper.find(key.node);
  return found == part.by_upper.end() ? nullptr : revived(found->second);
}

Ref<OverlayNode> OverlayTable::find_or_enter(Ref<OverlayNode> fresh) {
  const Key key = fresh->key();
  const std::uint64_t hash = hash_of(key);
  Shard& part = shard(hash);
  const std::scoped_lock held(part.lock);
  if (const auto found = part.by_upper.find(key.node); key.layer == 0 && found != part.by_upper.end()) {
    if (Ref<OverlayNode> known = revived(found->second)) return known;
  }
  part.make_room();
  OverlayNode*& slot = part.slots[part.find(key, hash)];
  if (Ref<OverlayNode> known = revived(slot)) return known;
  // What is there is on its way out; it removes only an entry that is its own.
  if (slot == nullptr) ++part.count;
  slot = fresh.get();
  return fresh;
}

void OverlayTable::enter_upper(const Node& upper, OverlayNode& node) {
  Shard& part = shard(hash_of({0, &upper}));
  const std::scoped_lock held(part.lock);
  part.by_upper[&upper] = &node;
}

void OverlayTable::remove(const OverlayNode& node, const Node* upper) {
  const Key key = node.key();
  const std::uint64_t hash = hash_of(key);
  {
    Shard& part = shard(hash);
    const std::scoped_lock held(part.lock);
    if (!part.slots.empty()) {
      const std::size_t slot = part.find(key, hash);
      if (part.slots[slot] == &node) part.erase(slot);
    }
  }
  if (upper == nullptr) return;
  Shard& part = shard(hash_of({0, upper}));
  const std::scoped_lock held(part.lock);
  const auto found = part.by_upper.find(upper);
  if (found != part.by_upper.end() && found->second == &node) part.by_upper.erase(found);
}

std::vector<Ref<OverlayNode>> OverlayTable::all() const {
  std::vector<Ref<OverlayNode>> nodes;
  for (const Shard& part : shards_) {
    const std::shared_lock held(part.lock);
    for (OverlayNode* const node : part.slots) {
      if (Ref<OverlayNode> alive = revived(node)) nodes.push_back(std::move(alive));
    }
  }
  return nodes;
}

}  // namespace wasifs
