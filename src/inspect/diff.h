// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"
#include "wasifs/tree.h"

namespace wasifs {

/// What is compared beside types, content, texts of links and numbers of devices.
struct DiffOptions {
  bool mode = true;
  bool owner = true;
  bool xattrs = true;
  bool links = true;     ///< which names are one file
  bool times = false;    ///< when it was last changed; a copy seldom keeps that
  bool digests = false;  ///< tell those of files whose content differs
};

/// One of two trees; what it is called in messages. Borrowed.
struct DiffSide {
  const Tree& tree;
  std::string_view name;
};

enum class DiffKind : std::uint8_t { added, removed, changed, renamed };
/// "added" and so on.
[[nodiscard]] std::string_view name_of(DiffKind kind);

/// One way in which two objects differ: `what` is type, mode, owner, size, content,
/// target, device, links, mtime, or "xattr NAME".
struct DiffAspect {
  std::string what;
  std::string before = {};  ///< for a person; "" where there is nothing to tell
  std::string after = {};

  bool operator==(const DiffAspect&) const = default;
};

/// One path that is not the same in both trees.
struct DiffEntry {
  DiffKind kind = DiffKind::changed;
  std::string path;                      ///< in the second tree; of what was removed, in the first
  std::string from = {};                 ///< of what was renamed, its path in the first
  FileType type = FileType::regular;     ///< of what `path` says
  std::vector<DiffAspect> aspects = {};  ///< of what was changed; of a renamed file perhaps none
  /// The bytes differ; also of a regular file that one side has alone.
  bool content = false;
  std::uint64_t below = 0;  ///< of a renamed directory: how many entries went along
};

struct Difference {
  /// In the order of a walk through both trees: a directory before what is in it, names
  /// by their bytes.
  std::vector<DiffEntry> entries;
  std::vector<Diagnostic> problems;  ///< what could not be read, and so is not compared
};

/// What differs between two trees, `a` being the first. Nothing is kept of what is equal,
/// except the numbers of files with several names, and deep trees cost no stack. A file
/// that went from one name to another is `renamed` if its content is the same and not
/// empty, a directory if all that is in it went along unchanged; of several candidates
/// those of one base name belong together first.
[[nodiscard]] Difference diff_trees(const DiffSide& a, const DiffSide& b, const DiffOptions& options = {});

}  // namespace wasifs
