// SPDX-License-Identifier: Apache-2.0
#include "inspect/diff_renames.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/path.h"
#include "base/sha256.h"
#include "inspect/content.h"

namespace wasifs {

namespace {

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_candidate(const Attr& attr) {
  return attr.type == FileType::regular && attr.size > 0 && attr.size <= kMostDigested;
}

/// What one tree has alone, with digests of what a rename would keep.
class Side {
 public:
  Side(const DiffLeaves& leaves, const DiffOptions& options)
      : leaves_(leaves), options_(options), marks_(leaves.size()) {
    find_ranges();
  }

  [[nodiscard]] std::set<std::uint64_t> sizes() const {
    std::set<std::uint64_t> sizes;
    for (const DiffLeaf& leaf : leaves_) {
      if (is_candidate(leaf.object.attr)) sizes.insert(leaf.object.attr.size);
    }
    return sizes;
  }

  /// Reads the files that have a size of `sizes`.
  void take_digests(const std::set<std::uint64_t>& sizes) {
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      const DiffObject& object = leaves_[i].object;
      if (!is_candidate(object.attr) || !sizes.contains(object.attr.size)) continue;
      const Result<FilePtr> file = object.tree->open(object.node, {});
      if (!file) continue;
      const Result<Digest> digest = digest_of(**file, object.attr.size);
      if (digest) marks_[i].content = *digest;
    }
  }

  /// Signs each directory with all that is in it, from the last to the first, so that what
  /// is below has its own before.
  void sign() {
    std::unordered_map<std::size_t, Sha256> open;  // of directories that are being signed
    for (std::size_t i = leaves_.size(); i-- > 0;) {
      Mark& mark = marks_[i];
      const auto below = open.find(i);
      std::optional<Digest> names;
      if (below != open.end()) {
        names = below->second.take();
        open.erase(below);
      }
      mark.signature = signature(i, names);
      if (mark.content) mark.has_content = true;
      if (!mark.parent) continue;
      Mark& parent = marks_[*mark.parent];
      parent.has_content = parent.has_content || mark.has_content;
      parent.whole = parent.whole && mark.signature.has_value();
      if (!mark.signature) continue;
      const std::string_view name = base_name(leaves_[i].path);
      Sha256& hash = open[*mark.parent];
      hash.add(std::as_bytes(std::span(*mark.signature)));
      hash.add(std::as_bytes(std::span(name)));
      hash.add(std::as_bytes(std::span("", 1)));  // names have no NUL
    }
  }

  /// Of a directory that can be told by what is in it.
  [[nodiscard]] std::optional<Digest> directory(std::size_t i) const {
    const Mark& mark = marks_[i];
    const bool is_one = leaves_[i].object.node.is_directory() && mark.has_content;
    return is_one && !mark.taken ? mark.signature : std::nullopt;
  }
  [[nodiscard]] std::optional<Digest> file(std::size_t i) const {
    return marks_[i].taken ? std::nullopt : marks_[i].content;
  }

  [[nodiscard]] std::size_t size() const { return leaves_.size(); }
  [[nodiscard]] std::size_t below(std::size_t i) const { return marks_[i].end - i - 1; }
  [[nodiscard]] bool taken(std::size_t i) const { return marks_[i].taken; }
  [[nodiscard]] std::string_view name(std::size_t i) const { return base_name(leaves_[i].path); }
  void take(std::size_t i) {
    for (std::size_t at = i; at < marks_[i].end; ++at) marks_[at].taken = true;
  }

 private:
  struct Mark {
    std::optional<std::size_t> parent = std::nullopt;  ///< the leaf of the directory around it
    std::size_t end = 0;                               ///< behind what is below it
    std::optional<Digest> content = std::nullopt;
    std::optional<Digest> signature = std::nullopt;  ///< absent: not equal to anything
    bool has_content = false;
    bool whole = true;
    bool taken = false;
  };

  void find_ranges() {
    std::vector<std::size_t> around;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      while (!around.empty() && !is_at_or_below(leaves_[i].path, leaves_[around.back()].path)) {
        marks_[around.back()].end = i;
        around.pop_back();
      }
      if (!around.empty()) marks_[i].parent = around.back();
      around.push_back(i);
    }
    for (const std::size_t i : around) marks_[i].end = leaves_.size();
  }

