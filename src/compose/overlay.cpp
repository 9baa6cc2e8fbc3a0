// SPDX-License-Identifier: Apache-2.0
#include "compose/overlay.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "compose/overlay_node.h"

namespace wasifs {

Ref<OverlayNode> OverlayTable::find(const LayerNode& key) const {
  const Key wanted{key.layer, key.node.get()};
  const Shard& part = shard(wanted);
  const std::scoped_lock held(part.lock);
  const auto found = part.nodes.find(wanted);
  if (found == part.nodes.end() || !found->second->try_add_ref()) return nullptr;
  return Ref<OverlayNode>::adopt(found->second);
}

Ref<OverlayNode> OverlayTable::find_or_enter(const LayerNode& key, Ref<OverlayNode> fresh) {
  const Key wanted{key.layer, key.node.get()};
  Shard& part = shard(wanted);
  const std::scoped_lock held(part.lock);
  const auto [entry, added] = part.nodes.try_emplace(wanted, fresh.get());
  if (added) return fresh;
  if (entry->second->try_add_ref()) return Ref<OverlayNode>::adopt(entry->second);
  // What is there is on its way out; it removes only an entry that is its own.
  entry->second = fresh.get();
  return fresh;
}

void OverlayTable::enter_alias(const LayerNode& key, OverlayNode& node) {
  const Key wanted{key.layer, key.node.get()};
  Shard& part = shard(wanted);
  const std::scoped_lock held(part.lock);
  part.nodes[wanted] = &node;
}

void OverlayTable::remove(const LayerNode& key, const OverlayNode& node) {
  const Key wanted{key.layer, key.node.get()};
  Shard& part = shard(wanted);
  const std::scoped_lock held(part.lock);
  const auto found = part.nodes.find(wanted);
  if (found != part.nodes.end() && found->second == &node) part.nodes.erase(found);
}

std::vector<Ref<OverlayNode>> OverlayTable::all() const {
  std::vector<Ref<OverlayNode>> nodes;
  for (const Shard& part : shards_) {
    const std::scoped_lock held(part.lock);
    for (const auto& [key, node] : part.nodes) {
      if (node->try_add_ref()) nodes.push_back(Ref<OverlayNode>::adopt(node));
    }
  }
  return nodes;
}

OverlayState::~OverlayState() {
  root = nullptr;
  for (const Ref<OverlayNode>& node : table.all()) node->unpin();
}

Overlay::Overlay(FilesystemPtr upper, std::vector<FilesystemPtr> lowers, OverlayOptions options,
                 std::unique_ptr<LastingUpper> lasting)
    : state_(std::make_shared<State>(options)) {
  state_->upper = std::move(upper);
  state_->lasting = std::move(lasting);
  state_->lowers = std::move(lowers);
  state_->marked.push_back(state_->lasting != nullptr);
  Parts parts;
  for (std::uint32_t i = 0; i < state_->lowers.size(); ++i) {
    const Traits traits = state_->lowers[i]->traits();
    parts.lowers.push_back({i + 1, state_->lowers[i]->root()});
    state_->shared = state_->shared || traits.shared;
    state_->marked.push_back(traits.overlay_marks);
  }
  state_->any_marked = std::ranges::any_of(state_->marked, std::identity());
  if (state_->upper != nullptr) parts.upper = state_->upper->root();
  if (state_->lasting != nullptr) {
    // Of the marks of a root only this one says anything; it is asked for what it may
    // hold where it cannot be read.
    const auto marks = state_->marks.of(*parts.upper);
    parts.remembered = std::make_unique<Remembered>();
    parts.remembered->directory.impure = !marks || marks->impure;
  }
  // A root whose attributes cannot be read still is a root; it then has number 0.
  const LayerNode key = parts.upper ? LayerNode{0, parts.upper} : parts.lowers.front();
  const Result<Attr> attr = key.node->attr();
  const std::uint64_t ino = state_->inos.map(key.layer, attr ? attr->ino : 0);
  state_->root = state_->table.find_or_enter(
      key, make_ref<OverlayNode>(*state_, FileType::directory, ino, std::move(parts), Ref<OverlayNode>{},
                                 std::string_view{}));
}
Overlay::Overlay(FilesystemPtr upper, std::vector<FilesystemPtr> lowers, OverlayOptions options)
    : Overlay(std::move(upper), std::move(lowers), options, nullptr) {}
Overlay::~Overlay() = default;

NodeRef Overlay::root() { return state_->root; }

Traits Overlay::traits() const {
  const bool has_upper = state_->upper != nullptr;
  const bool fixed = std::ranges::all_of(
      state_->lowers, [](const FilesystemPtr& lower) { return lower->traits().immutable; });
  return {.immutable = !has_upper && fixed,
          .shared = state_->shared,
          .persistent = has_upper && state_->upper->traits().persistent};
}

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
