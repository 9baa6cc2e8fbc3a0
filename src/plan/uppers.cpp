// SPDX-License-Identifier: Apache-2.0
#include "plan/uppers.h"

#include <map>
#include <string>
#include <string_view>

#include "base/path.h"

namespace wasifs::plan {

namespace {

/// A path without what does not change where it leads.
std::string plain(std::string_view path) {
  std::string out = path.starts_with('/') ? "/" : "";
  for (const std::string_view name : split_path(path)) {
    if (name != ".") out.append(name).append("/");
  }
  return out;
}

Outcome<void> refuse(const PlannedMount& mount, const std::string& why, const SourceLocation& other) {
  Diagnostic clash{.trouble = Trouble::conflict,
                   .message = "mount " + quoted(mount.guest) + ": the upper " + quoted(mount.upper->written) +
                              " cannot be used",
                   .where = mount.upper->where,
                   .hint = "name a directory that is for this mount alone"};
  clash.causes.push_back({.trouble = Trouble::conflict, .message = why, .where = other});
  return fail(std::move(clash));
}

}  // namespace

Outcome<void> check_uppers(const Plan& plan) {
  std::map<std::string, const PlannedMount*> taken;
  for (const PlannedMount& mount : plan.mounts) {
    if (mount.work.empty()) continue;
    const std::string upper = plain(mount.upper->source);
    for (const PlannedLayer& lower : mount.lowers) {
      if (lower.kind == LayerKind::host && plain(lower.source) == upper)
        return refuse(mount, "it is one of the layers below it", lower.where);
    }
    for (const std::string& path : {mount.upper->source, mount.work}) {
      const auto [other, fresh] = taken.emplace(plain(path), &mount);
      if (fresh || other->second == &mount) continue;
      return refuse(mount,
                    quoted(path) + " is where mount " + quoted(other->second->guest) + " keeps its changes",
                    other->second->upper->where);
    }
  }
  return {};
}

}  // namespace wasifs::plan
