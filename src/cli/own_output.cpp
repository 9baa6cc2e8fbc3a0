// SPDX-License-Identifier: Apache-2.0
#include "cli/own_output.h"

#include <optional>
#include <vector>

#include "base/output_place.h"
#include "base/path.h"

namespace wasifs::cli {

namespace {

/// The mount that shows what is at `guest`.
const PlannedMount* mount_at(const Plan& plan, const std::string& guest) {
  const PlannedMount* inner = nullptr;
  for (const PlannedMount& mount : plan.mounts) {
    if (!is_at_or_below(guest, mount.guest)) continue;
    if (inner == nullptr || mount.guest.size() >= inner->guest.size()) inner = &mount;
  }
  return inner;
}

std::vector<const PlannedLayer*> host_layers(const PlannedMount& mount) {
  std::vector<const PlannedLayer*> layers;
  if (mount.upper && mount.upper->kind == LayerKind::host) layers.push_back(&*mount.upper);
  for (const PlannedLayer& lower : mount.lowers) {
    if (lower.kind == LayerKind::host) layers.push_back(&lower);
  }
  return layers;
}

}  // namespace

Outcome<void> check_own_output(const PreparedRoot& root, const std::string& path, const std::string& output,
                               bool is_directory) {
  const OutputPlace place(output, is_directory);
  for (const PlannedMount& mount : root.plan.mounts) {
    for (const PlannedLayer* layer : host_layers(mount)) {
      const std::optional<std::string> below = place.below(layer->source);
      if (!below) continue;
      std::string guest = mount.guest == "/" ? *below : mount.guest + *below;
      if (guest.empty()) guest = "/";
      if (!is_at_or_below(guest, path) || mount_at(root.plan, guest) != &mount) continue;
      return fail(Diagnostic{.trouble = Trouble::usage,
                             .message = "cannot write " + wasifs::quoted(output) +
                                        ": it is part of what is copied, as " + wasifs::quoted(guest),
                             .hint = "name a place outside of " + wasifs::quoted(layer->written)});
    }
  }
  return {};
}

}  // namespace wasifs::cli
