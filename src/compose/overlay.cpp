// SPDX-License-Identifier: Apache-2.0
#include "compose/overlay.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "compose/overlay_node.h"

namespace wasifs {

OverlayState::~OverlayState() {
  root = nullptr;
  for (const Ref<OverlayNode>& node : table.all()) node->unpin();
}

namespace {

void look_at_layers(OverlayLayers& layers, bool upper_marked) {
  layers.marked.push_back(upper_marked);
  layers.first_fixed = static_cast<std::uint32_t>(layers.lowers.size()) + 1;
  for (const FilesystemPtr& lower : layers.lowers) {
    const Traits traits = lower->traits();
    layers.shared = layers.shared || traits.shared;
    layers.marked.push_back(traits.overlay_marks);
  }
  while (layers.first_fixed > 1) {
    if (!layers.lowers[layers.first_fixed - 2]->traits().immutable) break;
    --layers.first_fixed;
  }
  layers.any_marked = std::ranges::any_of(layers.marked, std::identity());
  const bool immutable = layers.first_fixed == 1;
  // Between them, marks of a lasting upper come and go.
  const auto lasting = [](const FilesystemPtr& layer) { return layer->traits().lasting_cookies; };
  const bool lasting_cookies = immutable && !upper_marked && std::ranges::all_of(layers.lowers, lasting) &&
                               (layers.upper == nullptr || lasting(layers.upper));
  layers.traits = {.immutable = layers.upper == nullptr && immutable,
                   .shared = layers.shared,
                   .persistent = layers.upper != nullptr && layers.upper->traits().persistent,
                   .lasting_cookies = lasting_cookies};
}

/// The root of an overlay that can change.
Ref<OverlayNode> make_root(OverlayState& state) {
  Parts parts;
  for (std::uint32_t i = 0; i < state.lowers.size(); ++i) {
    parts.lowers.push_back({i + 1, state.lowers[i]->root()});
  }
  if (state.upper != nullptr) parts.upper = state.upper->root();
  if (state.lasting != nullptr) {
    // Of the marks of a root only this one says anything; it is asked for what it may
    // hold where it cannot be read.
    const auto marks = state.marks.of(*parts.upper);
    parts.remembered = std::make_unique<Remembered>();
    parts.remembered->directory.impure = !marks || marks->impure;
  }
  // A root whose attributes cannot be read still is a root; it then has number 0.
  const LayerNode key = parts.upper ? LayerNode{0, parts.upper} : parts.lowers.front();
  const Result<Attr> attr = key.node->attr();
  const std::uint64_t ino = state.inos.map(key.layer, attr ? attr->ino : 0);
  return state.table.find_or_enter(OverlayNode::make(state, ino, std::move(parts), nullptr, {}));
}

}  // namespace

Overlay::Overlay(FilesystemPtr upper, std::vector<FilesystemPtr> lowers, OverlayOptions options,
                 std::unique_ptr<LastingUpper> lasting)
    : state_(std::make_shared<State>(options)) {
  state_->upper = std::move(upper);
  state_->lasting = std::move(lasting);
  state_->lowers = std::move(lowers);
  look_at_layers(*state_, state_->lasting != nullptr);
  if (state_->traits.immutable && !state_->any_marked) {
    state_->fixed = std::make_unique<MergedTree>(*state_);
    state_->root = Ref<LayeredNode>(&state_->fixed->root());
  } else {
    state_->root = make_root(*state_);
  }
}
Overlay::Overlay(FilesystemPtr upper, std::vector<FilesystemPtr> lowers, OverlayOptions options)
    : Overlay(std::move(upper), std::move(lowers), options, nullptr) {}
Overlay::~Overlay() = default;

NodeRef Overlay::root() { return state_->root; }

Traits Overlay::traits() const { return state_->traits; }

Result<StatFs> Overlay::statfs() {
  return state_->upper != nullptr ? state_->upper->statfs() : state_->lowers.front()->statfs();
}

Status Overlay::room_for(std::uint64_t bytes, std::uint64_t inodes) {
  return state_->upper != nullptr ? state_->upper->room_for(bytes, inodes) : fail(Errc::erofs);
}

std::string Overlay::describe() const {
  std::string text = "overlay (";
  if (state_->upper != nullptr) text += "upper " + state_->upper->describe();
  for (const FilesystemPtr& lower : state_->lowers) {
    if (!text.ends_with('(')) text += " over ";
    text += lower->describe();
  }
  return text + ")";
}

}  // namespace wasifs
