// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/path.h"
#include "compose/overlay_node.h"

namespace wasifs {

/// What the lowers have of one name: the directories that merge, or the first other
/// thing. In layers that have marks a whiteout or an opaque directory ends the
/// search, and a redirect sends it somewhere else for the layers below.
class LowerSearch {
 public:
  LowerSearch(const OverlayState& state, std::span<const LayerNode> stack, std::string_view name)
      : state_(state), stack_(stack), way_(name) {}

  /// What the last `count` of the stack have of a name is in `index`.
  void use(const MergedIndex& index, std::size_t count) {
    index_ = &index;
    indexed_ = stack_.size() - count;
  }
  /// Ends the search at the first node, where the overlay has one of that already.
  void end_at_known(Ref<OverlayNode>& known) { known_ = &known; }

  /// Of a path from the root, or of another name beside the one looked for.
  void redirect(std::string to) {
    if (to.starts_with('/')) {
      stack_ = static_cast<const OverlayNode&>(*state_.root).lowers_.nodes();
      next_ = 0;
    }
    redirected_ = std::move(to);
    way_ = redirected_;
  }

  Result<LayerNodes> run() {
    while (!over_ && next_ < stack_.size()) {
      if (index_ != nullptr && next_ == indexed_ && redirected_.empty()) {
        const MergedIndex::Entry* const entry = index_->find(way_, state_.hash(0, way_));
        if (entry == nullptr) return std::move(found_);
        if (entry->type != FileType::directory || !state_.any_marked) {
          const Status added = add_indexed(*entry);
          return added ? Result<LayerNodes>(std::move(found_)) : fail(added.error());
        }
        index_ = nullptr;  // marks say what merges with it
      }
      const LayerNode& lower = stack_[next_++];
      if (lower.layer <= last_) continue;
      last_ = lower.layer;
      Result<NodeRef> child = state_.marked[lower.layer] ? walk_marked(lower) : walk(*lower.node);
      if (!child) return fail(child.error());
      if (*child != nullptr) add({last_, std::move(*child)});
    }
    return std::move(found_);
  }

 private:
  /// The node at the end of the way, or null.
  Result<NodeRef> walk(Node& lower) {
    if (redirected_.empty()) {  // nearly always
      Result<NodeRef> child = lower.lookup(way_);
      return child || child.error() != Errc::enoent ? child : NodeRef();
    }
    NodeRef at(&lower);
    for (const std::string_view name : split_path(way_)) {
      if (!at->is_directory()) {
        over_ = true;
        return NodeRef();
      }
      Result<NodeRef> child = at->lookup(name);
      if (!child) return child.error() == Errc::enoent ? NodeRef() : child;
      at = std::move(*child);
    }
    return at;
  }

  /// The same where marks count, of every name on the way: where the layers below have
  /// one of them elsewhere, the rest of the way starts there.
  Result<NodeRef> walk_marked(const LayerNode& lower) {
    const bool lowest = lower.layer == state_.lowers.size();
    if (lowest && redirected_.empty()) return step(*lower.node, way_);
    std::string below;  // the way for the layers below
    bool elsewhere = false;
    NodeRef at = lower.node;
    for (const std::string_view name : split_path(way_)) {
      std::string part(name);
      if (at != nullptr) {
        Result<NodeRef> child = step(*at, name);
        if (!child) return child;
        at = std::move(*child);
      }
      // Nobody asks for the marks of what has nothing below it.
      if (at != nullptr && at->is_directory() && !lowest) {
        Result<OverlayMarks::Directory> marks = state_.marks.of(*at);
        if (!marks) return fail(marks.error());
        over_ = over_ || marks->opaque;
        if (!marks->redirect.empty()) {
          elsewhere = true;
          part = std::move(marks->redirect);
        }
      }
      if (part.starts_with('/')) {
        // What was opaque on the way here is not on the way there.
        over_ = false;
        below = std::move(part);
      } else {
        if (!below.empty()) below += '/';
        below += part;
      }
    }
    if (elsewhere && !over_) redirect(std::move(below));
    return at;
  }

  /// Null where the name is not there, and where the way ends.
  Result<NodeRef> step(Node& dir, std::string_view name) {
    if (!dir.is_directory()) {
      over_ = true;
      return NodeRef();
    }
    Result<NodeRef> child = dir.lookup(name);
    if (!child) return child.error() == Errc::enoent ? NodeRef() : child;
    const Result<bool> whiteout = OverlayMarks::is_whiteout(**child);
    if (!whiteout) return fail(whiteout.error());
    over_ = over_ || *whiteout;
    return *whiteout ? NodeRef() : child;
  }

