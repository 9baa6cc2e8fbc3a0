// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/small_shared_mutex.h"
#include "compose/child_table.h"
#include "compose/layer_node.h"
#include "compose/merged_index.h"

namespace wasifs {

class MergedNode;

/// An overlay that nothing can change: no upper, and immutable lowers without marks.
/// What it consists of never has to be found out twice, so every node that somebody
/// asked for stays, pinned, as long as the overlay, and a look-up that was made
/// before takes no lock and writes no memory that threads share.
class MergedTree {
 public:
  /// `layers` outlives this.
  explicit MergedTree(const OverlayLayers& layers);
  MergedTree(const MergedTree&) = delete;
  MergedTree& operator=(const MergedTree&) = delete;
  ~MergedTree();

  [[nodiscard]] MergedNode& root() const { return *root_; }

 private:
  friend class MergedNode;

  const OverlayLayers& layers_;
  MergedNode* root_;
  std::mutex links_lock_;  ///< after a Directory's
  /// Files that have several names.
  std::map<std::pair<std::uint32_t, const Node*>, MergedNode*> links_;
};

/// A node of a MergedTree. A directory merges its parts, anything else has one.
class MergedNode final : public LayeredNode {
 public:
  [[nodiscard]] std::string_view name() const {
    return {reinterpret_cast<const char*>(this) + sizeof(MergedNode), name_size_};
  }

  [[nodiscard]] const OverlayLayers& layers() const override { return tree_.layers_; }
  [[nodiscard]] std::vector<LayerNode> parts() const override { return {parts_.begin(), parts_.end()}; }
  [[nodiscard]] Location location() const override;
  [[nodiscard]] bool hides(std::string_view) const override { return false; }

  Result<Attr> attr() override;
  Status set_attr(const SetAttr& change) override;
  Result<NodeRef> lookup(std::string_view name) override;
  Result<DirPtr> open_dir() override;
  Result<FilePtr> open(OpenFlags flags) override;
  Result<Link> read_link() override { return top().read_link(); }
  [[nodiscard]] bool sealed() const override { return top().sealed(); }
  Result<std::string> get_xattr(std::string_view name) override { return top().get_xattr(name); }
  Result<std::vector<std::string>> list_xattrs() override { return top().list_xattrs(); }
  Status sync() override { return top().sync(); }

  // All of these are refused, with the error that comes before erofs if there is one.
  Result<NodeRef> create(std::string_view name, const NewNode& spec) override;
  Result<NodeRef> create_anonymous(const NewNode& spec) override;
  Status link(std::string_view name, Node& target) override;
  Status unlink(std::string_view name) override;
  Status rmdir(std::string_view name) override;
  Status rename(std::string_view name, Node& new_parent, std::string_view new_name, RenameMode mode) override;

 private:
  friend class MergedTree;

  /// What is known of a directory that was looked into.
  struct Directory {
    std::atomic<const MergedIndex*> index{nullptr};  ///< null: not made yet, or one part only
    SmallSharedMutex lock;                           ///< held alone by whoever makes a child
    ChildTable<MergedNode> children;

    ~Directory() { delete index.load(std::memory_order_relaxed); }
  };

  MergedNode(MergedTree& tree, LayerNodes parts, MergedNode* parent, std::string_view name);
  ~MergedNode() override { delete directory_.load(std::memory_order_relaxed); }
  /// A node and behind it the bytes of its name.
  [[nodiscard]] static MergedNode* make(MergedTree& tree, LayerNodes parts, MergedNode* parent,
                                        std::string_view name);
  static void operator delete(void* memory) { ::operator delete(memory); }

  [[nodiscard]] Node& top() const { return *parts_.front().node; }
  [[nodiscard]] std::uint64_t number(std::uint64_t local) const {
    return tree_.layers_.inos.map(parts_.front().layer, local);
  }
  [[nodiscard]] Directory& directory();
  /// Of a directory with several parts.
  [[nodiscard]] Result<const MergedIndex*> index();
  /// What the layers have of a name; empty where they have nothing.
  [[nodiscard]] Result<LayerNodes> find_parts(std::string_view name, std::uint64_t hash);
  [[nodiscard]] Result<LayerNodes> find_indexed(const MergedIndex& merged,
                                                const MergedIndex::Entry& entry) const;
  /// The child that `parts` make up, from now on.
  [[nodiscard]] Result<MergedNode*> enter(LayerNodes parts, std::string_view name, std::uint64_t hash);
  /// Makes it; with the lock of the directory held.
  [[nodiscard]] MergedNode* make_child(LayerNodes parts, std::string_view name);

  // The first member lies in what the base class leaves of its last word.
  std::uint8_t name_size_;
  MergedTree& tree_;
  const LayerNodes parts_;
  MergedNode* const parent_;  ///< of the name that it was found by first; null: the root
  std::atomic<Directory*> directory_{nullptr};
};

}  // namespace wasifs
