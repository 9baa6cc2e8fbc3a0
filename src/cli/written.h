// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.h"
#include "wasifs/error.h"

namespace wasifs::cli {

/// Tells of the file that a verb has written its SHA-256, as "sha256:HEX  PATH" or one JSON
/// object, which has `counts` as well. The errors are those of package_digest().
[[nodiscard]] Outcome<int> print_written(
    const std::string& path, bool json, Io& io,
    const std::vector<std::pair<const char*, std::uint64_t>>& counts = {});

}  // namespace wasifs::cli
