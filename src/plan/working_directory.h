// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "plan/base_root.h"
#include "wasifs/tree.h"

namespace wasifs::plan {

/// Makes the directory `cwd` (normalised) and those above it, where it is missing
/// and the tree keeps changes there in memory. Elsewhere nothing happens, least
/// of all on the host. enospc.
[[nodiscard]] Status make_working_directory(const Tree& tree, std::string_view cwd, Owner owner);

}  // namespace wasifs::plan
