// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <functional>
#include <span>

#include "compose/overlay_node.h"

namespace wasifs {

/// One rename. Everything that moves is copied up first, so that the upper's own
/// atomic rename is the moment at which it happens; a directory keeps its lowers
/// wherever it goes, because they belong to the node and not to the path. Nothing
/// is copied up for a rename that will be refused.
class OverlayRename {
 public:
  OverlayRename(OverlayNode& from, std::string_view name, OverlayNode& to, std::string_view new_name,
                RenameMode mode)
      : from_(from), name_(name), to_(to), new_name_(new_name), mode_(mode), state_(from.state_) {}

  Status run() {
    for (;;) {
      const Status done = locked();
      if (done || done.error() != Errc::estale) return done;
      // Something has no upper yet; by the next look another thread may have put
      // something else at one of the names.
      std::array<OverlayNode*, 4> all{&from_, &to_, moved_.get(), target_.get()};
      const std::size_t count = mode_ == RenameMode::exchange || target_rises_ ? 4 : 3;
      const Status copied = OverlayNode::copy_up_all(std::span(all).first(count));
      if (!copied) return copied;
    }
  }

 private:
  static bool is_below(const OverlayNode& node, const OverlayNode& ancestor) {
    for (const OverlayNode* at = &node; at != nullptr; at = at->parent_.get()) {
      if (at == &ancestor) return true;
    }
    return false;
  }

  Status locked() {
    const std::scoped_lock topology(state_.rename_lock);
    const bool to_first =
        &from_ != &to_ && (is_below(from_, to_) || (!is_below(to_, from_) && std::less<>{}(&to_, &from_)));
    const OverlayNode::Lock first(to_first ? to_.lock_ : from_.lock_);
    const OverlayNode::Lock second =
        &from_ == &to_ ? OverlayNode::Lock() : OverlayNode::Lock(to_first ? from_.lock_ : to_.lock_);

    Result<Ref<OverlayNode>> moved = from_.find(name_);
    if (!moved) return fail(moved.error());
    moved_ = std::move(*moved);
    if (to_.own().removed) return fail(Errc::enoent);
    Result<Ref<OverlayNode>> target = to_.find(new_name_);
    if (!target && target.error() != Errc::enoent) return fail(target.error());
    target_ = target ? std::move(*target) : nullptr;
    if (mode_ == RenameMode::no_replace && target_) return fail(Errc::eexist);
    if (mode_ == RenameMode::exchange && !target_) return fail(Errc::enoent);
    if (moved_->is_directory() && is_below(to_, *moved_)) return fail(Errc::einval);
    if (moved_ == target_) return {};
    return mode_ == RenameMode::exchange ? exchange() : move();
  }

  /// True if all that the upper's rename deals with is there.
  [[nodiscard]] bool all_upper() const {
    return from_.upper() != nullptr && to_.upper() != nullptr && moved_->upper() != nullptr &&
           (mode_ != RenameMode::exchange || target_->upper() != nullptr);
  }

  Status may_replace() {
    if (!target_->is_directory()) return moved_->is_directory() ? Status(fail(Errc::enotdir)) : Status{};
    if (is_below(from_, *target_)) return fail(Errc::enotempty);
    if (!moved_->is_directory()) return fail(Errc::eisdir);
    return {};
  }

  /// The upper's rename, and whiteouts where lowers would show through.
  Status rename_upper(RenameMode mode) {
    const Result<bool> hide_old = from_.needs_hiding(name_);
    if (!hide_old) return fail(hide_old.error());
    const Result<bool> hide_new = to_.needs_hiding(new_name_);
    if (!hide_new) return fail(hide_new.error());
    if (state_.lasting != nullptr) return rename_lasting(mode, *hide_old, *hide_new);
    if (const Status renamed = from_.upper()->rename(name_, *to_.upper(), new_name_, mode); !renamed)
      return renamed;
    if (*hide_old) from_.hide(name_);
    if (*hide_new) to_.hide(new_name_);
    return {};
  }

  Status rename_lasting(RenameMode mode, bool hide_old, bool hide_new) {
    const LastingUpper::Move move{*from_.upper(), name_, *to_.upper(), new_name_};
    if (const Status ready = leave(*moved_, from_, name_, to_, hide_new); !ready) return ready;
    if (mode != RenameMode::exchange) return state_.lasting->rename(move, hide_old);
    if (const Status ready = leave(*target_, to_, new_name_, from_, hide_old); !ready) return ready;
    return LastingUpper::exchange(move);
  }

