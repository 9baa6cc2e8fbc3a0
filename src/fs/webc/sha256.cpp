// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/sha256.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>

#include <algorithm>

namespace wasifs::webc {

static_assert(std::tuple_size_v<Digest> == SHA256_DIGEST_SIZE);

Digest sha256(std::initializer_list<ByteSpan> pieces) {
  sha256_ctx context;
  sha256_init(&context);
  for (const ByteSpan piece : pieces) {
    sha256_update(&context, piece.size(), reinterpret_cast<const std::uint8_t*>(piece.data()));
  }
  Digest digest;
  sha256_digest(&context, digest.size(), digest.data());
  return digest;
}

Digest digest_at(ByteSpan at) {
  Digest digest{};
  std::ranges::transform(at.first(digest.size()), digest.begin(),
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return digest;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::string to_hex(const Digest& digest) {
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string signature_text(const Digest& digest) {
  std::string encoded(BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE), '\0');
  base64_encode_raw(encoded.data(), digest.size(), digest.data());
  return "sha256:" + encoded;
}

}  // namespace wasifs::webc
