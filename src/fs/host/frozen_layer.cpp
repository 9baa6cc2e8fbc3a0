// SPDX-License-Identifier: Apache-2.0
#include "fs/host/frozen_layer.h"

#include "fs/host/frozen_index.h"

namespace wasifs::host {

FrozenLayer::FrozenLayer(std::string source, bool deny, const struct statx& stat, UniqueFd root)
    : path(std::move(source)),
      deny_symlinks(deny),
      root_fd(std::move(root)),
      inodes(id_of(stat).dev),
      indexes_(FrozenIndex::of_root(*this, stat)),
      root_(&indexes_->entry(0)) {}

// One after the other: the list may be longer than the stack is deep.
FrozenLayer::~FrozenLayer() {
  while (indexes_ != nullptr) indexes_ = std::move(indexes_->next_);
}

FrozenNode& FrozenLayer::root() const { return *root_; }

const FrozenIndex& FrozenLayer::publish(FrozenNode& directory, std::unique_ptr<FrozenIndex> fresh) {
  const std::lock_guard lock(publishing_);
  auto& entries = directory.special_.entries;
  if (const FrozenIndex* const quicker = entries.load(std::memory_order_relaxed)) return *quicker;
  keep(std::move(fresh));
  entries.store(indexes_.get(), std::memory_order_release);
  return *indexes_;
}

FrozenNode* FrozenLayer::find_single(const FrozenNode& directory, std::string_view name) {
  const std::lock_guard lock(publishing_);
  const auto found = singles_.find(Place(&directory, name));
  return found == singles_.end() ? nullptr : found->second;
}

FrozenNode& FrozenLayer::publish_single(const FrozenNode& directory, std::unique_ptr<FrozenIndex> fresh) {
  const std::lock_guard lock(publishing_);
  FrozenNode& entry = fresh->entry(0);
  const auto [place, added] = singles_.emplace(Place(&directory, entry.name()), &entry);
  if (!added) return *place->second;
  keep(std::move(fresh));
  place->second = &entry.target();
  return *place->second;
}

/// Takes `fresh` over, with the names in it that are further ones. The caller holds the
/// lock.
void FrozenLayer::keep(std::unique_ptr<FrozenIndex> fresh) {
  for (std::size_t i = 0; i < fresh->size(); ++i) {
    FrozenNode& entry = fresh->entry(i);
    if (!entry.has_more_names()) continue;
    const auto [first, added] = linked_.emplace(entry.number(), &entry);
    if (!added && first->second->type() == entry.type()) entry.become_alias_of(*first->second);
  }
  fresh->next_ = std::move(indexes_);
  indexes_ = std::move(fresh);
}

}  // namespace wasifs::host
