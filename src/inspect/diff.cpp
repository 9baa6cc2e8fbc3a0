// SPDX-License-Identifier: Apache-2.0
#include "inspect/diff.h"

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "inspect/diff_compare.h"
#include "inspect/diff_renames.h"
#include "inspect/problem_list.h"
#include "inspect/walk.h"

namespace wasifs {

std::string_view name_of(DiffKind kind) {
  switch (kind) {
    case DiffKind::added:
      return "added";
    case DiffKind::removed:
      return "removed";
    case DiffKind::changed:
      return "changed";
    case DiffKind::renamed:
      break;
  }
  return "renamed";
}

namespace {

/// A directory whose names are being gone through; of a tree that has none there, null.
struct Level {
  std::optional<VNode> a = {};
  std::optional<VNode> b = {};
  std::vector<std::string> names_a = {};
  std::vector<std::string> names_b = {};
  std::size_t next_a = 0;
  std::size_t next_b = 0;
  std::size_t path_size = 0;  ///< of the directory's own path within the shared one
  DiffLeaf* leaf = nullptr;   ///< of a directory that one tree has alone
};

class Differ {
 public:
  Differ(const DiffSide& a, const DiffSide& b, const DiffOptions& options)
      : a_(a), b_(b), options_(options) {}

  Difference run() {
    const std::optional<DiffObject> root_a = look(a_, a_.tree.root());
    const std::optional<DiffObject> root_b = look(b_, b_.tree.root());
    if (root_a && root_b) {
      path_ = "/";
      both(*root_a, *root_b);
      while (!levels_.empty()) step();
    }
    settle_renames();
    return {.entries = std::move(entries_), .problems = problems_.take()};
  }

 private:
  /// What is at a path of one tree; absent where it cannot be looked at, or has gone.
  std::optional<DiffObject> look(const DiffSide& side, const Result<VNode>& node) {
    const Result<Attr> attr = node ? side.tree.attr(*node) : fail(node.error());
    if (attr) return DiffObject{.tree = &side.tree, .node = *node, .attr = *attr};
    if (attr.error() != Errc::enoent && attr.error() != Errc::estale) failed(side, attr.error());
    return std::nullopt;
  }

  void failed(const DiffSide& side, Errc error) {
    problems_.add(path_, error, side.name);
    unread_ = true;
  }

  void step() {
    Level& level = levels_.back();
    const bool end_a = level.next_a == level.names_a.size();
    const bool end_b = level.next_b == level.names_b.size();
    if (end_a && end_b) {
      levels_.pop_back();
      return;
    }
    const int order = end_a   ? 1
                      : end_b ? -1
                              : level.names_a[level.next_a].compare(level.names_b[level.next_b]);
    const std::string name = order <= 0 ? level.names_a[level.next_a] : level.names_b[level.next_b];
    if (order <= 0) ++level.next_a;
    if (order >= 0) ++level.next_b;
    path_.resize(level.path_size);
    if (!path_.ends_with('/')) path_ += '/';
    path_ += name;
    unread_ = false;
    std::optional<DiffObject> in_a;
    std::optional<DiffObject> in_b;
    if (order <= 0) in_a = look(a_, a_.tree.lookup(*level.a, name));
    if (order >= 0) in_b = look(b_, b_.tree.lookup(*level.b, name));
    // What is there and cannot be looked at is neither equal nor missing.
    if (unread_) {
      if (level.leaf != nullptr) level.leaf->whole = false;
    } else if (in_a && in_b) {
      both(*in_a, *in_b);
    } else if (in_a) {
      alone(*in_a, DiffKind::removed, removed_);
    } else if (in_b) {
      alone(*in_b, DiffKind::added, added_);
    }
  }

  void both(const DiffObject& in_a, const DiffObject& in_b) {
    auto compared = compare(in_a, in_b, options_);
    if (!compared) {
      failed(compared.error().second ? b_ : a_, compared.error().error);
      compared = Comparison{};
    }
    if (options_.links) compare_links(in_a.attr, in_b.attr, compared->aspects);
    if (!compared->aspects.empty()) {
      entries_.push_back({.kind = DiffKind::changed,
                          .path = path_,
                          .type = in_b.attr.type,
                          .aspects = std::move(compared->aspects),
                          .content = compared->content});
    }
    enter(in_a.node.is_directory() ? &in_a.node : nullptr, in_b.node.is_directory() ? &in_b.node : nullptr,
          nullptr);
  }

