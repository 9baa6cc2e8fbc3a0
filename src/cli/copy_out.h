// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/cli.h"
#include "inspect/tree_copy.h"
#include "wasifs/error.h"
#include "wasifs/tree.h"

namespace CLI {
class App;
}

namespace wasifs::cli {

/// Where a copy of a tree goes.
struct CopyTarget {
  std::string output;  ///< a directory, a tar by its name, or "-": a tar to standard output
  bool overwrite = false;
};

[[nodiscard]] inline bool is_standard_output(const CopyTarget& target) { return target.output == "-"; }

/// Adds the options that fill `target`.
void add_copy_flags(CLI::App& app, CopyTarget& target);

/// Copies what is at and below `path` (see copy_tree()) there. Warns of what the target
/// cannot hold.
[[nodiscard]] Outcome<int> copy_out(const Tree& tree, const std::string& path, const CopyTarget& target,
                                    Io& io);

/// A warning for each kind of loss.
void report_losses(Io& io, const std::vector<CopyLoss>& losses);

}  // namespace wasifs::cli
