// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace wasifs::archive {

/// Told now and then how many of an archive's bytes were read.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace wasifs::archive
