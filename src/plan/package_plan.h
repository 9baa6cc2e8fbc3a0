// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/catalogue.h"
#include "plan/manifest.h"
#include "plan/package_tree.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// A volume (or a part of one) that a package shows at a guest path.
struct PackageMount {
  std::string guest;
  std::string guest_raw;
  PlannedLayer layer;
  std::string origin;         ///< the package that asks for it, `package "x"`
  bool inherited = false;     ///< that is a dependency of the one that was named
  SourceLocation where = {};  ///< of that one
};

/// What a package and its dependencies add to a root, before they meet anything
/// else.
struct PackagePlan {
  std::optional<PlannedLayer> root;  ///< shown at "/"
  std::vector<PackageMount> mounts;  ///< outer before inner, no path twice
  std::vector<PlannedCommand> commands;
  /// What can be run: the commands of all of them, each name once, also those that
  /// were left out; and the entrypoint of the first that has one, else the only
  /// command of the package itself. Nothing else is filled in.
  webc::PackageManifest runnable;
  std::vector<Decision> decisions;
  std::vector<Diagnostic> warnings;
};

/// Applies the package rules (composition rule 12) to the package `source` of the
/// catalogue and all that it depends on: their mappings, of `source` itself those
/// of `instead` where given. A package of version 1 or 2 without mappings shows
/// its volume "atom" at "/", one of version 3 nothing. Trouble: corrupt where a
/// package is at fault, manifest where `instead` is; and those of package_tree().
[[nodiscard]] Outcome<PackagePlan> plan_package(const LayerSource& source, const Catalogue& catalogue,
                                                const std::optional<std::vector<ContainerMount>>& instead);

/// The layer that a mount or an overlay's layer of a package shows. Where
/// `source` names no volume: "atom", else the only one beside "metadata".
[[nodiscard]] Outcome<PlannedLayer> plan_volume(const LayerSource& source, const PackageInfo& info);

/// Orders guest paths so that a directory comes right before what is below it.
[[nodiscard]] bool outer_first(std::string_view a, std::string_view b);

}  // namespace wasifs::plan
