// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/cli.h"
#include "wasifs/error.h"

namespace wasifs::cli {

/// What builds that are to be repeated set, SOURCE_DATE_EPOCH, in seconds. Trouble::usage:
/// it is no number.
[[nodiscard]] Outcome<std::optional<std::uint64_t>> source_date_epoch(std::string_view verb, const Io& io);

}  // namespace wasifs::cli
