// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/path.h"
#include "compose/layer_node.h"
#include "compose/overlay.h"
#include "compose/overlay_marks.h"
#include "compose/overlay_node.h"

namespace wasifs {

/// Which layers hold a path of an overlay. Goes down by name twice at once:
/// through the merged nodes, which know the layer nodes that they are made of,
/// and through each layer that has fallen out of the merge on the way.
class OverlayTrace {
 public:
  explicit OverlayTrace(const OverlayLayers& layers) : layers_(layers), here_(layers.root) {}

  static std::string path_of(LayeredNode& node) {
    std::vector<std::string> names;
    Ref<LayeredNode> at(&node);
    while (at != node.layers().root) {
      LayeredNode::Location where = at->location();
      if (where.parent == nullptr) return {};
      names.push_back(std::move(where.name));
      at = std::move(where.parent);
    }
    std::string path;
    for (auto name = names.rbegin(); name != names.rend(); ++name) path.append("/").append(*name);
    return path.empty() ? "/" : path;
  }

  void descend(std::string_view name) {
    at_.append("/").append(name);
    descend_left_out(name);
    if (here_ == nullptr) return;
    std::vector<LayerNode> found;
    bool whiteout = here_->hides(name);
    for (const LayerNode& part : here_->parts()) {
      Result<NodeRef> child = part.node->lookup(name);
      if (!child) continue;
      if (layers_.marked[part.layer] && OverlayMarks::is_whiteout(**child).value_or(false)) {
        whiteout = true;
      } else {
        found.push_back({part.layer, std::move(*child)});
      }
    }
    Result<NodeRef> child = here_->lookup(name);
    here_ = child ? Ref<LayeredNode>(static_cast<LayeredNode*>(child->get())) : nullptr;
    // Where a layer cannot be looked at nobody knows what the others are for.
    if (!child && child.error() != Errc::enoent) found.clear();
    leave_out(std::move(found), whiteout);
  }

  /// In the order of the layers; of one that was renamed to here and has something
  /// of the new name as well, what shows comes first.
  [[nodiscard]] std::vector<LayerTrace> result() const {
    std::vector<LayerNode> parts;
    std::vector<LayerTrace> shown;
    if (here_ != nullptr) {
      parts = here_->parts();
      shown = trace_parts(layers_, *here_, parts);
      if (parts.size() + left_out_.size() == 1) shown.front().cause = Cause::only;
    }
    std::vector<LayerTrace> traces;
    for (std::uint32_t index = 0; index <= layers_.lowers.size(); ++index) {
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].layer == index) traces.push_back(std::move(shown[i]));
      }
      for (const LeftOut& out : left_out_) {
        if (out.node.layer == index) traces.push_back(trace_left_out(out));
      }
    }
    return traces;
  }

  /// What makes up `node`, with the roles that follow from its type alone.
  static std::vector<LayerTrace> trace_parts(const OverlayLayers& layers, const LayeredNode& node,
                                             const std::vector<LayerNode>& parts) {
    std::vector<LayerTrace> traces;
    for (const LayerNode& part : parts) {
      LayerTrace& trace = traces.emplace_back(trace_of(layers, part));
      const bool top = traces.size() == 1;
      if (node.is_directory()) {
        trace.role = top ? Role::shown : Role::merged;
        trace.cause = top ? Cause::first : Cause::merge;
      } else {
        // Anything else has a lower beside its upper only when it was copied up.
        trace.role = top ? Role::shown : Role::shadowed;
        trace.cause = parts.size() == 1 ? Cause::first : Cause::copied_up;
      }
    }
    return traces;
  }

 private:
  /// A layer's node at the path, or at what was gone through so far, that is no
  /// part of what shows.
  struct LeftOut {
    LayerNode node;
    Cause cause;
    std::string at;
    std::string by;
  };

  [[nodiscard]] LayerTrace trace_left_out(const LeftOut& out) const {
    LayerTrace trace = trace_of(layers_, out.node);
    trace.role = out.cause == Cause::layer ? Role::shadowed : Role::hidden;
    trace.cause = out.cause;
    trace.at = out.at;
    trace.by = out.by;
    return trace;
  }

  static LayerTrace trace_of(const OverlayLayers& layers, const LayerNode& part) {
    Filesystem& fs = layers.layer(part.layer);
    return {.layer = fs.describe(), .origin = fs.origin(*part.node), .type = part.node->type()};
  }

  void descend_left_out(std::string_view name) {
    std::vector<LeftOut> still;
    for (LeftOut& out : left_out_) {
      Result<NodeRef> child = out.node.node->lookup(name);
      if (!child) continue;
      out.node.node = std::move(*child);
      still.push_back(std::move(out));
    }
    left_out_ = std::move(still);
  }

  /// Sets apart those of `found` that are no part of here_.
  void leave_out(std::vector<LayerNode> found, bool whiteout) {
    const std::vector<LayerNode> parts = here_ != nullptr ? here_->parts() : std::vector<LayerNode>{};
    // What ends the merge: the topmost, or the first file below directories.
    std::uint32_t winner = parts.empty() ? 0 : parts.front().layer;
    for (LayerNode& node : found) {
      const bool directory = node.node->is_directory();
      const std::uint32_t index = node.layer;
      if (std::ranges::none_of(parts, [&](const LayerNode& part) { return same(part, node); })) {
        left_out_.push_back(reason(std::move(node), whiteout, winner));
      }
      if (!directory && here_ != nullptr && here_->is_directory()) winner = index;
    }
  }

  [[nodiscard]] LeftOut reason(LayerNode node, bool whiteout, std::uint32_t winner) const {
    // Gone without a whiteout: somebody has just removed what was in the way.
    if (whiteout || here_ == nullptr) {
      return {std::move(node), here_ == nullptr ? Cause::removed : Cause::replaced, at_, {}};
    }
    return {std::move(node), Cause::layer, at_, layers_.layer(winner).describe()};
  }

  static bool same(const LayerNode& a, const LayerNode& b) { return a.layer == b.layer && a.node == b.node; }

  const OverlayLayers& layers_;
  Ref<LayeredNode> here_;  ///< null once nothing is there
  std::string at_;
  std::vector<LeftOut> left_out_;
};

namespace {

/// `node` as one of the overlay's own, else null.
LayeredNode* own(const OverlayLayers& layers, Node& node) {
  auto* const mine = dynamic_cast<LayeredNode*>(&node);
  return mine != nullptr && &mine->layers() == &layers ? mine : nullptr;
}

}  // namespace

std::string Overlay::path_of(Node& node) {
  LayeredNode* const mine = own(*state_, node);
  return mine != nullptr ? OverlayTrace::path_of(*mine) : "";
}

Origin Overlay::origin(Node& node) {
  const std::vector<LayerTrace> parts = trace_node(node);
  return parts.empty() ? Origin{} : parts.front().origin;
}

std::vector<LayerTrace> Overlay::trace_node(Node& node) {
  LayeredNode* const mine = own(*state_, node);
  if (mine == nullptr) return {};
  const std::vector<LayerNode> parts = mine->parts();
  std::vector<LayerTrace> traces = OverlayTrace::trace_parts(*state_, *mine, parts);
  if (traces.size() == 1) traces.front().cause = Cause::only;
  return traces;
}

std::vector<LayerTrace> Overlay::trace_path(std::string_view path) {
  OverlayTrace trace(*state_);
  for (const std::string_view name : split_path(path)) trace.descend(name);
  return trace.result();
}

}  // namespace wasifs
