// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
#include <functional>

#include "fs/memory/memory_node.h"

namespace wasifs {

/// One rename, with everything it needs locked.
class MemoryRename {
 public:
  MemoryRename(MemoryDir& from, std::string_view name, MemoryDir& to, std::string_view new_name)
      : from_(from), name_(name), to_(to), new_name_(new_name), topology_(from.state_.rename_lock) {
    // Ancestors first; see the lock order at MemoryState.
    const bool to_first =
        &from != &to && (is_below(from, to) || (!is_below(to, from) && std::less<>{}(&to, &from)));
    held_[0] = MemoryNode::Lock(to_first ? to.lock_ : from.lock_);
    if (&from != &to) held_[1] = MemoryNode::Lock(to_first ? from.lock_ : to.lock_);
  }

  Status run(RenameMode mode) {
    const auto source = from_.find(name_);
    if (source == from_.entries_.end() || to_.removed_) return fail(Errc::enoent);
    const auto target = to_.find(new_name_);
    const bool taken = target != to_.entries_.end();
    if (mode == RenameMode::no_replace && taken) return fail(Errc::eexist);
    if (mode == RenameMode::exchange && !taken) return fail(Errc::enoent);
    moved_ = source->second.node;
    if (into_itself(*moved_, to_)) return fail(Errc::einval);
    if (taken && target->second.node == moved_) return {};
    if (mode == RenameMode::whiteout) {
      if (const Status made = make_whiteout(); !made) return made;
    }
    if (!taken) return move(source);
    replaced_ = target->second.node;
    if (mode == RenameMode::exchange) return exchange(source, target);
    if (const Status may = may_replace(); !may) return may;
    return replace(source, target);
  }

 private:
  using Entries = MemoryDir::Entries;

  static bool is_below(const MemoryDir& node, const MemoryDir& ancestor) {
    for (const MemoryDir* at = &node; at != nullptr; at = at->parent_) {
      if (at == &ancestor) return true;
    }
    return false;
  }
  static bool into_itself(const MemoryNode& node, const MemoryDir& to) {
    return node.is_directory() && is_below(to, static_cast<const MemoryDir&>(node));
  }

  /// What is to lie at the old name: made before anything changes, since there may
  /// be no room for it.
  Status make_whiteout() {
    const NewNode spec{
        .type = FileType::char_device, .mode = 0, .uid = ::geteuid(), .gid = ::getegid(), .rdev = 0};
    Result<Ref<MemoryNode>> made = from_.make(spec);
    if (!made) return fail(made.error());
    whiteout_ = *std::move(made);
    whiteout_->nlink_ = 1;
    return {};
  }

  void leave(Entries::iterator source) {
    if (whiteout_) {
      set(from_, source, whiteout_);
    } else {
      from_.erase(source);
    }
  }

  Status may_replace() {
    if (!replaced_->is_directory()) return moved_->is_directory() ? Status(fail(Errc::enotdir)) : Status{};
    // A directory that is an ancestor of the source holds it, so it is not empty;
    // it is locked already and must not be locked again.
    if (is_below(from_, static_cast<MemoryDir&>(*replaced_))) return fail(Errc::enotempty);
    if (!moved_->is_directory()) return fail(Errc::eisdir);
    const MemoryNode::SharedLock held(replaced_->lock_);
    return static_cast<MemoryDir&>(*replaced_).entries_.empty() ? Status{} : fail(Errc::enotempty);
  }

  /// With rename_lock held nobody can add a directory's first entry unseen
  /// except create and link, which take the directory's lock: so the emptiness
  /// is checked again under the lock that marks it removed.
  Status replace(Entries::iterator source, Entries::iterator target) {
    {
      const MemoryNode::Lock held(replaced_->lock_);
      if (replaced_->is_directory()) {
        auto& directory = static_cast<MemoryDir&>(*replaced_);
        if (!directory.entries_.empty()) return fail(Errc::enotempty);
        directory.removed_ = true;
        directory.parent_ = nullptr;
      } else {
        --replaced_->nlink_;
      }
      replaced_->touch_changed();
    }
    // The new name keeps its place in a listing and is never absent.
    set(to_, target, moved_);
    leave(source);
    return {};
  }

  Status move(Entries::iterator source) {
    // Inserted before it is erased: one of the two is always there.
    to_.insert(new_name_, moved_);
    leave(source);
    settle(to_, *moved_);
    return {};
  }

  Status exchange(Entries::iterator source, Entries::iterator target) {
    if (into_itself(*replaced_, from_)) return fail(Errc::einval);
    set(to_, target, moved_);
    set(from_, source, replaced_);
    return {};
  }

  /// Puts `node` under an existing name of `dir`.
  void set(MemoryDir& dir, Entries::iterator entry, const Ref<MemoryNode>& node) {
    if (entry->second.node->is_directory()) --dir.subdirectories_;
    if (node->is_directory()) ++dir.subdirectories_;
    entry->second.node = node;
    dir.touch_modified();
    settle(dir, *node);
  }

  void settle(MemoryDir& dir, MemoryNode& node) {
    if (node.is_directory()) static_cast<MemoryDir&>(node).parent_ = &dir;
    if (&node == &from_ || &node == &to_) {
      node.touch_changed();  // its lock is one of ours
      return;
    }
    const MemoryNode::Lock held(node.lock_);
    node.touch_changed();
  }

  MemoryDir& from_;
  std::string_view name_;
  MemoryDir& to_;
  std::string_view new_name_;
  Ref<MemoryNode> moved_;  // declared before the locks: they outlive them
  Ref<MemoryNode> replaced_;
  Ref<MemoryNode> whiteout_;
  std::unique_lock<std::mutex> topology_;
  std::array<MemoryNode::Lock, 2> held_;
};

Status MemoryDir::rename(std::string_view name, Node& new_parent, std::string_view new_name,
                         RenameMode mode) {
  auto* const to = dynamic_cast<MemoryDir*>(&new_parent);
  if (to == nullptr) return fail(new_parent.is_directory() ? Errc::exdev : Errc::enotdir);
  if (&to->state_ != &state_) return fail(Errc::exdev);
  return MemoryRename(*this, name, *to, new_name).run(mode);
}

}  // namespace wasifs
