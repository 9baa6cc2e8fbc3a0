// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compose/limits.h"
#include "wasifs/tree.h"

namespace wasifs {

/// The extended attribute of a tree's root that tells how it is doing. Nobody can
/// set it, and it is never listed.
inline constexpr std::string_view kStatusXattr = "user.wasifs.status";
/// The same of TreeOptions::package.
inline constexpr std::string_view kPackageXattr = "user.wasifs.package";

/// Its value, one JSON object; numbers are of now, null stands for "no limit":
///
///   {"schema":1,"pid":…,
///    "memory":{"used":…,"limit":…},"inodes":{"used":…,"limit":…},   where there is a quota
///    "open":{"used":…,"limit":…},                                   where that is limited
///    "views":[…],                                                   what TreeObserver::status tells, if
///    anybody does "mounts":[…]}                                                  as TreeOptions has them
///
/// `limits` may be null.
[[nodiscard]] std::string status_json(const TreeOptions& options, const OpenLimits* limits,
                                      std::span<const std::string> views);

}  // namespace wasifs
