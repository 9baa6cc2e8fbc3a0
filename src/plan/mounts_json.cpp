// SPDX-License-Identifier: Apache-2.0
#include "plan/mounts_json.h"

#include <nlohmann/json.hpp>

namespace wasifs::plan {

namespace {

using nlohmann::ordered_json;

/// The kernel takes values up to 64 KiB; the rest of the status is short.
constexpr std::size_t kMaxBytes = std::size_t{60} << 10;

std::string_view name_of(Access access) {
  return access == Access::rw ? "rw" : access == Access::cow ? "cow" : "ro";
}

std::string mount_json(const PlannedMount& mount) {
  ordered_json layers = ordered_json::array();
  if (mount.upper) layers.push_back(mount.upper->describe());
  for (const PlannedLayer& lower : mount.lowers) layers.push_back(lower.describe());
  ordered_json json{{"guest", mount.guest}, {"access", name_of(mount.access)}, {"layers", std::move(layers)}};
  if (mount.caching != Caching::by_layer) json["cache"] = mount.caching == Caching::none ? "none" : "forever";
  if (mount.quota_bytes) json["quota"] = *mount.quota_bytes;
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string mounts_json(const Plan& plan) {
  std::string out = "[";
  std::size_t told = 0;
  for (const PlannedMount& mount : plan.mounts) {
    const std::string json = mount_json(mount);
    if (out.size() + json.size() > kMaxBytes) break;
    out.append(told == 0 ? "" : ",").append(json);
    ++told;
  }
  if (const std::size_t left = plan.mounts.size() - told; left != 0) {
    out.append(told == 0 ? "" : ",").append("{\"omitted\":" + std::to_string(left) + "}");
  }
  return out + "]";
}

}  // namespace wasifs::plan
