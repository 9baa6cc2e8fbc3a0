// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace wasifs {

/// The same bytes as text.
[[nodiscard]] inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The little-endian integer of `width` ≤ 8 bytes that `at` points to.
[[nodiscard]] inline std::uint64_t load_le(const void* at, std::size_t width = 8) {
  std::uint64_t value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, at, width);
  } else {
    const auto* const bytes = static_cast<const unsigned char*>(at);
    for (std::size_t i = 0; i < width; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  }
  return value;
}

/// The same of `text`, which has `width` bytes from `at` on.
[[nodiscard]] inline std::uint64_t load_le(std::string_view text, std::size_t at, std::size_t width) {
  return load_le(text.data() + at, width);
}

}  // namespace wasifs
