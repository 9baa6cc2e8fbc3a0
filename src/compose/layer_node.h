// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/name_hash.h"
#include "compose/ino_map.h"
#include "wasifs/node.h"

namespace wasifs {

/// A node of one layer of an overlay; layer 0 is the upper.
struct LayerNode {
  std::uint32_t layer = 0;
  NodeRef node = nullptr;

  bool operator==(const LayerNode&) const = default;
};

/// The layer nodes that merge to one, topmost first. Nearly always it is one, which
/// then costs no memory of its own.
class LayerNodes {
 public:
  LayerNodes() = default;
  explicit LayerNodes(LayerNode only) : first_(std::move(only)) {}

  [[nodiscard]] bool empty() const { return first_.node == nullptr; }
  [[nodiscard]] std::size_t size() const { return nodes().size(); }
  [[nodiscard]] bool is_one() const { return all_ == nullptr && !empty(); }
  [[nodiscard]] const LayerNode& front() const { return first_; }
  [[nodiscard]] std::span<const LayerNode> nodes() const {
    if (all_ != nullptr) return *all_;
    return {&first_, empty() ? 0U : 1U};
  }
  [[nodiscard]] auto begin() const { return nodes().begin(); }
  [[nodiscard]] auto end() const { return nodes().end(); }

  void push_back(LayerNode next) {
    if (empty()) {
      first_ = std::move(next);
      return;
    }
    if (all_ == nullptr) all_ = std::make_unique<std::vector<LayerNode>>(1, first_);
    all_->push_back(std::move(next));
  }
  void clear() {
    first_ = {};
    all_.reset();
  }

 private:
  LayerNode first_;
  std::unique_ptr<std::vector<LayerNode>> all_;  ///< null: there is no more than first_
};

class LayeredNode;

/// The layers of an overlay, and what is known of them from the start.
struct OverlayLayers {
  FilesystemPtr upper = nullptr;           ///< may be null
  std::vector<FilesystemPtr> lowers = {};  ///< layer i + 1
  std::vector<bool> marked = {};           ///< by layer: whiteouts and marks in it count
  bool any_marked = false;
  bool shared = false;  ///< a lower changes behind our back
  /// From this layer on all are immutable.
  std::uint32_t first_fixed = 0;
  Traits traits = {};
  InoMap inos{48, 6};
  NameHash hash = {};
  Ref<LayeredNode> root = nullptr;

  [[nodiscard]] Filesystem& layer(std::uint32_t index) const {
    return index == 0 ? *upper : *lowers[index - 1];
  }
};

/// A node of an overlay, as far as its provenance is concerned.
class LayeredNode : public Node {
 public:
  struct Location {
    Ref<LayeredNode> parent = nullptr;  ///< null: the root, or no name any more
    std::string name = {};
  };

  [[nodiscard]] virtual const OverlayLayers& layers() const = 0;
  /// The layer nodes that make it up, the topmost first.
  [[nodiscard]] virtual std::vector<LayerNode> parts() const = 0;
  /// One of its names.
  [[nodiscard]] virtual Location location() const = 0;
  /// True if the lowers' `name` in this directory was removed or replaced.
  [[nodiscard]] virtual bool hides(std::string_view name) const = 0;

 protected:
  using Node::Node;
};

}  // namespace wasifs
