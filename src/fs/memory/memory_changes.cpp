// SPDX-License-Identifier: Apache-2.0
// What was changed since a memory file system was thawed.
#include <algorithm>
#include <vector>

#include "fs/memory/memory_node.h"

namespace wasifs {

class MemoryChanges {
 public:
  using Kind = UpperChange::Kind;
  using Names = decltype(MemoryState::Start::names)::mapped_type;

  static MemoryState::Start take_start(MemoryDir& root) {
    MemoryState::Start start{.first_new = root.state_.next_ino.load()};
    std::vector<MemoryDir*> left{&root};
    while (!left.empty()) {
      MemoryDir& directory = *left.back();
      left.pop_back();
      Names& names = start.names[directory.ino_];
      for (const auto& [cookie, entry] : directory.entries_) {
        names.emplace(entry.name, entry.node->ino_);
        if (entry.node->is_directory()) left.push_back(static_cast<MemoryDir*>(entry.node.get()));
      }
    }
    return start;
  }

  static UpperChanges in(MemoryDir& directory) {
    static const Names kNone;
    const MemoryState::Start& start = directory.state_.start;
    const auto found = start.names.find(directory.ino_);
    const Names& before = found == start.names.end() ? kNone : found->second;
    UpperChanges changes;
    const MemoryNode::SharedLock held(directory.lock_);
    if (directory.ino_ >= start.first_new || directory.changed_) changes.push_back({.kind = Kind::changed});
    for (const auto& [cookie, entry] : directory.entries_) {
      const auto was = before.find(entry.name);
      const bool stayed = was != before.end() && was->second == entry.node->ino_;
      if (!stayed) {
        const bool file = !entry.node->is_directory();
        changes.push_back({entry.name, file                  ? Kind::changed
                                       : was == before.end() ? Kind::whole
                                                             : Kind::replaced});
        continue;
      }
      const MemoryNode::SharedLock node_held(entry.node->lock_);
      if (entry.node->changed_) changes.push_back({entry.name, Kind::changed});
    }
    for (const auto& [name, ino] : before) {
      if (!directory.index_.contains(name)) changes.push_back({name, Kind::removed});
    }
    std::ranges::sort(changes, {}, &UpperChange::name);
    return changes;
  }
};

MemoryState::Start take_start(MemoryDir& root) { return MemoryChanges::take_start(root); }
UpperChanges changes_in(MemoryDir& directory) { return MemoryChanges::in(directory); }

}  // namespace wasifs
