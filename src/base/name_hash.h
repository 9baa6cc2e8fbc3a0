// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace wasifs {

/// A number that nobody can foretell.
[[nodiscard]] std::uint64_t random_key();

/// The two halves of the 128-bit product, xored: mixes every bit of both.
[[nodiscard]] inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// A hash of names with a random key, so that the author of a package cannot choose
/// names that collide. Immutable, thread-safe.
class NameHash {
 public:
  NameHash() : key_{random_key(), random_key()} {}

  /// `directory` tells equal names of different directories apart.
  [[nodiscard]] std::uint64_t operator()(std::uint32_t directory, std::string_view name) const;

 private:
  std::uint64_t key_[2];
};

}  // namespace wasifs
