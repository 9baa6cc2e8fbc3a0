// SPDX-License-Identifier: Apache-2.0
#include "compose/overlay_node.h"

#include <algorithm>
#include <new>

namespace wasifs {

const OverlayNode::OwnState OverlayNode::kNone;

OverlayNode::OverlayNode(OverlayState& state, FileType type, std::uint64_t ino, Parts parts,
                         Ref<OverlayNode> parent, std::string_view name)
    : LayeredNode(type),
      born_in_upper_(parts.upper != nullptr),
      first_name_size_(static_cast<std::uint8_t>(name.size())),
      state_(state),
      ino_(ino),
      lowers_(std::move(parts.lowers)),
      upper_(parts.upper.detach()),
      parent_(std::move(parent)) {
  // The root's name is empty and may be null, which memcpy does not allow.
  std::ranges::copy(name, reinterpret_cast<char*>(this) + sizeof(OverlayNode));
  if (is_directory() && state.lasting != nullptr && parts.remembered == nullptr) {
    parts.remembered = std::make_unique<Remembered>();
  }
  if (parts.remembered != nullptr) make_own().remembered = std::move(parts.remembered);
}

Ref<OverlayNode> OverlayNode::make(OverlayState& state, std::uint64_t ino, Parts parts,
                                   Ref<OverlayNode> parent, std::string_view name) {
  static_assert(sizeof(OverlayNode) <= 88);
  const FileType type = (parts.upper ? parts.upper : parts.lowers.front().node)->type();
  void* const memory = ::operator new(sizeof(OverlayNode) + name.size());
  return Ref<OverlayNode>(::new (memory)
                              OverlayNode(state, type, ino, std::move(parts), std::move(parent), name));
}

OverlayNode::~OverlayNode() {
  delete own_.load(std::memory_order_relaxed);
  if (Node* const upper_node = upper()) upper_node->release();
}

OverlayNode::OwnState& OverlayNode::make_own() const {
  OwnState* known = own_.load(std::memory_order_acquire);
  if (known != nullptr) return *known;
  auto fresh = std::make_unique<OwnState>();
  // Two that only look may need it at once.
  if (!own_.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) return *known;
  return *fresh.release();
}

void OverlayNode::set_name(std::string_view name) {
  OwnState& own = make_own();
  own.name = name;
  own.renamed = true;
}

void OverlayNode::dispose() noexcept {
  // The last reference to a node may be the last one to its parent, and so on
  // up; walked in a loop, because a tree may be deeper than the stack.
  OverlayNode* doomed = this;
  while (doomed != nullptr) {
    doomed->state_.table.remove(*doomed, doomed->born_in_upper_ ? nullptr : doomed->upper());
    OverlayNode* const parent = doomed->parent_.detach();
    delete doomed;
    doomed = parent != nullptr && parent->drop() ? parent : nullptr;
  }
}

Node& OverlayNode::top() const {
  Node* const upper_node = upper();
  return upper_node != nullptr ? *upper_node : *lowers_.front().node;
}

OverlayNode::Location OverlayNode::place() const {
  const SharedLock held(lock_);
  return {parent_, std::string(name())};
}

LayeredNode::Location OverlayNode::location() const {
  Location where = place();
  return {std::move(where.parent), std::move(where.name)};
}

std::vector<LayerNode> OverlayNode::parts() const {
  std::vector<LayerNode> parts;
  if (upper() != nullptr) parts.push_back({0, NodeRef(upper())});
  parts.insert(parts.end(), lowers_.begin(), lowers_.end());
  return parts;
}

bool OverlayNode::hides(std::string_view name) const {
  const SharedLock held(lock_);
  return hidden(name);
}

void OverlayNode::pin() {
  if (state_.lasting == nullptr && !set_flag(kPinned, true)) add_ref();
}

void OverlayNode::unpin() {
  if (set_flag(kPinned, false)) release();
}

Result<Attr> OverlayNode::attr() {
  const SharedLock held(lock_);
  Result<Attr> attr = top().attr();
  if (attr) {
    if (const Status shown = show(*attr); !shown) attr = fail(shown.error());
  }
  return attr;  // the only thing returned, so that it is never copied
}

Status OverlayNode::show(Attr& attr) {
  attr.ino = ino_;
  if (upper() != nullptr && content_upper() == nullptr) {
    const Result<Attr> content = lowers_.front().node->attr();
    if (!content) return fail(content.error());
    attr.size = content->size;
    attr.blocks = content->blocks;
  }
  if (is_directory()) {
    const Result<std::uint32_t> links = directory_links();
    if (!links) return fail(links.error());
    attr.nlink = *links;
  } else if (state_.lasting != nullptr) {
    attr.nlink =
        static_cast<std::uint32_t>(std::max<std::int64_t>(0, std::int64_t{attr.nlink} + more_links()));
  } else if (!lowers_.empty()) {
    const std::int64_t below = upper() != nullptr ? own().lower_links : attr.nlink;
    attr.nlink = static_cast<std::uint32_t>(std::max<std::int64_t>(0, below + own().extra_links));
  }
  return {};
}

Result<Link> OverlayNode::read_link() {
  const SharedLock held(lock_);
  Result<Link> link = top().read_link();
  // A link that was copied up means what its layer meant by it, wherever it is now.
  if (link && own().layer_rooted) link->layer_rooted = true;
  return link;
}

const MergedIndex* OverlayNode::sole_index() const {
  if (upper() != nullptr || !own().hidden.empty() || fixed_lowers().size() != lowers_.size()) return nullptr;
  return index();
}

Result<std::uint32_t> OverlayNode::directory_links() {
  if (own().removed) return 0;
  const std::size_t sources = lowers_.size() + (upper() != nullptr ? 1 : 0);
  if (sources == 1 && own().hidden.empty()) {
    const Result<Attr> attr = top().attr();
    return attr ? Result<std::uint32_t>(attr->nlink) : fail(attr.error());
  }
  // Counting needs the merged listing. Over a directory that others change that
  // would be wrong at once: 1 says "not counted", as btrfs and overlayfs do.
  if (state_.shared) return 1;
  if (const MergedIndex* const merged = sole_index()) return 2 + merged->subdirectories();
  std::int64_t count = own().subdirectories.load(std::memory_order_relaxed);
  if (count == kUncounted) {
    // Two that count at once come to the same: whoever changes it has lock_ alone.
    const Result<std::vector<Item>> items = list_locked();
    if (!items) return fail(items.error());
    count = std::ranges::count(*items, FileType::directory, &Item::type);
    make_own().subdirectories.store(count, std::memory_order_relaxed);
    // Kept, or a loop that looks at the directory by path would count each time.
    pin();
  }
  return static_cast<std::uint32_t>(2 + count);
}

void OverlayNode::count_subdirectory(int change) {
  const std::int64_t count = own().subdirectories.load(std::memory_order_relaxed);
  if (count != kUncounted) make_own().subdirectories.store(count + change, std::memory_order_relaxed);
}

Status OverlayNode::set_attr(const SetAttr& change) {
  if (state_.upper == nullptr) return fail(Errc::erofs);
  if (change.size && type() != FileType::regular) return fail(is_directory() ? Errc::eisdir : Errc::einval);
  const Content content = !change.size ? Content::later : *change.size != 0 ? Content::copied : Content::none;
  return change_upper(content, [&](Node& upper) { return upper.set_attr(change); });
}

Result<std::string> OverlayNode::get_xattr(std::string_view name) {
  if (state_.is_mark(name)) return fail(Errc::enodata);
  return top().get_xattr(name);
}

Result<std::vector<std::string>> OverlayNode::list_xattrs() {
  Result<std::vector<std::string>> names = top().list_xattrs();
  if (names) std::erase_if(*names, [this](const std::string& name) { return state_.is_mark(name); });
  return names;
}

Status OverlayNode::set_xattr(std::string_view name, std::string_view value, XattrMode mode) {
  if (state_.upper == nullptr) return fail(Errc::erofs);
  if (state_.is_mark(name)) return fail(Errc::eperm);
  UpperRoom room;
  if (upper() == nullptr) {
    // Told before the copy-up that a refusal should not cause.
    const Result<std::string> present = get_xattr(name);
    if (!present && present.error() != Errc::enodata) return fail(present.error());
    if (present && mode == XattrMode::create) return fail(Errc::eexist);
    if (!present && mode == XattrMode::replace) return fail(Errc::enodata);
    const std::size_t before = present ? name.size() + present->size() : 0;
    room.bytes = std::max(before, name.size() + value.size()) - before;
  }
  return change_upper(Content::later, [&](Node& upper) { return upper.set_xattr(name, value, mode); }, room);
}

Status OverlayNode::remove_xattr(std::string_view name) {
  if (state_.upper == nullptr) return fail(Errc::erofs);
  if (const Result<std::string> present = get_xattr(name); !present) return fail(present.error());
  return change_upper(Content::later, [&](Node& upper) { return upper.remove_xattr(name); });
}

Result<std::vector<OverlayNode::Item>> OverlayNode::list() {
  const SharedLock held(lock_);
  return list_locked();
}

}  // namespace wasifs
