// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "fs/webc/bytes.h"

namespace wasifs::webc {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of the pieces, one after the other.
[[nodiscard]] Digest sha256(std::initializer_list<ByteSpan> pieces);
[[nodiscard]] inline Digest sha256(ByteSpan bytes) { return sha256({bytes}); }

/// The 32 bytes of `at` as a Digest.
[[nodiscard]] Digest digest_at(ByteSpan at);

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Digest& digest);

/// How manifests sign an atom: "sha256:" and standard base64 with padding.
[[nodiscard]] std::string signature_text(const Digest& digest);

}  // namespace wasifs::webc
