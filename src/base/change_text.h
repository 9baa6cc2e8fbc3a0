// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "wasifs/provenance.h"

namespace wasifs {

/// Changes as the bytes of an attribute: a letter, the name and a NUL for each.
[[nodiscard]] std::string change_text(const UpperChanges& changes);
/// nullopt: no such text.
[[nodiscard]] std::optional<UpperChanges> parse_changes(std::string_view text);

/// The value of an attribute has at most 64 KiB, so a longer text is told in pages of so
/// many bytes: under the attribute's name, then with ".1" behind it, ".2" and so on, until
/// one is shorter.
inline constexpr std::size_t kAttributePage = 60000;

}  // namespace wasifs