  /// Names that both trees have are one file as the first of them says.
  void compare_links(const Attr& a, const Attr& b, std::vector<DiffAspect>& aspects) {
    const std::string* const first_a = first_name(first_a_, a);
    const std::string* const first_b = first_name(first_b_, b);
    const std::string text_a = first_a != nullptr ? *first_a : "";
    const std::string text_b = first_b != nullptr ? *first_b : "";
    if (text_a != text_b) aspects.push_back({.what = "links", .before = text_a, .after = text_b});
  }

  /// The path of the same file that was met before; null where this is the first.
  const std::string* first_name(std::unordered_map<std::uint64_t, std::string>& names, const Attr& attr) {
    if (attr.type == FileType::directory || attr.nlink < 2) return nullptr;
    const auto [first, fresh] = names.try_emplace(attr.ino, path_);
    return fresh ? nullptr : &first->second;
  }

  void alone(const DiffObject& object, DiffKind kind, DiffLeaves& leaves) {
    DiffLeaf* leaf = nullptr;
    if (leaves.size() <= kMostRenameCandidates) {
      leaf = &leaves.emplace_back(DiffLeaf{.entry = entries_.size(), .path = path_, .object = object});
    }
    entries_.push_back({.kind = kind,
                        .path = path_,
                        .type = object.attr.type,
                        .content = object.attr.type == FileType::regular});
    if (!object.node.is_directory()) return;
    const bool removed = kind == DiffKind::removed;
    enter(removed ? &object.node : nullptr, removed ? nullptr : &object.node, leaf);
  }

  void enter(const VNode* dir_a, const VNode* dir_b, DiffLeaf* leaf) {
    if (dir_a == nullptr && dir_b == nullptr) return;
    Level level{.path_size = path_.size(), .leaf = leaf};
    unread_ = false;
    if (dir_a != nullptr) read_names(a_, *dir_a, level.a, level.names_a);
    if (dir_b != nullptr) read_names(b_, *dir_b, level.b, level.names_b);
    // With one listing alone, everything in it would seem to be added or removed.
    if (!unread_) {
      levels_.push_back(std::move(level));
    } else if (leaf != nullptr) {
      leaf->whole = false;
    }
  }

  void read_names(const DiffSide& side, const VNode& dir, std::optional<VNode>& at,
                  std::vector<std::string>& names) {
    Result<std::vector<std::string>> read = sorted_names(WalkableTree(side.tree), dir);
    if (!read) {
      if (read.error() != Errc::enoent && read.error() != Errc::estale) failed(side, read.error());
      return;
    }
    at = dir;
    names = std::move(*read);
  }

  void settle_renames() {
    std::vector<bool> gone(entries_.size(), false);
    for (const DiffRename& rename : find_renames(removed_, added_, options_)) {
      const DiffLeaf& from = removed_[rename.removed];
      const DiffLeaf& to = added_[rename.added];
      for (std::size_t i = 0; i <= rename.below; ++i) {
        gone[removed_[rename.removed + i].entry] = true;
        gone[added_[rename.added + i].entry] = i != 0;
      }
      DiffEntry& entry = entries_[to.entry];
      entry.kind = DiffKind::renamed;
      entry.from = from.path;
      entry.content = false;
      entry.below = rename.below;
      // A directory goes along as it is.
      if (from.object.attr.type == FileType::directory) continue;
      if (auto compared = compare(from.object, to.object, options_))
        entry.aspects = std::move(compared->aspects);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (gone[i]) continue;
      if (kept != i) entries_[kept] = std::move(entries_[i]);
      ++kept;
    }
    entries_.resize(kept);
  }

  const DiffSide& a_;
  const DiffSide& b_;
  const DiffOptions& options_;
  std::string path_;
  bool unread_ = false;  ///< something at the path could not be read
  std::vector<Level> levels_;
  std::vector<DiffEntry> entries_;
  DiffLeaves removed_;
  DiffLeaves added_;
  std::unordered_map<std::uint64_t, std::string> first_a_;  ///< of files with several names, by number
  std::unordered_map<std::uint64_t, std::string> first_b_;
  ProblemList problems_;
};

}  // namespace

Difference diff_trees(const DiffSide& a, const DiffSide& b, const DiffOptions& options) {
  return Differ(a, b, options).run();
}

}  // namespace wasifs
