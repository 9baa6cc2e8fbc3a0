// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>

#include <algorithm>

namespace wasifs {

static_assert(std::tuple_size_v<Digest> == SHA256_DIGEST_SIZE);

namespace {

constexpr std::string_view kSignaturePrefix = "sha256:";
constexpr std::size_t kEncodedDigest = BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE);

void add_to(sha256_ctx& context, std::span<const std::byte> piece) {
  sha256_update(&context, piece.size(), reinterpret_cast<const std::uint8_t*>(piece.data()));
}

/// Starts anew as well.
Digest take_from(sha256_ctx& context) {
  Digest digest;
  sha256_digest(&context, digest.size(), digest.data());
  return digest;
}

}  // namespace

struct Sha256::State {
  sha256_ctx context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { sha256_init(&state_->context); }

Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes) { add_to(state_->context, bytes); }

Digest Sha256::take() { return take_from(state_->context); }

Digest sha256(std::initializer_list<std::span<const std::byte>> pieces) {
  sha256_ctx context;
  sha256_init(&context);
  for (const std::span<const std::byte> piece : pieces) add_to(context, piece);
  return take_from(context);
}

Digest digest_at(std::span<const std::byte> at) {
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
  std::string encoded(kEncodedDigest, '\0');
  base64_encode_raw(encoded.data(), digest.size(), digest.data());
  return std::string(kSignaturePrefix) + encoded;
}

std::optional<Digest> parse_signature(std::string_view text) {
  if (!text.starts_with(kSignaturePrefix)) return std::nullopt;
  text.remove_prefix(kSignaturePrefix.size());
  if (text.size() != kEncodedDigest) return std::nullopt;
  std::array<std::uint8_t, BASE64_DECODE_LENGTH(kEncodedDigest)> raw{};
  std::size_t size = raw.size();
  base64_decode_ctx context;
  base64_decode_init(&context);
  const bool good = base64_decode_update(&context, &size, raw.data(), text.size(), text.data()) == 1 &&
                    base64_decode_final(&context) == 1 && size == SHA256_DIGEST_SIZE;
  if (!good) return std::nullopt;
  return digest_at(std::as_bytes(std::span(raw)));
}

}  // namespace wasifs
