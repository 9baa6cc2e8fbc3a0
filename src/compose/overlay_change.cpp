// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/clock.h"
#include "compose/overlay_node.h"

namespace wasifs {

std::int64_t OverlayNode::names_left() const {
  if (upper() != nullptr) return std::int64_t{lower_links_} + extra_links_;
  const Result<Attr> attr = lowers_.front().node->attr();
  return (attr ? std::int64_t{attr->nlink} : 1) + extra_links_;
}

std::int64_t OverlayNode::names_left_now() const {
  const SharedLock held(lock_);
  return names_left();
}

void OverlayNode::lost_name(const OverlayNode& parent, std::string_view name) {
  const Lock held(lock_);
  if (parent_.get() == &parent && name_ == name) {
    parent_ = nullptr;
    name_.clear();
  }
  if (lowers_.empty()) return;
  --extra_links_;
  // The changed count has to be remembered as long as another name leads here.
  if (names_left() > 0) {
    pin();
  } else {
    unpin();
  }
}

void OverlayNode::gained_name(OverlayNode& parent, std::string_view name) {
  const Lock held(lock_);
  if (parent_ == nullptr) {
    parent_ = Ref<OverlayNode>(&parent);
    name_ = name;
  }
  if (!lowers_.empty()) ++extra_links_;
}

void OverlayNode::mark_removed() {
  removed_ = true;
  parent_ = nullptr;
  name_.clear();
  unpin();
}

Result<bool> OverlayNode::needs_hiding(std::string_view name) const {
  if (hidden(name)) return false;
  const Result<std::vector<LayerNode>> below = find_lowers(name);
  if (!below) return fail(below.error());
  return !below->empty();
}

void OverlayNode::hide(std::string_view name) {
  if (hidden_ == nullptr) hidden_ = std::make_unique<Names>();
  hidden_->emplace(name);
  pin();
}

Status OverlayNode::materialise(std::string_view name, OverlayNode& child) {
  const Result<NodeRef> present = upper()->lookup(name);
  if (present) return {};
  if (present.error() != Errc::enoent) return fail(present.error());
  return upper()->link(name, *child.upper());
}

// Each of these looks first, with the lock held, whether it will be refused, and
// copies up only what will be changed; then it looks again, since the lock was
// dropped in between.

Result<NodeRef> OverlayNode::create(std::string_view name, const NewNode& spec) {
  if (!is_directory()) return fail(Errc::enotdir);
  const std::size_t text = spec.type == FileType::symlink ? spec.target.size() : 0;
  for (;;) {
    {
      const Lock held(lock_);
      if (removed_) return fail(Errc::enoent);
      const Result<Ref<OverlayNode>> present = find(name);
      if (!present && present.error() != Errc::enoent) return fail(present.error());
      if (present && !(*present)->may_be_hidden_by(spec)) return fail(Errc::eexist);
      if (upper() != nullptr) {
        Result<NodeRef> made = create_in_upper(name, spec);
        if (made && present) (*present)->lost_name(*this, name);
        return made;
      }
    }
    if (const Status copied = copy_up({.bytes = text, .inodes = 1}); !copied) return fail(copied.error());
  }
}

bool OverlayNode::may_be_hidden_by(const NewNode& spec) const {
  return state_.options.create_new_over_lower && spec.type == FileType::regular && !is_directory() &&
         upper() == nullptr;
}

Result<NodeRef> OverlayNode::create_in_upper(std::string_view name, const NewNode& spec) {
  Result<NodeRef> made = upper()->create(name, spec);
  if (!made) return made;
  if (spec.type == FileType::directory) count_subdirectory(1);
  // A whiteout stays: a new directory shows nothing of what was removed.
  Result<Ref<OverlayNode>> node = state_.node_for(std::move(*made), {}, Ref<OverlayNode>(this), name);
  if (!node) return fail(node.error());
  return NodeRef(std::move(*node));
}

Result<NodeRef> OverlayNode::create_anonymous(const NewNode& spec) {
  if (!is_directory()) return fail(Errc::enotdir);
  if (state_.upper == nullptr) return fail(Errc::erofs);
  Result<NodeRef> made = state_.upper->root()->create_anonymous(spec);
  if (!made) return made;
  Result<Ref<OverlayNode>> node = state_.node_for(std::move(*made), {}, nullptr, {});
  if (!node) return fail(node.error());
  return NodeRef(std::move(*node));
}

Status OverlayNode::link(std::string_view name, Node& target) {
  if (!is_directory()) return fail(Errc::enotdir);
  auto* const node = dynamic_cast<OverlayNode*>(&target);
  if (node == nullptr || &node->state_ != &state_) return fail(Errc::exdev);
  if (node->is_directory()) return fail(Errc::eperm);
  if (node->upper() == nullptr && node->sealed()) return fail(Errc::eperm);
  for (;;) {
    {
      const Lock held(lock_);
      if (removed_) return fail(Errc::enoent);
      const Result<Ref<OverlayNode>> present = find(name);
      if (present || present.error() != Errc::enoent) return fail(present ? Errc::eexist : present.error());
      if (!node->lowers_.empty() && node->names_left_now() == 0) return fail(Errc::enoent);
      if (upper() != nullptr && node->upper() != nullptr) {
        if (const Status linked = upper()->link(name, *node->upper()); !linked) return linked;
        node->gained_name(*this, name);
        return {};
      }
    }
    if (const Status copied = copy_up_all(std::array{this, node}); !copied) return copied;
  }
}

Status OverlayNode::unlink(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  {
    // Told before the copy-up that a refusal should not cause.
    const Result<NodeRef> present = lookup(name);
    if (!present) return fail(present.error());
    if ((*present)->is_directory()) return fail(Errc::eisdir);
  }
  if (const Status copied = copy_up(); !copied) return copied;
  Ref<OverlayNode> node;  // outlives the lock: it may be the last reference
  const Lock held(lock_);
  Result<Ref<OverlayNode>> present = find(name);
  if (!present) return fail(present.error());
  node = std::move(*present);
  if (node->is_directory()) return fail(Errc::eisdir);
  const Result<bool> whiteout = needs_hiding(name);
  if (!whiteout) return fail(whiteout.error());
  const Status removed = upper()->unlink(name);
  if (!removed && removed.error() != Errc::enoent) return removed;
  if (*whiteout) hide(name);
  node->lost_name(*this, name);
  if (removed) return {};
  return upper()->set_attr({.mtime = now()});
}

Status OverlayNode::rmdir(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  for (;;) {
    Ref<OverlayNode> node;  // outlives the locks: it may be the last reference
    {
      const std::scoped_lock topology(state_.rename_lock);
      const Lock held(lock_);
      Result<Ref<OverlayNode>> present = find(name);
      if (!present) return fail(present.error());
      node = std::move(*present);
      if (!node->is_directory()) return fail(Errc::enotdir);
      if (state_.upper == nullptr) return fail(Errc::erofs);
      const Lock node_held(node->lock_);
      if (const Status empty = node->check_empty(); !empty) return empty;
      if (upper() != nullptr) return rmdir_in_upper(name, *node);
    }
    if (const Status copied = copy_up(); !copied) return copied;
  }
}

Status OverlayNode::rmdir_in_upper(std::string_view name, OverlayNode& node) {
  const Result<bool> whiteout = needs_hiding(name);
  if (!whiteout) return fail(whiteout.error());
  const Status removed = upper()->rmdir(name);
  if (!removed && removed.error() != Errc::enoent) return removed;
  if (*whiteout) hide(name);
  count_subdirectory(-1);
  node.mark_removed();
  if (removed) return {};
  return upper()->set_attr({.mtime = now()});
}

}  // namespace wasifs
