// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/cli.h"
#include "inspect/tree_copy.h"
#include "wasifs/error.h"
#include "wasifs/tree.h"

namespace wasifs::cli {

/// Where a copy of a tree goes.
struct CopyTarget {
  std::string output;  ///< a directory, or a tar by its name
  bool overwrite = false;
};

/// Copies what is at and below `path` (see copy_tree()) there. Warns of what the target
/// cannot hold.
[[nodiscard]] Outcome<int> copy_out(const Tree& tree, const std::string& path, const CopyTarget& target,
                                    Io& io);

/// A warning for each kind of loss.
void report_losses(Io& io, const std::vector<CopyLoss>& losses);

}  // namespace wasifs::cli
