// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wasifs {

/// A SHA-256 (FIPS 180-4).
using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of the pieces, one after the other.
[[nodiscard]] Digest sha256(std::initializer_list<std::span<const std::byte>> pieces);
[[nodiscard]] inline Digest sha256(std::span<const std::byte> bytes) { return sha256({bytes}); }

/// SHA-256 of what comes piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::span<const std::byte> bytes);
  /// Of everything since the start, or since the last call.
  [[nodiscard]] Digest take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The 32 bytes of `at` as a Digest.
[[nodiscard]] Digest digest_at(std::span<const std::byte> at);

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Digest& digest);

/// How the manifests of packages sign an atom: "sha256:" and standard base64 with padding.
[[nodiscard]] std::string signature_text(const Digest& digest);
/// nullopt: no such text.
[[nodiscard]] std::optional<Digest> parse_signature(std::string_view text);

}  // namespace wasifs
