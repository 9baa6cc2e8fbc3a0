// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/webc/bytes.h"

namespace wasifs::webc {

/// What a CBOR document of a package may hold at most. Far above what real
/// packages have, and low enough that decoding one takes little time and stack.
inline constexpr std::size_t kMaxCborDepth = 64;
inline constexpr std::uint64_t kMaxCborItems = 65'536;
inline constexpr std::uint64_t kMaxCborMapKeys = 4'096;

/// Checks that one well-formed CBOR item (RFC 8949) starts at `part` and tells
/// how many bytes it has; `part` may be longer. Stricter than the RFC where a
/// package has no use for the freedom: map keys are texts of definite length
/// and distinct, tags and simple values other than false, true and null are
/// refused, as are integers below -2^63. Nothing is allocated for declared
/// lengths and nothing recurses, so the document may then be given to a decoder
/// that does. `name` is the document's for messages.
[[nodiscard]] Parsed<std::uint64_t> check_cbor(ByteSpan file, Range part, std::string_view name);

}  // namespace wasifs::webc
