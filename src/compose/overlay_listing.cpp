// SPDX-License-Identifier: Apache-2.0
// What a directory of an overlay lists.
#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_set>

#include "compose/overlay_node.h"

namespace wasifs {

/// A merged listing in the making.
class OverlayListing {
 public:
  using Item = OverlayNode::Item;

  void hide(std::string name) { seen_.insert(std::move(name)); }

  /// `whiteouts`: those in `source` hide names and are none themselves. `ino_of`
  /// says the number of an entry: Result<std::uint64_t>.
  template <class InoOf>
  Status add(Node& source, bool whiteouts, InoOf&& ino_of) {
    Result<DirPtr> dir = source.open_dir();
    if (!dir) return fail(dir.error());
    Status asked;
    const Status read = (*dir)->read(0, [&](const DirEntry& entry) {
      if (!seen_.emplace(entry.name).second) return true;
      if (whiteouts && entry.type == FileType::char_device && is_whiteout(source, entry.name)) return true;
      const Result<std::uint64_t> ino = ino_of(entry);
      if (ino) {
        items_.push_back({std::string(entry.name), *ino, entry.type});
      } else if (ino.error() != Errc::enoent) {
        asked = fail(ino.error());
      }
      return asked.has_value();
    });
    return read ? asked : read;
  }

  /// The last to be added.
  void add(const MergedIndex& index) {
    for (const MergedIndex::Entry& entry : index.entries()) {
      if (entry.gone) continue;
      std::string name(index.name(entry));
      if (seen_.empty() || !seen_.contains(name)) items_.push_back({std::move(name), entry.ino, entry.type});
    }
  }

  [[nodiscard]] std::vector<Item> take() { return std::move(items_); }

 private:
  static bool is_whiteout(Node& source, std::string_view name) {
    const Result<NodeRef> node = source.lookup(name);
    return node && OverlayMarks::is_whiteout(**node).value_or(false);
  }

  std::vector<Item> items_;
  std::unordered_set<std::string> seen_;
};

Result<std::vector<OverlayNode::Item>> OverlayNode::list_locked() {
  OverlayListing listing;
  if (Node* const upper_node = upper(); upper_node != nullptr) {
    const Status read = listing.add(*upper_node, state_.lasting != nullptr, [&](const DirEntry& entry) {
      return number_in_upper(*upper_node, entry);
    });
    if (!read) return fail(read.error());
  }
  for (const std::string& name : own().hidden) listing.hide(name);
  const MergedIndex* const merged = index();
  const std::size_t indexed = merged != nullptr ? fixed_lowers().size() : 0;
  for (const LayerNode& lower : lowers_.nodes().first(lowers_.size() - indexed)) {
    const Status read = listing.add(*lower.node, state_.marked[lower.layer],
                                    [&](const DirEntry& entry) -> Result<std::uint64_t> {
                                      return state_.inos.map(lower.layer, entry.ino);
                                    });
    if (!read) return fail(read.error());
  }
  if (merged != nullptr) listing.add(*merged);
  return listing.take();
}

/// What was copied up keeps the number it had below.
Result<std::uint64_t> OverlayNode::number_in_upper(Node& upper_node, const DirEntry& entry) {
  const bool plain = entry.type != FileType::directory || lowers_.empty();
  if (state_.lasting != nullptr && (!plain || remembered()->directory.impure)) {
    const Result<Ref<OverlayNode>> child = find(entry.name);
    // A name that cannot be looked at is one all the same.
    if (child || child.error() == Errc::enoent) {
      return child ? Result<std::uint64_t>((*child)->ino()) : fail(child.error());
    }
    return state_.inos.map(0, entry.ino);
  }
  const Result<NodeRef> child = upper_node.lookup(entry.name);
  const Ref<OverlayNode> known = child ? state_.table.find({0, child->get()}) : nullptr;
  return known ? known->ino() : state_.inos.map(0, entry.ino);
}

Status OverlayNode::check_empty() {
  const Result<std::vector<Item>> items = list_locked();
  if (!items) return fail(items.error());
  return items->empty() ? Status{} : fail(Errc::enotempty);
}

/// An open merged directory. One lower alone, or several that never change, are passed
/// through; anything else is a snapshot taken at the start, which is what keeps every
/// name at its place while files are copied up, created and removed.
class OverlayOpenDir final : public Dir {
 public:
  explicit OverlayOpenDir(Ref<OverlayNode> node) : node_(std::move(node)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    const std::scoped_lock held(lock_);
    if (cookie == 0) {
      if (const Status started = start(); !started) return started;
    }
    if (lowers_ != nullptr) return lowers_->read(cookie, sink);
    for (std::uint64_t i = cookie; i < items_.size(); ++i) {
      const OverlayNode::Item& item = items_[i];
      if (!sink({.name = item.name, .ino = item.ino, .type = item.type, .next = i + 1})) break;
    }
    return {};
  }

 private:
  Status start() {
    lowers_ = nullptr;
    items_.clear();
    const OverlayNode::SharedLock held(node_->lock_);
    if (node_->upper() == nullptr && node_->lowers_.size() == 1 && node_->own().hidden.empty() &&
        !node_->state_.marked[node_->lowers_.front().layer]) {
      Result<DirPtr> dir = open_layer_dir(node_->lowers_.front(), node_->state_.inos);
      if (!dir) return fail(dir.error());
      lowers_ = *std::move(dir);
      return {};
    }
    if (const MergedIndex* const merged = node_->sole_index()) {
      lowers_ = merged->open_dir();
      return {};
    }
    Result<std::vector<OverlayNode::Item>> items = node_->list_locked();
    if (!items) return fail(items.error());
    items_ = std::move(*items);
    return {};
  }

