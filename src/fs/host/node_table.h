// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "fs/host/syscalls.h"
#include "wasifs/ref.h"

namespace wasifs::host {

class HostNode;

/// Every node that somebody holds, by its object: what makes two names of one
/// file one Node. Does not keep nodes alive. Thread-safe; one lock per shard, no
/// lock is taken while another is held.
///
/// A node that is held pins its inode, so the host cannot give the number to
/// another object. A node whose count has dropped to zero stays in the table
/// until its dispose() takes it out; whoever finds it in between puts a new node
/// in its place, and dispose() leaves that one alone.
class NodeTable {
 public:
  /// The node of `id`, or else the one that `make` returns (called under the
  /// lock; it must not come back here).
  [[nodiscard]] Ref<HostNode> intern(const ObjectId& id, FileType type, FunctionRef<HostNode*()> make);

  /// Takes `node` out, unless another one has replaced it.
  void forget(const ObjectId& id, const HostNode* node) noexcept;

  /// How many nodes are held. For tests.
  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<ObjectId, HostNode*, ObjectIdHash> nodes;
  };
  [[nodiscard]] Shard& shard_of(const ObjectId& id);

  std::array<Shard, kShards> shards_;
};

}  // namespace wasifs::host
