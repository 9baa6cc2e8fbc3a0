// SPDX-License-Identifier: Apache-2.0
#include "base/name_hash.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace wasifs {
namespace {

std::uint64_t load8(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint64_t load4(const char* at) {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// All of a text of at most 8 bytes in one word. Overlapping loads spare the
/// call of memcpy; texts of one length never give the same word.
std::uint64_t load_short(const char* at, std::size_t size) {
  if (size == 8) return load8(at);
  if (size >= 4) return load4(at) | load4(at + size - 4) << 32U;
  const auto byte = [at](std::size_t i) -> std::uint64_t { return static_cast<unsigned char>(at[i]); };
  return size == 0 ? 0 : byte(0) | byte(size / 2) << 8U | byte(size - 1) << 16U;
}

}  // namespace

std::uint64_t random_key() {
  std::uint64_t key = 0;
  ::arc4random_buf(&key, sizeof key);
  return key;
}

std::uint64_t NameHash::operator()(std::uint32_t directory, std::string_view name) const {
  std::uint64_t hash = fold_multiply(key_[0] ^ directory, key_[1] ^ name.size());
  const char* at = name.data();
  std::size_t left = name.size();
  for (; left > 8; at += 8, left -= 8) hash = fold_multiply(load8(at) ^ key_[0], hash ^ key_[1]);
  return fold_multiply(load_short(at, left) ^ key_[0], hash ^ key_[1]);
}

}  // namespace wasifs
