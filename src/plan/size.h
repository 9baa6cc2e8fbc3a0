// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "wasifs/error.h"

namespace wasifs::plan {

/// A number of bytes as the manifest writes it: decimal digits and an optional
/// unit, KiB MiB GiB TiB (powers of 1024) or KB MB GB (powers of 1000). The
/// Diagnostic (Trouble::manifest, no place) says what is wrong with the text.
[[nodiscard]] Outcome<std::uint64_t> parse_size(std::string_view text);

}  // namespace wasifs::plan
