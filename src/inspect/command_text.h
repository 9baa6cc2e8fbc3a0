// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wasifs/plan.h"

namespace wasifs {

/// Where a command's bytes lie and, of a mapped one, what line asks for it:
/// `program "x" of "a.webc"`, `host file "/usr/bin/rg" (site.toml:9:6)`.
[[nodiscard]] std::string command_source(const PlannedCommand& command);

}  // namespace wasifs
