// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "wasifs/plan.h"

namespace wasifs::plan {

/// The mount that shows the directory `path` (normalised): the deepest one at
/// or above it. There always is one, the root.
[[nodiscard]] const PlannedMount& mount_showing(const Plan& plan, std::string_view path);

/// Where commands appear.
inline constexpr std::string_view kCommandDirectories[] = {"/bin", "/usr/bin"};

/// Who provides a command that is a file of the host rather than a package's.
inline constexpr std::string_view kMappedOrigin = "map-commands";

/// The layer of `mount` that commands are written to before it is shown: its
/// memory upper or, for a root whose upper is on the host, its first lower. Null
/// where there is none, and commands stay hidden there.
[[nodiscard]] const PlannedLayer* command_layer(const PlannedMount& mount);

}  // namespace wasifs::plan