  /// What the upper has to say of `node` before it goes from `parent` to `there`:
  /// where its lowers are, or that what has its new name in the lowers is none of them.
  Status leave(OverlayNode& node, OverlayNode& parent, std::string_view name, OverlayNode& there,
               bool something_below) {
    if (node.from_lower()) {
      if (const Status noted = there.note_impure(); !noted) return noted;
    }
    if (!node.is_directory()) return {};
    const OverlayNode::Lock held(node.lock_);
    OverlayMarks::Directory& marks = node.remembered()->directory;
    if (!node.lowers_.empty()) {
      // Kernel overlayfs follows no redirects in attributes that users can set.
      if (state_.options.marks == MarkSpace::user) return fail(Errc::exdev);
      std::string redirect = redirect_of(node, parent, name, there);
      if (redirect == marks.redirect) return {};
      const Status set = state_.marks.set_redirect(*node.upper(), redirect);
      if (!set) return set.error() == Errc::erange || set.error() == Errc::enospc ? fail(Errc::exdev) : set;
      marks.redirect = std::move(redirect);
    } else if (something_below && !marks.opaque) {
      if (const Status set = state_.marks.set_opaque(*node.upper()); !set) return set;
      marks.opaque = true;
    }
    return {};
  }

  /// Where the lowers of `node` are: beside it under another name, or at a path of
  /// theirs, which is that of the overlay where no directory on it was renamed.
  static std::string redirect_of(const OverlayNode& node, const OverlayNode& parent, std::string_view name,
                                 const OverlayNode& there) {
    const std::string& known = node.remembered()->directory.redirect;
    std::string path(known.empty() ? name : std::string_view(known));
    if (path.starts_with('/') || &parent == &there) return path;
    for (const OverlayNode* at = &parent; at->parent_ != nullptr; at = at->parent_.get()) {
      const std::string& redirect = at->remembered()->directory.redirect;
      path.insert(0, "/").insert(0, redirect.empty() ? at->name() : std::string_view(redirect));
      if (path.starts_with('/')) return path;
    }
    return "/" + path;
  }

  Status move() {
    OverlayNode::Lock target_held;
    if (target_) {
      if (const Status may = may_replace(); !may) return may;
      if (target_->is_directory()) {
        target_held = OverlayNode::Lock(target_->lock_);
        if (const Status empty = target_->check_empty(); !empty) return empty;
      }
    }
    if (!all_upper()) return fail(Errc::estale);
    if (target_ && !target_->is_directory()) {
      const Result<bool> ready = to_.may_lose_name(*target_);
      if (!ready) return fail(ready.error());
      target_rises_ = !*ready;
      if (target_rises_) return fail(Errc::estale);
    }
    if (const Status named = from_.materialise(name_, *moved_); !named) return named;
    const bool below = target_ && to_.is_below_alone(new_name_, *target_);
    if (const Status renamed = rename_upper(RenameMode::replace); !renamed) return renamed;
    if (below) target_->note_links(-1);
    if (moved_->is_directory()) {
      from_.count_subdirectory(-1);
      to_.count_subdirectory(1);
    }
    if (target_ && target_->is_directory()) {
      to_.count_subdirectory(-1);
      target_->mark_removed();
    } else if (target_) {
      target_->lost_name(to_, new_name_);
    }
    place(*moved_, to_, new_name_);
    return {};
  }

  Status exchange() {
    if (target_->is_directory() && is_below(from_, *target_)) return fail(Errc::einval);
    if (!all_upper()) return fail(Errc::estale);
    if (const Status named = from_.materialise(name_, *moved_); !named) return named;
    if (const Status named = to_.materialise(new_name_, *target_); !named) return named;
    if (const Status renamed = rename_upper(RenameMode::exchange); !renamed) return renamed;
    const int directories = (target_->is_directory() ? 1 : 0) - (moved_->is_directory() ? 1 : 0);
    from_.count_subdirectory(directories);
    to_.count_subdirectory(-directories);
    place(*moved_, to_, new_name_);
    place(*target_, from_, name_);
    return {};
  }

  static void place(OverlayNode& node, OverlayNode& parent, std::string_view name) {
    const OverlayNode::Lock held(node.lock_);
    node.parent_ = Ref<OverlayNode>(&parent);
    node.set_name(name);
    // The layers say no more that its lowers belong to it, now that it is elsewhere.
    if (!node.lowers_.empty()) node.pin();
  }

  OverlayNode& from_;
  std::string_view name_;
  OverlayNode& to_;
  std::string_view new_name_;
  RenameMode mode_;
  OverlayState& state_;
  Ref<OverlayNode> moved_;  // outlive the locks: they may be the last references
  Ref<OverlayNode> target_;
  bool target_rises_ = false;  ///< what is replaced has to be copied up
};

Status OverlayNode::rename(std::string_view name, Node& new_parent, std::string_view new_name,
                           RenameMode mode) {
  // As kernel overlayfs: its whiteouts are its own business.
  if (mode == RenameMode::whiteout) return fail(Errc::einval);
  if (!is_directory() || !new_parent.is_directory()) return fail(Errc::enotdir);
  auto* const to = dynamic_cast<OverlayNode*>(&new_parent);
  if (to == nullptr || &to->state_ != &state_) return fail(Errc::exdev);
  if (state_.upper == nullptr) return fail(Errc::erofs);
  return OverlayRename(*this, name, *to, new_name, mode).run();
}

}  // namespace wasifs
