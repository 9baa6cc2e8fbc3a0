// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/catalogue.h"
#include "plan/manifest.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// A volume (or a part of one) that a package shows at a guest path.
struct PackageMount {
  std::string guest;
  std::string guest_raw;
  PlannedLayer layer;
};

/// What one package adds to a root, before it meets anything else.
struct PackagePlan {
  std::optional<PlannedLayer> root;  ///< shown at "/"
  std::vector<PackageMount> mounts;  ///< outer before inner, no path twice
  std::vector<PlannedCommand> commands;
  std::vector<Decision> decisions;
  std::vector<Diagnostic> warnings;
};

/// Applies the package rules (composition rule 12): the mappings of the package
/// or, where given, those of `instead`; a package of version 1 or 2 without
/// mappings shows its volume "atom" at "/", one of version 3 nothing. Trouble:
/// corrupt where the package is at fault, manifest where `instead` is.
[[nodiscard]] Outcome<PackagePlan> plan_package(const LayerSource& source, const PackageInfo& info,
                                                const std::optional<std::vector<ContainerMount>>& instead);

/// The layer that a mount or an overlay's layer of a package shows. Where
/// `source` names no volume: "atom", else the only one beside "metadata".
[[nodiscard]] Outcome<PlannedLayer> plan_volume(const LayerSource& source, const PackageInfo& info);

/// `package "NAME"`, as messages and origins have it.
[[nodiscard]] std::string package_label(const LayerSource& source);

/// Orders guest paths so that a directory comes right before what is below it.
[[nodiscard]] bool outer_first(std::string_view a, std::string_view b);

}  // namespace wasifs::plan
