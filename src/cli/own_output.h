// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wasifs/error.h"
#include "wasifs/root.h"

namespace wasifs::cli {

/// Refuses to copy what is at and below `path` (absolute, as path_in() has it) to a place
/// that is itself part of that, through a directory of the host that is a layer: such a
/// copy would find what it has just written, and have no end. `output` need not be there
/// yet; it is a directory where `is_directory`, else a file that is replaced. Trouble::usage.
[[nodiscard]] Outcome<void> check_own_output(const PreparedRoot& root, const std::string& path,
                                             const std::string& output, bool is_directory);

}  // namespace wasifs::cli
