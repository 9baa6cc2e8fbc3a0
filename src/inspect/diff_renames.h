// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "inspect/diff_compare.h"

namespace wasifs {

/// Something that one tree has alone.
struct DiffLeaf {
  std::size_t entry;  ///< of Difference::entries
  std::string path;
  DiffObject object;
  bool whole = true;  ///< all that is below it could be read
};
using DiffLeaves = std::deque<DiffLeaf>;  // elements stay where they are

/// A path that leads to in the second tree what another one does in the first.
struct DiffRename {
  std::size_t removed;  ///< index of the first tree's leaf
  std::size_t added;
  std::size_t below = 0;  ///< how many leaves follow each of them and belong to it
};

/// More than so many on a side are not looked through for what was renamed.
inline constexpr std::size_t kMostRenameCandidates = 100'000;

/// Pairs what was removed with what was added; see diff_trees(). Both in the order of a
/// walk. What cannot be read is paired with nothing.
[[nodiscard]] std::vector<DiffRename> find_renames(const DiffLeaves& removed, const DiffLeaves& added,
                                                   const DiffOptions& options);

}  // namespace wasifs
