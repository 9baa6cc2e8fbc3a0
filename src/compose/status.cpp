// SPDX-License-Identifier: Apache-2.0
#include "compose/status.h"

#include <unistd.h>

#include <optional>

#include "base/quota.h"

namespace wasifs {

namespace {

std::string gauge(std::uint64_t used, std::optional<std::uint64_t> limit) {
  return "{\"used\":" + std::to_string(used) + ",\"limit\":" + (limit ? std::to_string(*limit) : "null") +
         "}";
}

std::optional<std::uint64_t> limit_of(std::uint64_t max) {
  return max == Quota::kUnlimited ? std::nullopt : std::optional(max);
}

}  // namespace

std::string status_json(const TreeOptions& options, const OpenLimits* limits,
                        std::span<const std::string> views) {
  // The process is asked for here: a daemon is not the one that made the Tree.
  std::string json = "{\"schema\":1,\"pid\":" + std::to_string(::getpid());
  if (const Quota* const quota = options.quota.get(); quota != nullptr) {
    json += ",\"memory\":" + gauge(quota->bytes_used(), limit_of(quota->bytes_max()));
    json += ",\"inodes\":" + gauge(quota->inodes_used(), limit_of(quota->inodes_max()));
  }
  if (options.limits.max_open && limits != nullptr) {
    json += ",\"open\":" + gauge(limits->open(), options.limits.max_open);
  }
  if (!views.empty()) {
    json += ",\"views\":[";
    for (const std::string& view : views) json += (&view == &views.front() ? "" : ",") + view;
    json += "]";
  }
  return json + ",\"mounts\":" + (options.mounts.empty() ? "[]" : options.mounts) + "}";
}

}  // namespace wasifs