  Status add_indexed(const MergedIndex::Entry& entry) {
    const std::span<const LayerNode> parts = stack_.subspan(indexed_);
    Result<LayerNode> first = index_->top(entry, parts);
    if (!first) return fail(first.error());
    add(*std::move(first));
    if (over_) return {};
    return index_->each_further(entry, parts, [&](LayerNode next) { add(std::move(next)); });
  }

  /// Directories merge with directories; the first other thing ends the stack.
  void add(LayerNode child) {
    if (known_ != nullptr && found_.empty()) {
      *known_ = state_.table.find(OverlayTable::Key::of(child));
      if (*known_) {
        over_ = true;
        return;
      }
    }
    const bool directory = child.node->is_directory();
    over_ = over_ || !directory;
    if (directory || found_.empty()) found_.push_back(std::move(child));
  }

  const OverlayState& state_;
  std::span<const LayerNode> stack_;
  const MergedIndex* index_ = nullptr;
  std::size_t indexed_ = 0;  ///< where in the stack it begins
  Ref<OverlayNode>* known_ = nullptr;
  std::size_t next_ = 0;
  std::uint32_t last_ = 0;  ///< layers up to this one have been asked
  std::string redirected_;
  std::string_view way_;  ///< a name, or names with '/' between; what redirected_ has
  bool over_ = false;
  LayerNodes found_;
};

std::span<const LayerNode> OverlayNode::fixed_lowers() const {
  std::span<const LayerNode> fixed = lowers_.nodes();
  while (!fixed.empty() && fixed.front().layer < state_.first_fixed) fixed = fixed.subspan(1);
  return fixed;
}

const MergedIndex* OverlayNode::index() const {
  const MergedIndex* known = own().index.load(std::memory_order_acquire);
  if (known != nullptr || lowers_.empty()) return known;
  const std::span<const LayerNode> parts = fixed_lowers();
  const bool worth_it = parts.size() > 1 || (parts.size() == 1 && state_.marked[parts.front().layer]);
  if (!worth_it) return nullptr;
  const Result<const MergedIndex*> merged = state_.merges.get(state_, parts);
  if (!merged) return nullptr;
  make_own().index.store(*merged, std::memory_order_release);
  return *merged;
}

Result<LayerNodes> OverlayNode::find_lowers(std::string_view name, std::string_view redirect,
                                            Ref<OverlayNode>* known) const {
  if (lowers_.empty() && !redirect.starts_with('/')) return LayerNodes();
  LowerSearch search(state_, lowers_.nodes(), name);
  if (const MergedIndex* const merged = index()) search.use(*merged, fixed_lowers().size());
  if (known != nullptr) search.end_at_known(*known);
  if (!redirect.empty()) search.redirect(std::string(redirect));
  return search.run();
}

Result<Ref<OverlayNode>> OverlayNode::find(std::string_view name) {
  Parts parts;
  std::string redirect;
  if (Node* const upper_node = upper(); upper_node != nullptr) {
    Result<NodeRef> child = upper_node->lookup(name);
    if (child) {
      parts.upper = std::move(*child);
      if (Ref<OverlayNode> known = state_.table.find({0, parts.upper.get()})) return known;
    } else if (child.error() != Errc::enoent) {
      return fail(child.error());
    }
  }
  bool ends = hidden(name) || (parts.upper != nullptr && !parts.upper->is_directory());
  if (parts.upper != nullptr && state_.lasting != nullptr) {
    const Result<bool> whiteout = OverlayMarks::is_whiteout(*parts.upper);
    if (!whiteout) return fail(whiteout.error());
    if (*whiteout) return fail(Errc::enoent);
    parts.ask_origin = remembered()->directory.impure;
    if (parts.upper->is_directory()) {
      Result<OverlayMarks::Directory> marks = state_.marks.of(*parts.upper);
      if (!marks) return fail(marks.error());
      ends = ends || marks->opaque;
      redirect = marks->redirect;
      parts.remembered = std::make_unique<Remembered>(Remembered{.directory = std::move(*marks)});
    }
  }
  if (!ends) {
    // What somebody holds has its upper already, if it has one.
    Ref<OverlayNode> known;
    Result<LayerNodes> found = find_lowers(name, redirect, parts.upper == nullptr ? &known : nullptr);
    if (!found) return fail(found.error());
    if (known) return known;
    parts.lowers = std::move(*found);
    if (parts.upper != nullptr && !parts.lowers.empty() && !parts.lowers.front().node->is_directory()) {
      parts.lowers.clear();
    }
  }
  if (parts.upper == nullptr && parts.lowers.empty()) return fail(Errc::enoent);
  SharedLock linking;
  if (const Status linked = find_copied_link(parts, linking); !linked) return fail(linked.error());
  return state_.node_for(std::move(parts), Ref<OverlayNode>(this), name);
}

Status OverlayNode::find_copied_link(Parts& parts, SharedLock& linking) const {
  if (state_.lasting == nullptr || parts.upper != nullptr) return {};
  const LayerNode& lower = parts.lowers.front();
  if (lower.node->is_directory()) return {};
  const Result<Attr> attr = lower.node->attr();
  if (!attr) return fail(attr.error());
  if (attr->nlink < 2) return {};
  linking = SharedLock(state_.links_lock);
  Result<NodeRef> upper = state_.lasting->find_linked(state_.links_key(lower, *attr));
  if (!upper) return upper.error() == Errc::enoent ? Status{} : fail(upper.error());
  parts.upper = std::move(*upper);
  parts.ask_origin = true;
  return {};
}

Result<NodeRef> OverlayNode::lookup(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  const SharedLock held(lock_);
  Result<Ref<OverlayNode>> child = find(name);
  if (!child) return fail(child.error());
  return NodeRef(std::move(*child));
}

Result<bool> OverlayNode::needs_hiding(std::string_view name) const {
  if (hidden(name)) return false;
  const Result<LayerNodes> below = find_lowers(name);
  if (!below) return fail(below.error());
  return !below->empty();
}

Result<Ref<OverlayNode>> OverlayState::node_for(Parts parts, Ref<OverlayNode> parent, std::string_view name) {
  const LayerNode key = parts.upper ? LayerNode{0, parts.upper} : parts.lowers.front();
  if (Ref<OverlayNode> known = table.find(OverlayTable::Key::of(key))) return known;
  const Result<Attr> attr = key.node->attr();
  if (!attr) return fail(attr.error());
  const Result<std::uint64_t> ino = number(parts, *attr);
  if (!ino) return fail(ino.error());
  return table.find_or_enter(OverlayNode::make(*this, *ino, std::move(parts), std::move(parent), name));
}

/// What was copied up has the number that it had below, and is asked for it where
/// nothing else can tell.
Result<std::uint64_t> OverlayState::number(Parts& parts, const Attr& top) const {
  if (parts.upper == nullptr) return inos.map(parts.lowers.front().layer, top.ino);
  if (lasting == nullptr) return inos.map(0, top.ino);
  if (parts.upper->is_directory()) {
    if (parts.lowers.empty()) return inos.map(0, top.ino);
    const Result<Attr> below = parts.lowers.front().node->attr();
    if (!below) return fail(below.error());
    return inos.map(parts.lowers.front().layer, below->ino);
  }
  if (!parts.ask_origin && top.nlink < 2) return inos.map(0, top.ino);
  Result<std::optional<OverlayMarks::Origin>> origin = marks.origin(*parts.upper);
  if (!origin) return fail(origin.error());
  if (!*origin || (*origin)->layer >= lowers.size()) return inos.map(0, top.ino);
  parts.remembered = std::make_unique<Remembered>();
  if (!(*origin)->links_key.empty()) {
    const Result<std::int32_t> more = marks.links(*parts.upper);
    if (!more) return fail(more.error());
    parts.remembered->more_links = *more;
    parts.remembered->links_key = std::move((*origin)->links_key);
  }
  return inos.map(static_cast<std::uint32_t>(lowers.size()) - (*origin)->layer, (*origin)->ino);
}

std::string OverlayState::links_key(const LayerNode& lower, const Attr& attr) const {
  return std::to_string(lowers.size() - lower.layer) + "-" + std::to_string(attr.ino) + "-" +
         std::to_string(attr.size) + "-" + std::to_string(attr.mtime.sec) + "." +
         std::to_string(attr.mtime.nsec);
}

}  // namespace wasifs
