// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wasifs::archive {

/// Why such an archive is refused.
inline constexpr std::string_view kCompressedTwice = "it is compressed twice; decompress it once";

/// What is compressed, decompressed from its beginning to its end. The checks that the
/// format has for itself are made: CRC and length of gzip, the checksums of xz, zstd, lz4
/// and bzip2. Errors are reasons without a place. Not thread-safe.
class Decoder {
 public:
  template <class T>
  using Or = std::expected<T, std::string>;

  /// Null where `bytes`, which must outlive it, are not compressed with gzip, bzip2, xz,
  /// zstd or lz4.
  [[nodiscard]] static Or<std::unique_ptr<Decoder>> of(std::span<const std::byte> bytes);
  virtual ~Decoder() = default;

  /// The next bytes, as many as `out` takes, or those that are left before the end or an
  /// error. 0: the end, and all of the checks have been made.
  [[nodiscard]] Or<std::size_t> read(std::span<std::byte> out);
  /// How many of the compressed bytes were used so far. At the end, those behind are no
  /// part of what was compressed.
  [[nodiscard]] virtual std::uint64_t used() const = 0;

 protected:
  /// At least one byte, 0 at the end.
  [[nodiscard]] virtual Or<std::size_t> decode(std::span<std::byte> out) = 0;

 private:
  std::optional<std::string> error_;  ///< comes after the bytes before it
};

}  // namespace wasifs::archive
