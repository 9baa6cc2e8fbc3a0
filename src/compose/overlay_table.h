// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/small_shared_mutex.h"
#include "compose/layer_node.h"

namespace wasifs {

class OverlayNode;

/// The overlay nodes that somebody holds, by the layer nodes they stand for: how
/// two look-ups, or two hard links, come to the same OverlayNode. Entries are
/// weak, except that a node with state of its own (see OverlayNode::pin) is kept.
///
/// An open-addressing table of pointers: a node knows itself what it was made from.
/// What it was copied up to is a second key, which few nodes have. Thread-safe.
class OverlayTable {
 public:
  struct Key {
    [[nodiscard]] static Key of(const LayerNode& part) { return {part.layer, part.node.get()}; }

    std::uint32_t layer = 0;
    const Node* node = nullptr;
    bool operator==(const Key&) const = default;
  };

  [[nodiscard]] Ref<OverlayNode> find(const Key& key) const;
  /// The node that is there already under the key of `fresh`, or that, entered now.
  [[nodiscard]] Ref<OverlayNode> find_or_enter(Ref<OverlayNode> fresh);
  /// From now on `node`, which is in use, is found by the upper's as well.
  void enter_upper(const Node& upper, OverlayNode& node);
  /// Of a node that is about to go; `upper` is what was entered by enter_upper(), or null.
  void remove(const OverlayNode& node, const Node* upper);
  [[nodiscard]] std::vector<Ref<OverlayNode>> all() const;

 private:
  struct Shard {
    mutable SmallSharedMutex lock;
    std::size_t count = 0;
    std::vector<OverlayNode*> slots;
    std::unordered_map<const Node*, OverlayNode*> by_upper;

    // With the lock held.
    [[nodiscard]] std::size_t home(std::uint64_t hash) const;
    [[nodiscard]] std::size_t after(std::size_t slot) const {
      return slot + 1 == slots.size() ? 0 : slot + 1;
    }
    /// The slot that holds the key, or the free one where it would be.
    [[nodiscard]] std::size_t find(const Key& key, std::uint64_t hash) const;
    void make_room();
    void erase(std::size_t slot);
  };
  static constexpr std::size_t kShards = 16;

  [[nodiscard]] static std::uint64_t hash_of(const Key& key);
  [[nodiscard]] const Shard& shard(std::uint64_t hash) const { return shards_[hash % kShards]; }
  [[nodiscard]] Shard& shard(std::uint64_t hash) { return shards_[hash % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace wasifs
