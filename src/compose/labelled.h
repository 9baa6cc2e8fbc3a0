// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "wasifs/node.h"

namespace wasifs {

/// A layer under the names that its user gave it: same nodes, other words. What
/// a layer says of itself is where it was found (an absolute path, say); what a
/// manifest says is what its author looks for.
class Labelled final : public Filesystem {
 public:
  /// `description`: what describe() says. `source`: what paths of origins are
  /// inside of, the same but for a layer that shows a part of its source.
  Labelled(FilesystemPtr layer, std::string description, std::string source)
      : layer_(std::move(layer)),
        traits_(layer_->traits()),
        description_(std::move(description)),
        source_(std::move(source)) {}

  [[nodiscard]] NodeRef root() override { return layer_->root(); }
  [[nodiscard]] Traits traits() const override { return traits_; }
  [[nodiscard]] Result<StatFs> statfs() override { return layer_->statfs(); }
  [[nodiscard]] Status room_for(std::uint64_t bytes, std::uint64_t inodes) override {
    return layer_->room_for(bytes, inodes);
  }
  [[nodiscard]] std::string describe() const override { return description_; }
  [[nodiscard]] std::string path_of(Node& node) override { return layer_->path_of(node); }
  [[nodiscard]] Origin origin(Node& node) override {
    Origin origin = layer_->origin(node);
    // A sealed file was taken from somewhere else, and tells from where.
    if (!node.sealed()) origin.source = source_;
    return origin;
  }
  [[nodiscard]] Result<UpperChanges> changes(Node& directory) override { return layer_->changes(directory); }

 private:
  FilesystemPtr layer_;
  Traits traits_;  ///< asked for with every reply of a mount
  std::string description_;
  std::string source_;
};

}  // namespace wasifs
