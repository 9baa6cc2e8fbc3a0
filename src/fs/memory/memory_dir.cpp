// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>

#include "fs/memory/memory_node.h"

namespace wasifs {

MemoryDir::MemoryDir(MemoryState& state, const NewNode& spec, Charge& charge, MemoryDir* parent)
    : MemoryNode(state, spec, charge), parent_(parent) {}

void MemoryDir::dispose() noexcept {
  // A chain of directories may be deeper than the stack: take over what would
  // be disposed of with us instead of letting each level destroy the next.
  Entries doomed = std::move(entries_);
  entries_.clear();
  delete this;
  while (!doomed.empty()) {
    auto first = doomed.extract(doomed.begin());
    Ref<MemoryNode> node = std::move(first.mapped().node);
    if (!node->is_directory() || !node.get()->unique()) continue;
    auto& below = static_cast<MemoryDir&>(*node).entries_;
    while (!below.empty()) {
      auto entry = below.extract(below.begin());
      // Cookies of different directories collide; any free key will do.
      entry.key() = doomed.empty() ? 0 : doomed.rbegin()->first + 1;
      doomed.insert(doomed.end(), std::move(entry));
    }
  }
}

void MemoryDir::fill_attr(Attr& attr) const { attr.nlink = removed_ ? 0 : 2 + subdirectories_; }

MemoryDir::Entries::iterator MemoryDir::find(std::string_view name) {
  const auto found = index_.find(name);
  return found == index_.end() ? entries_.end() : found->second;
}

void MemoryDir::insert(std::string_view name, Ref<MemoryNode> node) {
  if (node->is_directory()) ++subdirectories_;
  const auto entry = entries_.emplace_hint(entries_.end(), next_cookie_++,
                                           Entry{.name = std::string(name), .node = std::move(node)});
  index_.emplace(entry->second.name, entry);
  touch_modified();
}

void MemoryDir::erase(Entries::iterator entry) {
  if (entry->second.node->is_directory()) --subdirectories_;
  index_.erase(entry->second.name);
  entries_.erase(entry);
  touch_modified();
}

Result<NodeRef> MemoryDir::lookup(std::string_view name) {
  const SharedLock held(lock_);
  const auto found = index_.find(name);
  if (found == index_.end()) return fail(Errc::enoent);
  return NodeRef(found->second->second.node);
}

Result<Ref<MemoryNode>> MemoryDir::make(const NewNode& spec) {
  const std::uint64_t text = spec.type == FileType::symlink ? spec.target.size() : 0;
  Charge charge;
  if (const Status charged = charge.reserve(state_.quota.get(), text, 1); !charged) {
    return fail(charged.error());
  }
  switch (spec.type) {
    case FileType::regular:
      return Ref<MemoryNode>(make_ref<MemoryFile>(state_, spec, charge));
    case FileType::directory:
      return Ref<MemoryNode>(make_ref<MemoryDir>(state_, spec, charge, this));
    case FileType::symlink:
      return Ref<MemoryNode>(make_ref<MemorySymlink>(state_, spec, charge));
    default:
      return Ref<MemoryNode>(make_ref<MemorySpecial>(state_, spec, charge));
  }
}

Result<NodeRef> MemoryDir::create(std::string_view name, const NewNode& spec) {
  const Lock held(lock_);
  if (removed_) return fail(Errc::enoent);
  if (find(name) != entries_.end()) return fail(Errc::eexist);
  Result<Ref<MemoryNode>> node = make(spec);
  if (!node) return fail(node.error());
  (*node)->nlink_ = 1;
  insert(name, *node);
  return NodeRef(*std::move(node));
}

Result<NodeRef> MemoryDir::create_anonymous(const NewNode& spec) {
  if (spec.type == FileType::directory) return fail(Errc::einval);
  Result<Ref<MemoryNode>> node = make(spec);
  if (!node) return fail(node.error());
  (*node)->nameless_ = true;
  return NodeRef(*std::move(node));
}

Status MemoryDir::link(std::string_view name, Node& target) {
  auto* const node = dynamic_cast<MemoryNode*>(&target);
  if (node == nullptr || &node->state_ != &state_) return fail(Errc::exdev);
  if (node->is_directory()) return fail(Errc::eperm);
  const Lock held(lock_);
  if (removed_) return fail(Errc::enoent);
  if (find(name) != entries_.end()) return fail(Errc::eexist);
  {
    const Lock target_held(node->lock_);
    if (node->nlink_ == 0 && !node->nameless_) return fail(Errc::enoent);
    if (node->nlink_ == std::numeric_limits<std::uint32_t>::max()) return fail(Errc::emlink);
    ++node->nlink_;
    node->nameless_ = false;
    node->touch_changed();
  }
  insert(name, Ref<MemoryNode>(node));
  return {};
}

Status MemoryDir::unlink(std::string_view name) {
  const Lock held(lock_);
  const auto entry = find(name);
  if (entry == entries_.end()) return fail(Errc::enoent);
  const Ref<MemoryNode> node = entry->second.node;  // outlives the lock on it
  if (node->is_directory()) return fail(Errc::eisdir);
  erase(entry);
  const Lock node_held(node->lock_);
  --node->nlink_;
  node->touch_changed();
  return {};
}

Status MemoryDir::rmdir(std::string_view name) {
  const std::scoped_lock topology(state_.rename_lock);
  const Lock held(lock_);
  const auto entry = find(name);
  if (entry == entries_.end()) return fail(Errc::enoent);
  if (!entry->second.node->is_directory()) return fail(Errc::enotdir);
  const Ref<MemoryNode> node = entry->second.node;
  auto& directory = static_cast<MemoryDir&>(*node);
  const Lock node_held(directory.lock_);
  if (!directory.entries_.empty()) return fail(Errc::enotempty);
  directory.removed_ = true;
  directory.parent_ = nullptr;
  directory.touch_changed();
  erase(entry);
  return {};
}

/// An open memory directory. Entries are copied out in batches, so that the sink
/// runs without a lock and may use the directory.
class MemoryOpenDir final : public Dir {
 public:
  explicit MemoryOpenDir(Ref<MemoryDir> node) : node_(std::move(node)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    constexpr std::size_t kBatch = 64;
    struct Copied {
      std::size_t name_size;
      std::uint64_t ino;
      FileType type;
      std::uint64_t cookie;
    };
    std::array<Copied, kBatch> batch{};
    std::string names;
    for (std::size_t count = kBatch; count == kBatch;) {
      count = 0;
      names.clear();
      {
        const MemoryNode::SharedLock held(node_->lock_);
        for (auto entry = node_->entries_.upper_bound(cookie);
             entry != node_->entries_.end() && count < kBatch; ++entry) {
          const auto& [name, node] = entry->second;
          names += name;
          batch[count++] = {name.size(), node->ino(), node->type(), entry->first};
        }
      }
      std::string_view rest = names;
      for (const Copied& entry : std::span(batch).first(count)) {
        if (!sink({.name = rest.substr(0, entry.name_size),
                   .ino = entry.ino,
                   .type = entry.type,
                   .next = entry.cookie})) {
          return {};
        }
        rest.remove_prefix(entry.name_size);
        cookie = entry.cookie;
      }
    }
    return {};
  }

 private:
  Ref<MemoryDir> node_;
};

Result<DirPtr> MemoryDir::open_dir() { return std::make_unique<MemoryOpenDir>(Ref<MemoryDir>(this)); }

}  // namespace wasifs
