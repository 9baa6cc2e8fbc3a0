// SPDX-License-Identifier: Apache-2.0
#include "plan/plan_lookup.h"

#include "base/path.h"

namespace wasifs::plan {

const PlannedMount& mount_showing(const Plan& plan, std::string_view path) {
  const PlannedMount* deepest = &plan.mounts.front();
  for (const PlannedMount& mount : plan.mounts) {
    if (mount.guest.size() > deepest->guest.size() && is_at_or_below(path, mount.guest)) deepest = &mount;
  }
  return *deepest;
}

const PlannedLayer* command_layer(const PlannedMount& mount) {
  const auto in_memory = [](const PlannedLayer& layer) {
    return layer.kind == LayerKind::base || layer.kind == LayerKind::memory ||
           layer.kind == LayerKind::commands;
  };
  if (mount.upper && in_memory(*mount.upper)) return &*mount.upper;
  if (!mount.lowers.empty() && in_memory(mount.lowers.front())) return &mount.lowers.front();
  return nullptr;
}

}  // namespace wasifs::plan
