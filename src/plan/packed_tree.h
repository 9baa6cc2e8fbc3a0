// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "wasifs/node.h"

namespace wasifs::plan {

/// Which files of a folder a package has. As the reference's loader has it, what is
/// hidden is left out, and so is what a .wasmerignore or an .ignore says, here or in a
/// folder above, up to the host's root; a .gitignore and .git/info/exclude count where
/// there is a .git. The nearest file that says something decides, in this order of kinds.
/// A file of rules that belongs to the user rather than to the folder does not count; a
/// symlink in the place of one is an error.
struct PackFilter {
  bool include_ignored = false;  ///< everything is in the package
  /// Set by who reads the tree where a file of rules cannot be read or understood: the
  /// nodes themselves can only say eio.
  std::optional<Diagnostic> problem = {};
};

/// `root`, the directory at `path` of the host, as a package takes it: filtered, and
/// without a time of its own. `filter` is used as long as the node is. Trouble::manifest,
/// source: a file of rules above of it.
[[nodiscard]] Outcome<NodeRef> packed_tree(NodeRef root, const std::string& path,
                                           std::shared_ptr<PackFilter> filter);

}  // namespace wasifs::plan
