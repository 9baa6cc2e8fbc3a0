// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace wasifs {

/// Bytes of the well-formed UTF-8 sequence that `text` begins with (RFC 3629: no
/// overlong forms, no surrogates, at most U+10FFFF); 0 if it begins with none.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace wasifs
