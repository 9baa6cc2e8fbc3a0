// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/clock.h"
#include "compose/overlay_node.h"

namespace wasifs {

std::int64_t OverlayNode::more_links() const {
  // Before the copy-up only the last name goes, so nobody else has to know of it.
  if (upper() == nullptr) return own().extra_links;
  return remembered() != nullptr ? remembered()->more_links : 0;
}

std::int64_t OverlayNode::names_left() const {
  if (state_.lasting != nullptr) {
    const Result<Attr> attr = top().attr();
    return (attr ? std::int64_t{attr->nlink} : 1) + more_links();
  }
  if (upper() != nullptr) return std::int64_t{own().lower_links} + own().extra_links;
  const Result<Attr> attr = lowers_.front().node->attr();
  return (attr ? std::int64_t{attr->nlink} : 1) + own().extra_links;
}

std::int64_t OverlayNode::names_left_now() const {
  const SharedLock held(lock_);
  return names_left();
}

void OverlayNode::lost_name(const OverlayNode& parent, std::string_view name) {
  const Lock held(lock_);
  if (parent_.get() == &parent && this->name() == name) parent_ = nullptr;
  if (state_.lasting != nullptr) {
    if (upper() == nullptr) --make_own().extra_links;
    // An entry that stays is found by nobody, since all its names have whiteouts.
    const bool entered = remembered() != nullptr && !remembered()->links_key.empty();
    if (entered && names_left() <= 0) {
      static_cast<void>(state_.lasting->drop_linked(remembered()->links_key));
    }
    return;
  }
  if (lowers_.empty()) return;
  --make_own().extra_links;
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
    set_name(name);
  }
  if (!lowers_.empty()) ++make_own().extra_links;
}

void OverlayNode::mark_removed() {
  make_own().removed = true;
  parent_ = nullptr;
  unpin();
}

void OverlayNode::hide(std::string_view name) {
  make_own().hidden.emplace(name);
  pin();
}

Status OverlayNode::materialise(std::string_view name, OverlayNode& child) {
  const Result<NodeRef> present = upper()->lookup(name);
  if (present) return {};
  if (present.error() != Errc::enoent) return fail(present.error());
  if (state_.lasting == nullptr) return upper()->link(name, *child.upper());
  if (const Status noted = note_impure(); !noted) return noted;
  if (const Status linked = upper()->link(name, *child.upper()); !linked) return linked;
  child.note_links(-1);
  return {};
}

bool OverlayNode::from_lower() const { return is_directory() ? !lowers_.empty() : remembered() != nullptr; }

Status OverlayNode::note_impure() {
  if (remembered()->directory.impure) return {};
  if (const Status set = state_.marks.set_impure(*upper()); !set) return set;
  remembered()->directory.impure = true;
  return {};
}

void OverlayNode::note_links(std::int32_t change) {
  const Lock held(lock_);
  note_links_held(change);
}

void OverlayNode::note_links_held(std::int32_t change) {
  if (remembered() == nullptr || remembered()->links_key.empty()) return;
  remembered()->more_links += change;
  // A count that is too high for ever keeps an entry that nobody needs, no more.
  static_cast<void>(state_.marks.set_links(*upper(), remembered()->more_links));
}

// Each of these looks first, with the lock held, whether it will be refused, and
// copies up only what will be changed; then it looks again, since the lock was
// dropped in between.

Result<NodeRef> OverlayNode::create(std::string_view name, const NewNode& spec) {
  if (!is_directory()) return fail(Errc::enotdir);
  // It would be a whiteout.
  if (state_.lasting != nullptr && OverlayMarks::is_whiteout(spec.type, spec.rdev)) return fail(Errc::eperm);
  const std::size_t text = spec.type == FileType::symlink ? spec.target.size() : 0;
  for (;;) {
    Ref<OverlayNode> hidden;  // outlives the lock: it may be the last reference
    bool links = false;       // another thread may copy this up as soon as the lock is gone
    {
      const Lock held(lock_);
      if (own().removed) return fail(Errc::enoent);
      Result<Ref<OverlayNode>> present = find(name);
      if (!present && present.error() != Errc::enoent) return fail(present.error());
      if (present && !(*present)->may_be_hidden_by(spec)) return fail(Errc::eexist);
      if (present) hidden = std::move(*present);
      const Result<bool> ready = hidden ? may_lose_name(*hidden) : Result<bool>(upper() != nullptr);
      if (!ready) return fail(ready.error());
      if (*ready) {
        Result<NodeRef> made = create_in_upper(name, spec);
        if (made && hidden) hidden->lost_name(*this, name);
        return made;
      }
      links = upper() != nullptr;
    }
    const Status copied =
        links ? copy_up_all(std::array{this, hidden.get()}) : copy_up({.bytes = text, .inodes = 1});
    if (!copied) return fail(copied.error());
  }
}

bool OverlayNode::may_be_hidden_by(const NewNode& spec) const {
  return state_.options.create_new_over_lower && spec.type == FileType::regular && !is_directory() &&
         upper() == nullptr;
}

