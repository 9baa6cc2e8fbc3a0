// SPDX-License-Identifier: Apache-2.0
#include "compose/merged_node.h"

#include <algorithm>
#include <new>
#include <string>
#include <vector>

namespace wasifs {

MergedTree::MergedTree(const OverlayLayers& layers) : layers_(layers) {
  LayerNodes roots;
  for (std::uint32_t i = 0; i < layers.lowers.size(); ++i) roots.push_back({i + 1, layers.lowers[i]->root()});
  root_ = MergedNode::make(*this, std::move(roots), nullptr, {});
}

MergedTree::~MergedTree() {
  // In a loop, because a tree may be deeper than the stack. Where a file has several
  // names, one directory has it in its table.
  std::vector<MergedNode*> doomed{root_};
  while (!doomed.empty()) {
    MergedNode* const node = doomed.back();
    doomed.pop_back();
    if (MergedNode::Directory* const directory = node->directory_.load(std::memory_order_relaxed))
      directory->children.each([&](MergedNode& child) { doomed.push_back(&child); });
    delete node;
  }
}

MergedNode::MergedNode(MergedTree& tree, LayerNodes parts, MergedNode* parent, std::string_view name)
    : LayeredNode(parts.front().node->type(), Pinned{}),
      name_size_(static_cast<std::uint8_t>(name.size())),
      tree_(tree),
      parts_(std::move(parts)),
      parent_(parent) {
  // The root's name is empty and may be null, which memcpy does not allow.
  std::ranges::copy(name, reinterpret_cast<char*>(this) + sizeof(MergedNode));
}

MergedNode* MergedNode::make(MergedTree& tree, LayerNodes parts, MergedNode* parent, std::string_view name) {
  return ::new (::operator new(sizeof(MergedNode) + name.size()))
      MergedNode(tree, std::move(parts), parent, name);
}

LayeredNode::Location MergedNode::location() const {
  return {.parent = Ref<LayeredNode>(parent_), .name = std::string(name())};
}

MergedNode::Directory& MergedNode::directory() {
  Directory* known = directory_.load(std::memory_order_acquire);
  if (known != nullptr) return *known;
  auto fresh = std::make_unique<Directory>();
  if (!directory_.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) return *known;
  return *fresh.release();
}

Result<const MergedIndex*> MergedNode::index() {
  std::atomic<const MergedIndex*>& place = directory().index;
  const MergedIndex* known = place.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  // Two that make it at once make the same; without a lock, because that may take long.
  Result<std::unique_ptr<const MergedIndex>> made = MergedIndex::make(tree_.layers_, parts_.nodes());
  if (!made) return fail(made.error());
  if (!place.compare_exchange_strong(known, made->get(), std::memory_order_acq_rel)) return known;
  return made->release();
}

Result<Attr> MergedNode::attr() {
  Result<Attr> attr = top().attr();
  if (!attr) return attr;
  attr->ino = number(attr->ino);
  if (parts_.is_one()) return attr;
  if (const Result<const MergedIndex*> merged = index()) {
    attr->nlink = 2 + (*merged)->subdirectories();
  } else {
    attr = fail(merged.error());
  }
  return attr;  // the only thing returned, so that it is never copied
}

Result<NodeRef> MergedNode::lookup(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  const std::uint64_t hash = tree_.layers_.hash(0, name);
  if (const Directory* const looked_into = directory_.load(std::memory_order_acquire)) {
    if (MergedNode* const known = looked_into->children.find(name, hash)) return NodeRef(known);
  }
  Result<LayerNodes> found = find_parts(name, hash);
  if (!found) return fail(found.error());
  if (found->empty()) return fail(Errc::enoent);
  const Result<MergedNode*> child = enter(*std::move(found), name, hash);
  return child ? Result<NodeRef>(NodeRef(*child)) : fail(child.error());
}

Result<LayerNodes> MergedNode::find_parts(std::string_view name, std::uint64_t hash) {
  if (!parts_.is_one()) {
    if (const Result<const MergedIndex*> merged = index()) {
      const MergedIndex::Entry* const entry = (*merged)->find(name, hash);
      return entry != nullptr ? find_indexed(**merged, *entry) : LayerNodes();
    }
  }
  // There is one part, or one of them cannot be listed.
  LayerNodes found;
  for (const LayerNode& part : parts_) {
    Result<NodeRef> node = part.node->lookup(name);
    if (!node && node.error() == Errc::enoent) continue;
    if (!node) return fail(node.error());
    const bool directory = (*node)->is_directory();
    if (directory || found.empty()) found.push_back({part.layer, *std::move(node)});
    if (!directory) break;
  }
  return found;
}

Result<LayerNodes> MergedNode::find_indexed(const MergedIndex& merged,
                                            const MergedIndex::Entry& entry) const {
  Result<LayerNode> first = merged.top(entry, parts_.nodes());
  if (!first) return fail(first.error());
  LayerNodes found(*std::move(first));
  if (!found.front().node->is_directory()) return found;
  const auto add = [&](LayerNode next) { found.push_back(std::move(next)); };
  const Status added = merged.each_further(entry, parts_.nodes(), add);
  return added ? Result<LayerNodes>(std::move(found)) : fail(added.error());
}

Result<MergedNode*> MergedNode::enter(LayerNodes parts, std::string_view name, std::uint64_t hash) {
  const LayerNode first = parts.front();
  const Result<Attr> attr = first.node->attr();
  if (!attr) return fail(attr.error());
  Directory& here = directory();
  const std::scoped_lock held(here.lock);
  if (MergedNode* const known = here.children.find(name, hash)) return known;
  if (attr->nlink < 2 || first.node->is_directory()) return make_child(std::move(parts), name);
  const std::scoped_lock links_held(tree_.links_lock_);
  MergedNode*& link = tree_.links_[{first.layer, first.node.get()}];
  // Under its other names it is found here each time.
  if (link == nullptr) link = make_child(std::move(parts), name);
  return link;
}

MergedNode* MergedNode::make_child(LayerNodes parts, std::string_view name) {
  MergedNode* const made = make(tree_, std::move(parts), this, name);
  directory().children.enter(*made, tree_.layers_.hash);
  return made;
}

Result<FilePtr> MergedNode::open(OpenFlags flags) {
  if (is_directory()) return fail(Errc::eisdir);
  // Opening a device for writing changes nothing in a file system.
  if (type() != FileType::regular) return top().open(flags);
  if (flags.write || flags.truncate) return fail(Errc::erofs);
  return top().open({.read = flags.read});
}

Result<DirPtr> MergedNode::open_dir() {
  if (!is_directory()) return fail(Errc::enotdir);
  if (!parts_.is_one()) {
    const Result<const MergedIndex*> merged = index();
    if (!merged) return fail(merged.error());
    return (*merged)->open_dir();
  }
  return open_layer_dir(parts_.front(), tree_.layers_.inos);
}

Status MergedNode::set_attr(const SetAttr&) { return fail(Errc::erofs); }

Result<NodeRef> MergedNode::create(std::string_view name, const NewNode&) {
  const Result<NodeRef> present = lookup(name);
  if (present) return fail(Errc::eexist);
  return fail(present.error() == Errc::enoent ? Errc::erofs : present.error());
}

Result<NodeRef> MergedNode::create_anonymous(const NewNode&) {
  return fail(is_directory() ? Errc::erofs : Errc::enotdir);
}

Status MergedNode::link(std::string_view name, Node& target) {
  if (!is_directory()) return fail(Errc::enotdir);
  const auto* const node = dynamic_cast<const MergedNode*>(&target);
  if (node == nullptr || &node->tree_ != &tree_) return fail(Errc::exdev);
  if (node->is_directory() || node->sealed()) return fail(Errc::eperm);
  const Result<NodeRef> made = create(name, {});
  return fail(made.error());
}

Status MergedNode::unlink(std::string_view name) {
  const Result<NodeRef> present = lookup(name);
  if (!present) return fail(present.error());
  return fail((*present)->is_directory() ? Errc::eisdir : Errc::erofs);
}

Status MergedNode::rmdir(std::string_view name) {
  const Result<NodeRef> present = lookup(name);
  if (!present) return fail(present.error());
  return fail((*present)->is_directory() ? Errc::erofs : Errc::enotdir);
}

Status MergedNode::rename(std::string_view, Node& new_parent, std::string_view, RenameMode mode) {
  if (mode == RenameMode::whiteout) return fail(Errc::einval);
  if (!is_directory() || !new_parent.is_directory()) return fail(Errc::enotdir);
  const auto* const to = dynamic_cast<const MergedNode*>(&new_parent);
  return fail(to == nullptr || &to->tree_ != &tree_ ? Errc::exdev : Errc::erofs);
}

}  // namespace wasifs
