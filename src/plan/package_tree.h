// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plan/catalogue.h"
#include "plan/manifest.h"

namespace wasifs::plan {

/// A package of a tree: the one that somebody named, or one that it depends on.
struct TreePackage {
  /// Of a dependency: its key as the path, `name@version` as what is written, and
  /// the place of the package that was named.
  LayerSource source;
  const PackageInfo* info = nullptr;
};

/// `package "NAME"`, as messages and origins have it.
[[nodiscard]] std::string package_label(const LayerSource& source);

/// What messages call a dependency: `name@version` as far as they are known, else
/// its key.
[[nodiscard]] std::string dependency_name(const PackageInfo& info, const std::string& key);

/// The package `root` and all that it depends on, each once, in the order in
/// which they are composed (composition rule 12): every package before what it
/// depends on, and of two dependencies that are not ordered by that the one that
/// is listed later before the earlier one, as the reference has it. Pure.
///
/// Trouble::corrupt: packages depend on one another in a circle;
/// Trouble::conflict: two versions of one package. Both name who needs what.
[[nodiscard]] Outcome<std::vector<TreePackage>> package_tree(const LayerSource& root,
                                                             const Catalogue& catalogue);

}  // namespace wasifs::plan
