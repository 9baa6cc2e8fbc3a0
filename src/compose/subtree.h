// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wasifs/node.h"

namespace wasifs {

/// The node at `subpath` below the root of a layer; "" is the root itself.
/// Symlinks are not followed. enoent, enotdir, einval (a component is "..").
[[nodiscard]] Result<NodeRef> find_in_layer(Filesystem& layer, std::string_view subpath);

/// A directory of a layer shown as a layer of its own: same nodes, same inode
/// numbers, another root. Thread-safe as the layer is.
class Subtree final : public Filesystem {
 public:
  /// enoent: no such subpath; enotdir: it is no directory, or a component on the
  /// way is none; einval.
  [[nodiscard]] static Result<FilesystemPtr> open(FilesystemPtr layer, std::string_view subpath);

  [[nodiscard]] NodeRef root() override { return root_; }
  [[nodiscard]] Traits traits() const override { return layer_->traits(); }
  [[nodiscard]] Result<StatFs> statfs() override { return layer_->statfs(); }
  [[nodiscard]] Status room_for(std::uint64_t bytes, std::uint64_t inodes) override {
    return layer_->room_for(bytes, inodes);
  }
  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] std::string path_of(Node& node) override;
  /// The layer's: the path is that inside the whole of it.
  [[nodiscard]] Origin origin(Node& node) override { return layer_->origin(node); }
  [[nodiscard]] Result<UpperChanges> changes(Node& directory) override { return layer_->changes(directory); }

 private:
  Subtree(FilesystemPtr layer, NodeRef root, std::string_view subpath)
      : layer_(std::move(layer)), root_(std::move(root)), subpath_(subpath) {}

  FilesystemPtr layer_;  // before the node: it has to outlive it
  NodeRef root_;
  std::string subpath_;
};

}  // namespace wasifs
