// SPDX-License-Identifier: Apache-2.0
#include "fs/host/node_table.h"

#include "fs/host/host_node.h"

namespace wasifs::host {

// The map uses the low bits of the hash for its buckets, so the shard is chosen
// by others.
NodeTable::Shard& NodeTable::shard_of(const ObjectId& id) {
  return shards_[(ObjectIdHash{}(id) >> 24U) % kShards];
}

Ref<HostNode> NodeTable::intern(const ObjectId& id, FileType type, FunctionRef<HostNode*()> make) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  HostNode*& slot = shard.nodes[id];
  // The types differ only on a host file system that gives the number of a held
  // inode to another object (some FUSE servers do): then it is another object.
  if (slot != nullptr && slot->type() == type && slot->try_add_ref()) return Ref<HostNode>::adopt(slot);
  // Counted before anybody can see it: the table must never show a count of zero
  // for a node that is not on its way out.
  Ref<HostNode> fresh(make());
  slot = fresh.get();
  return fresh;
}

void NodeTable::forget(const ObjectId& id, const HostNode* node) noexcept {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.nodes.find(id);
  if (found != shard.nodes.end() && found->second == node) shard.nodes.erase(found);
}

std::size_t NodeTable::size() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.nodes.size();
  }
  return count;
}

}  // namespace wasifs::host
