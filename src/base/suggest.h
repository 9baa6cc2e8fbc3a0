// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace wasifs {

/// `did you mean "tree"?` with the candidate that `word` is most likely a slip
/// of (an insertion, deletion, change or swap of neighbours for every three
/// letters, and for fewer than half of them), or "" if none is close. The first
/// of equally close ones wins.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace wasifs