Result<NodeRef> OverlayNode::create_in_upper(std::string_view name, const NewNode& spec) {
  Result<NodeRef> made =
      state_.lasting != nullptr ? state_.lasting->create(*upper(), name, spec) : upper()->create(name, spec);
  if (!made) return made;
  Parts parts;
  if (spec.type == FileType::directory) {
    count_subdirectory(1);
    if (state_.lasting != nullptr) {
      Result<OverlayMarks::Directory> marks = state_.marks.of(**made);
      if (!marks) return fail(marks.error());
      parts.remembered = std::make_unique<Remembered>(Remembered{.directory = std::move(*marks)});
    }
  }
  // A whiteout stays: a new directory shows nothing of what was removed.
  parts.upper = std::move(*made);
  Result<Ref<OverlayNode>> node = state_.node_for(std::move(parts), Ref<OverlayNode>(this), name);
  if (!node) return fail(node.error());
  return NodeRef(std::move(*node));
}

Status OverlayNode::link_in_upper(std::string_view name, OverlayNode& node) {
  if (state_.lasting == nullptr) return upper()->link(name, *node.upper());
  if (node.from_lower()) {
    if (const Status noted = note_impure(); !noted) return noted;
  }
  return state_.lasting->link(*upper(), name, *node.upper());
}

Status OverlayNode::remove_in_upper(std::string_view name, OverlayNode& node) {
  const Result<bool> whiteout = needs_hiding(name);
  if (!whiteout) return fail(whiteout.error());
  if (state_.lasting != nullptr) {
    const bool below = is_below_alone(name, node);
    if (const Status removed = state_.lasting->remove(*upper(), name, *whiteout); !removed) return removed;
    if (below) node.note_links(-1);
    return {};
  }
  const Status removed = node.is_directory() ? upper()->rmdir(name) : upper()->unlink(name);
  if (!removed && removed.error() != Errc::enoent) return removed;
  if (*whiteout) hide(name);
  if (removed) return {};
  const Result<Attr> before = upper()->attr();
  return before ? upper()->set_attr({.mtime = stamp_after(now(), before->mtime)}) : fail(before.error());
}

Result<NodeRef> OverlayNode::create_anonymous(const NewNode& spec) {
  if (!is_directory()) return fail(Errc::enotdir);
  if (state_.upper == nullptr) return fail(Errc::erofs);
  Result<NodeRef> made = state_.upper->root()->create_anonymous(spec);
  if (!made) return made;
  // The lists of the root are not those of this directory.
  if (state_.lasting != nullptr) {
    if (const Status dropped = LastingUpper::drop_acls(**made); !dropped) return fail(dropped.error());
  }
  Result<Ref<OverlayNode>> node = state_.node_for({.upper = std::move(*made)}, nullptr, {});
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
      if (own().removed) return fail(Errc::enoent);
      const Result<Ref<OverlayNode>> present = find(name);
      if (present || present.error() != Errc::enoent) return fail(present ? Errc::eexist : present.error());
      if (!node->lowers_.empty() && node->names_left_now() == 0) return fail(Errc::enoent);
      if (upper() != nullptr && node->upper() != nullptr) {
        if (const Status linked = link_in_upper(name, *node); !linked) return linked;
        node->gained_name(*this, name);
        return {};
      }
    }
    if (const Status copied = copy_up_all(std::array{this, node}); !copied) return copied;
  }
}

Status OverlayNode::unlink(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  for (;;) {
    Ref<OverlayNode> node;  // outlives the lock: it may be the last reference
    bool links = false;     // another thread may copy this up as soon as the lock is gone
    {
      const Lock held(lock_);
      Result<Ref<OverlayNode>> present = find(name);
      if (!present) return fail(present.error());
      node = std::move(*present);
      if (node->is_directory()) return fail(Errc::eisdir);
      const Result<bool> ready = may_lose_name(*node);
      if (!ready) return fail(ready.error());
      if (*ready) {
        if (const Status removed = remove_in_upper(name, *node); !removed) return removed;
        node->lost_name(*this, name);
        return {};
      }
      // The other names of a lower file have to know that there is one less.
      links = upper() != nullptr;
    }
    const Status copied = links ? copy_up_all(std::array{this, node.get()}) : copy_up();
    if (!copied) return copied;
  }
}

/// The upper's count does not go down by itself when such a name goes.
bool OverlayNode::is_below_alone(std::string_view name, const OverlayNode& node) const {
  return state_.lasting != nullptr && !node.is_directory() && !upper()->lookup(name);
}

Result<bool> OverlayNode::may_lose_name(OverlayNode& node) const {
  if (upper() == nullptr) return false;
  if (state_.lasting == nullptr || node.upper() != nullptr) return true;
  const Result<Attr> attr = node.attr();
  return attr ? Result<bool>(attr->nlink < 2) : fail(attr.error());
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
      if (upper() != nullptr) {
        if (const Status removed = remove_in_upper(name, *node); !removed) return removed;
        count_subdirectory(-1);
        node->mark_removed();
        return {};
      }
    }
    if (const Status copied = copy_up(); !copied) return copied;
  }
}

}  // namespace wasifs