  [[nodiscard]] std::optional<Digest> signature(std::size_t i, const std::optional<Digest>& names) const {
    const DiffObject& object = leaves_[i].object;
    const Attr& attr = object.attr;
    const Mark& mark = marks_[i];
    if (!leaves_[i].whole || !mark.whole) return std::nullopt;
    if (attr.type == FileType::regular && attr.size > 0 && !mark.content) return std::nullopt;
    Sha256 hash;
    const auto add = [&](std::string_view text) {
      const std::string size = std::to_string(text.size()) + ":";
      hash.add(std::as_bytes(std::span(size)));
      hash.add(std::as_bytes(std::span(text)));
    };
    add(std::to_string(static_cast<int>(attr.type)));
    if (options_.mode && attr.type != FileType::symlink) add(std::to_string(attr.mode));
    if (options_.owner) add(std::to_string(attr.uid) + ":" + std::to_string(attr.gid));
    if (options_.times) add(std::to_string(attr.mtime.sec) + "." + std::to_string(attr.mtime.nsec));
    add(std::to_string(attr.rdev));
    if (attr.type == FileType::symlink) {
      const Result<Link> link = object.node.node->read_link();
      if (!link) return std::nullopt;
      add(link->text);
    }
    if (options_.xattrs) {
      const Result<Xattrs> xattrs = xattrs_of(object);
      if (!xattrs) return std::nullopt;
      for (const auto& [name, value] : *xattrs) {
        add(name);
        add(value);
      }
    }
    add("");
    if (mark.content) hash.add(std::as_bytes(std::span(*mark.content)));
    if (names) hash.add(std::as_bytes(std::span(*names)));
    return hash.take();
  }

  const DiffLeaves& leaves_;
  const DiffOptions& options_;
  std::vector<Mark> marks_;
};

class Matcher {
 public:
  Matcher(Side& removed, Side& added) : removed_(removed), added_(added) {}

  std::vector<DiffRename> run() {
    match_directories();
    match_files();
    std::ranges::sort(renames_, {}, &DiffRename::added);
    return std::move(renames_);
  }

 private:
  struct Group {
    std::vector<std::size_t> removed;
    std::vector<std::size_t> added;
  };
  using Groups = std::map<Digest, Group>;

  static Groups grouped(const Side& removed, const Side& added, const auto& digest) {
    Groups groups;
    for (std::size_t i = 0; i < removed.size(); ++i) {
      if (const auto key = digest(removed, i)) groups[*key].removed.push_back(i);
    }
    for (std::size_t i = 0; i < added.size(); ++i) {
      const auto key = digest(added, i);
      if (!key) continue;
      if (const auto group = groups.find(*key); group != groups.end()) group->second.added.push_back(i);
    }
    return groups;
  }

  void match_directories() {
    const Groups groups =
        grouped(removed_, added_, [](const Side& side, std::size_t i) { return side.directory(i); });
    // The largest first: what is in a directory that went goes with it.
    std::vector<const Group*> order;
    for (const auto& [key, group] : groups) {
      if (!group.added.empty()) order.push_back(&group);
    }
    std::ranges::sort(order, [&](const Group* a, const Group* b) {
      const std::size_t size_a = removed_.below(a->removed.front());
      const std::size_t size_b = removed_.below(b->removed.front());
      return size_a != size_b ? size_a > size_b : a->removed.front() < b->removed.front();
    });
    for (const Group* group : order) match(*group);
  }

  void match_files() {
    const Groups groups =
        grouped(removed_, added_, [](const Side& side, std::size_t i) { return side.file(i); });
    for (const auto& [key, group] : groups) match(group);
  }

  void match(const Group& group) {
    std::map<std::string_view, std::vector<std::size_t>> by_name;
    for (auto added = group.added.rbegin(); added != group.added.rend(); ++added) {
      if (!added_.taken(*added)) by_name[added_.name(*added)].push_back(*added);
    }
    for (const std::size_t removed : group.removed) {
      if (removed_.taken(removed)) continue;
      const auto same = by_name.find(removed_.name(removed));
      if (same == by_name.end() || same->second.empty()) continue;
      pair(removed, same->second.back());
      same->second.pop_back();
    }
    auto next = group.added.begin();
    for (const std::size_t removed : group.removed) {
      if (removed_.taken(removed)) continue;
      while (next != group.added.end() && added_.taken(*next)) ++next;
      if (next == group.added.end()) return;
      pair(removed, *next);
    }
  }

  void pair(std::size_t removed, std::size_t added) {
    renames_.push_back({.removed = removed, .added = added, .below = removed_.below(removed)});
    removed_.take(removed);
    added_.take(added);
  }

  Side& removed_;
  Side& added_;
  std::vector<DiffRename> renames_;
};

}  // namespace

std::vector<DiffRename> find_renames(const DiffLeaves& removed, const DiffLeaves& added,
                                     const DiffOptions& options) {
  if (removed.empty() || added.empty()) return {};
  if (std::max(removed.size(), added.size()) > kMostRenameCandidates) return {};
  Side gone(removed, options);
  Side come(added, options);
  gone.take_digests(come.sizes());
  come.take_digests(gone.sizes());
  gone.sign();
  come.sign();
  return Matcher(gone, come).run();
}

}  // namespace wasifs