  Ref<OverlayNode> node_;
  std::mutex lock_;  ///< a directory handle may be shared by threads
  DirPtr lowers_;    ///< null: items_ are it
  std::vector<OverlayNode::Item> items_;
};

/// An open directory over lowers that never change, where cookies last. The names of the
/// lowers come first, each at the place that it has there whatever has become of it, and
/// then those that the upper alone has; so a file that is copied up stays where it was.
class OverlayLastingDir final : public Dir {
 public:
  /// `lowers`: what they list with the overlay's numbers; null where there are none.
  OverlayLastingDir(Ref<OverlayNode> node, DirPtr lowers)
      : node_(std::move(node)), lowers_(std::move(lowers)) {}

  Status read(std::uint64_t cookie, DirSink sink) override {
    // Taken in batches, so that nothing is held while the sink runs.
    for (;;) {
      Batch batch;
      if (const Status taken = take(cookie, batch); !taken) return taken;
      if (batch.count == 0) return {};
      for (std::size_t i = 0; i < batch.count; ++i) {
        const Taken& each = batch.items[i];
        if (!sink({.name = std::string_view(batch.names).substr(each.name_at, each.name_size),
                   .ino = each.ino,
                   .type = each.type,
                   .next = each.next}))
          return {};
        cookie = each.next;
      }
    }
  }

 private:
  static constexpr std::uint64_t kUpper = std::uint64_t{1} << 61U;  ///< cookies of upper names

  struct Taken {
    std::size_t name_at;
    std::size_t name_size;
    std::uint64_t ino;
    FileType type;
    std::uint64_t next;
  };
  struct Batch {
    std::string names;
    std::array<Taken, 64> items;
    std::size_t count = 0;

    bool full() const { return count == items.size(); }
    void add(const DirEntry& entry, std::uint64_t next) {
      items[count++] = {names.size(), entry.name.size(), entry.ino, entry.type, next};
      names += entry.name;
    }
  };

  Status take(std::uint64_t cookie, Batch& batch) {
    const OverlayNode::SharedLock held(node_->lock_);
    Node* const upper = node_->upper();
    if (cookie < kUpper && lowers_ != nullptr) {
      if (const Status taken = take_lowers(cookie, upper, batch); !taken || batch.full()) return taken;
    }
    return upper != nullptr ? take_upper(cookie < kUpper ? 0 : cookie - kUpper, *upper, batch) : Status{};
  }

  Status take_lowers(std::uint64_t cookie, Node* upper, Batch& batch) {
    Status asked;
    const Status read = lowers_->read(cookie, [&](const DirEntry& entry) {
      if (node_->hidden(entry.name)) return true;
      const Result<DirEntry> shown = upper != nullptr ? as_above(entry, *upper) : entry;
      if (!shown) {
        asked = fail(shown.error());
        return false;
      }
      batch.add(*shown, entry.next);
      return !batch.full();
    });
    return read ? asked : read;
  }

  /// What the upper shows under a name of the lowers, where it has that.
  Result<DirEntry> as_above(const DirEntry& entry, Node& upper) {
    const Result<NodeRef> above = upper.lookup(entry.name);
    if (!above) return above.error() == Errc::enoent ? Result<DirEntry>(entry) : fail(above.error());
    DirEntry shown = entry;
    shown.type = (*above)->type();
    if (const Ref<OverlayNode> known = node_->state_.table.find({0, above->get()})) {
      shown.ino = known->ino();
      return shown;
    }
    const Result<Attr> attr = (*above)->attr();
    if (!attr) return fail(attr.error());
    shown.ino = node_->state_.inos.map(0, attr->ino);
    return shown;
  }

  Status take_upper(std::uint64_t cookie, Node& upper, Batch& batch) {
    Result<DirPtr> dir = upper.open_dir();
    if (!dir) return fail(dir.error());
    Status asked;
    const Status read = (*dir)->read(cookie, [&](const DirEntry& entry) {
      if (!node_->hidden(entry.name) && below(entry.name)) return true;
      const Result<std::uint64_t> number = node_->number_in_upper(upper, entry);
      if (!number) {
        asked = fail(number.error());
        return false;
      }
      DirEntry shown = entry;
      shown.ino = *number;
      batch.add(shown, kUpper + entry.next);
      return !batch.full();
    });
    return read ? asked : read;
  }

  /// True if the lowers list the name.
  [[nodiscard]] bool below(std::string_view name) const {
    if (const MergedIndex* const merged = node_->index())
      return merged->find(name, node_->state_.hash(0, name)) != nullptr;
    return !node_->lowers_.empty() && node_->lowers_.front().node->lookup(name).has_value();
  }

  Ref<OverlayNode> node_;
  const DirPtr lowers_;
};

Result<DirPtr> OverlayNode::open_dir() {
  if (!is_directory()) return fail(Errc::enotdir);
  if (state_.traits.lasting_cookies) {
    const MergedIndex* const merged = index();
    if (merged != nullptr || lowers_.size() < 2) {
      DirPtr below = merged != nullptr ? merged->open_dir() : nullptr;
      if (merged == nullptr && !lowers_.empty()) {
        Result<DirPtr> sole = open_layer_dir(lowers_.front(), state_.inos);
        if (!sole) return sole;
        below = *std::move(sole);
      }
      return std::make_unique<OverlayLastingDir>(Ref<OverlayNode>(this), std::move(below));
    }
  }
  return std::make_unique<OverlayOpenDir>(Ref<OverlayNode>(this));
}

}  // namespace wasifs
