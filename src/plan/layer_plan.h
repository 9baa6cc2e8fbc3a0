// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plan/catalogue.h"
#include "plan/manifest.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// A layer that is made from nothing.
[[nodiscard]] PlannedLayer plain_layer(LayerKind kind, const SourceLocation& where);
[[nodiscard]] PlannedLayer host_layer(const LayerSource& source, Symlinks symlinks);

/// The layers that `entry` names, the topmost first: of a package the chosen volume,
/// of an image all of them. `warnings` takes what is worth one. Pure. Trouble as of
/// plan_volume().
[[nodiscard]] Outcome<std::vector<PlannedLayer>> plan_layers(const MountEntry& entry,
                                                             const Catalogue& catalogue, const Images& images,
                                                             std::vector<Diagnostic>& warnings);

/// The mount that `entry` asks for, of its `layers`.
[[nodiscard]] PlannedMount plan_mount(const MountEntry& entry, std::vector<PlannedLayer> layers);

/// Who asks for the mounts of a manifest.
inline constexpr std::string_view kManifestOrigin = "manifest";

}  // namespace wasifs::plan
