// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "fs/memory/memory_node.h"

namespace wasifs {

/// Finds out where a node lies. Holds the lock of one directory at a time, and
/// that on the topology, so that parent links stand still.
class MemorySearch {
 public:
  explicit MemorySearch(MemoryDir& root) : root_(root), topology_(root.state().rename_lock) {}

  std::string path_of(MemoryNode& node) {
    std::string path;
    auto* directory = dynamic_cast<MemoryDir*>(&node);
    if (directory == nullptr) {
      directory = find(node, path);
      if (directory == nullptr) return {};
    }
    while (directory != &root_) {
      MemoryDir* const parent = directory->parent_;
      if (parent == nullptr) return {};
      path.insert(0, "/" + name_in(*parent, *directory));
      directory = parent;
    }
    return path.empty() ? "/" : path;
  }

 private:
  static std::string name_in(const MemoryDir& parent, const MemoryNode& node) {
    const MemoryNode::SharedLock held(parent.lock_);
    for (const auto& [cookie, entry] : parent.entries_) {
      if (entry.node.get() == &node) return entry.name;
    }
    return {};
  }

  /// The directory that holds `node`, and "/NAME" of it there.
  MemoryDir* find(const MemoryNode& node, std::string& name) {
    std::vector<MemoryDir*> left{&root_};
    while (!left.empty()) {
      MemoryDir* const directory = left.back();
      left.pop_back();
      const MemoryNode::SharedLock held(directory->lock_);
      for (const auto& [cookie, entry] : directory->entries_) {
        if (entry.node.get() == &node) {
          name = "/" + entry.name;
          return directory;
        }
        if (entry.node->is_directory()) left.push_back(static_cast<MemoryDir*>(entry.node.get()));
      }
    }
    return nullptr;
  }

  MemoryDir& root_;
  std::scoped_lock<std::mutex> topology_;
};

std::string search_path(MemoryDir& root, MemoryNode& node) { return MemorySearch(root).path_of(node); }

}  // namespace wasifs
