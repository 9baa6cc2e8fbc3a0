// SPDX-License-Identifier: Apache-2.0
// What the upper of an overlay has changed.
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "compose/overlay_node.h"

namespace wasifs {

/// Compares what a directory shows with what its lowers alone would show. That says more
/// than the upper itself, which has a directory that was moved under its new name.
class OverlayChanges {
 public:
  explicit OverlayChanges(OverlayNode& dir) : dir_(dir), held_(dir.lock_), upper_(dir.upper()) {}

  Result<UpperChanges> find() {
    if (const Status asked = ask_upper(); !asked) return fail(asked.error());
    const Result<bool> itself = changed_itself();
    if (!itself) return fail(itself.error());
    if (*itself) changes_.push_back({.kind = Kind::changed});
    const Result<std::vector<OverlayNode::Item>> items = dir_.list_locked();
    if (!items) return fail(items.error());
    std::set<std::string_view> shown;
    for (const OverlayNode::Item& item : *items) {
      shown.insert(item.name);
      if (const Status added = add(item.name); !added) return fail(added.error());
    }
    const Result<std::set<std::string>> gone = names_gone();
    if (!gone) return fail(gone.error());
    for (const std::string& name : *gone) {
      if (!shown.contains(name)) changes_.push_back({name, Kind::removed});
    }
    std::ranges::sort(changes_, {}, &UpperChange::name);
    return std::move(changes_);
  }

 private:
  using Kind = UpperChange::Kind;

  /// An upper in memory may have had something before anything was changed.
  Status ask_upper() {
    if (upper_ == nullptr) return {};
    Result<UpperChanges> told = dir_.state_.upper->changes(*upper_);
    if (!told) return told.error() == Errc::enotsup ? Status{} : fail(told.error());
    told_.emplace();
    for (UpperChange& change : *told) told_->emplace(std::move(change.name), change.kind);
    return {};
  }

  [[nodiscard]] std::optional<Kind> told(std::string_view name) const {
    const auto found = told_->find(name);
    return found == told_->end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] Result<bool> changed_itself() const {
    if (upper_ == nullptr) return false;
    if (told_) return told("").has_value();
    if (dir_.state_.root.get() != &dir_ || dir_.lowers_.empty()) return true;
    // An upper has a root whether anybody has changed it or not, and it is made to look
    // like what lies below, as far as that can be done: an ordinary user gives nothing away.
    const Result<Attr> above = upper_->attr();
    if (!above) return fail(above.error());
    const Result<Attr> below = dir_.lowers_.front().node->attr();
    if (!below) return fail(below.error());
    const bool given = ::geteuid() == 0 && (above->uid != below->uid || above->gid != below->gid);
    return given || above->mode != below->mode || above->mtime != below->mtime;
  }

  Status add(const std::string& name) {
    const Result<Ref<OverlayNode>> child = dir_.find(name);
    if (!child) return child.error() == Errc::enoent ? Status{} : fail(child.error());
    const Result<std::optional<Kind>> kind = change_of(name, **child);
    if (!kind) return fail(kind.error());
    if (*kind) changes_.push_back({name, **kind});
    return {};
  }

  [[nodiscard]] Result<std::optional<Kind>> change_of(const std::string& name,
                                                      const OverlayNode& child) const {
    const Node* const copy = child.upper();
    if (copy == nullptr) return std::nullopt;
    std::optional<Kind> in_upper;
    // Of a file that was copied up under another of its names the upper has not this one.
    const Result<NodeRef> here = told_ ? upper_->lookup(name) : fail(Errc::enoent);
    if (here && here->get() == copy) {
      in_upper = told(name);
      if (!in_upper) return std::nullopt;
    }
    if (!child.is_directory()) return Kind::changed;
    const Result<LayerNodes> below = dir_.find_lowers(name);
    if (!below) return fail(below.error());
    const bool in_place = std::ranges::equal(below->nodes(), child.lowers_.nodes());
    // What the upper had from the start is in its place without a lower as well.
    if (in_place && (!below->empty() || in_upper == Kind::changed)) return Kind::changed;
    return below->empty() && in_upper != Kind::replaced ? Kind::whole : Kind::replaced;
  }

  /// Names that were taken away; some may show something again.
  [[nodiscard]] Result<std::set<std::string>> names_gone() const {
    std::set<std::string> gone;
    if (told_) {
      for (const auto& [name, kind] : *told_) {
        if (kind == Kind::removed) gone.insert(name);
      }
    }
    std::vector<std::string> whiteouts(dir_.own().hidden.begin(), dir_.own().hidden.end());
    if (const Status found = find_whiteouts(whiteouts); !found) return fail(found.error());
    for (std::string& name : whiteouts) {
      const Result<LayerNodes> below = dir_.find_lowers(name);
      if (!below) return fail(below.error());
      if (!below->empty()) gone.insert(std::move(name));
    }
    return gone;
  }

  /// Those of an upper that lasts.
  Status find_whiteouts(std::vector<std::string>& names) const {
    if (upper_ == nullptr || dir_.state_.lasting == nullptr) return {};
    const Result<DirPtr> listing = upper_->open_dir();
    if (!listing) return fail(listing.error());
    std::vector<std::string> devices;
    const Status read = (*listing)->read(0, [&](const DirEntry& entry) {
      if (entry.type == FileType::char_device) devices.emplace_back(entry.name);
      return true;
    });
    if (!read) return read;
    for (std::string& name : devices) {
      const Result<NodeRef> node = upper_->lookup(name);
      if (node && OverlayMarks::is_whiteout(**node).value_or(false)) names.push_back(std::move(name));
    }
    return {};
  }

  OverlayNode& dir_;
  const OverlayNode::SharedLock held_;
  Node* const upper_;  ///< null: the directory is that of the lowers
  std::optional<std::map<std::string, Kind, std::less<>>> told_;  ///< absent: all that it has is changed
  UpperChanges changes_;
};

Result<UpperChanges> Overlay::changes(Node& directory) {
  auto* const layered = dynamic_cast<LayeredNode*>(&directory);
  if (layered == nullptr || &layered->layers() != state_.get() || !layered->is_directory()) {
    return fail(Errc::enotdir);
  }
  if (state_->upper == nullptr) return UpperChanges();
  return OverlayChanges(static_cast<OverlayNode&>(*layered)).find();
}

}  // namespace wasifs
