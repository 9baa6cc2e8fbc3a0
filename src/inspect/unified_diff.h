// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wasifs {

/// Texts with more bytes than this are not compared line by line.
inline constexpr std::size_t kMostTextBytes = std::size_t{8} << 20U;
/// The same for lines.
inline constexpr std::size_t kMostTextLines = 200'000;

/// True for what has a NUL in it, as diff(1) decides it.
[[nodiscard]] bool is_binary(std::string_view bytes);

/// The hunks that make `b` of `a`, as diff(1) writes them with -u: three lines of context,
/// no headers of files, "\ No newline at end of file" where that is so. "" where they are
/// equal. Not always the fewest lines: where very many differ they come as blocks, so that
/// the time it takes grows with the length of the texts. nullopt: they have more lines
/// than kMostTextLines.
[[nodiscard]] std::optional<std::string> unified_diff(std::string_view a, std::string_view b);

}  // namespace wasifs
