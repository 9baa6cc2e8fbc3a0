// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace wasifs::webc {

using ByteSpan = std::span<const std::byte>;

namespace detail {
inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, std::uint64_t number) { out += std::to_string(number); }
}  // namespace detail

/// Text pieces and unsigned numbers, one after the other.
template <class... Pieces>
[[nodiscard]] std::string concat(const Pieces&... pieces) {
  std::string out;
  (detail::append(out, pieces), ...);
  return out;
}

/// What is wrong with a package and at which byte of the file.
struct Fault {
  std::uint64_t offset = 0;
  std::string what;
};

/// The result of every parsing step: a value or the first fault.
template <class T>
using Parsed = std::expected<T, Fault>;

[[nodiscard]] inline std::unexpected<Fault> fault(std::uint64_t offset, std::string what) {
  return std::unexpected(Fault{offset, std::move(what)});
}

/// A part of the file: `size` bytes from byte `offset` on. Ranges are made by
/// parsers after they checked them against the file's size.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  [[nodiscard]] std::uint64_t end() const { return offset + size; }
};

[[nodiscard]] inline ByteSpan bytes_of(ByteSpan file, Range range) {
  return file.subspan(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.size));
}

/// Reads one part of the file from front to back and never past its end. All
/// offsets, in faults too, are the file's. `what` names the field for the
/// message ("the manifest's length"). What a million entries go through is inline.
class Reader {
 public:
  Reader(ByteSpan file, Range part, std::string_view part_name)
      : file_(file), at_(part.offset), end_(part.end()), part_name_(part_name) {}

  [[nodiscard]] std::uint64_t offset() const { return at_; }
  [[nodiscard]] std::uint64_t remaining() const { return end_ - at_; }

  [[nodiscard]] Parsed<std::uint64_t> integer(unsigned width, std::string_view what) {
    if (width > remaining()) [[unlikely]]
      return too_short(at_, width, what);
    const std::uint64_t value = load_le(&file_[static_cast<std::size_t>(at_)], width);
    at_ += width;
    return value;
  }
  [[nodiscard]] Parsed<std::uint64_t> u64(std::string_view what) { return integer(8, what); }
  /// An unsigned LEB128 number of at most 64 bits.
  [[nodiscard]] Parsed<std::uint64_t> leb128(std::string_view what);
  /// The next `size` bytes as a part of the file.
  [[nodiscard]] Parsed<Range> take(std::uint64_t size, std::string_view what) {
    return take(size, what, at_);
  }
  /// A u64 length and that many bytes. A fault is at the length.
  [[nodiscard]] Parsed<Range> counted(std::string_view what) {
    const std::uint64_t start = at_;
    auto size = u64(what);
    if (!size) [[unlikely]]
      return std::unexpected(std::move(size.error()));
    return take(*size, what, start);  // the length is what is wrong
  }
  [[nodiscard]] ByteSpan bytes(Range range) const { return bytes_of(file_, range); }
  /// The fault for bytes that remain where the part must end.
  [[nodiscard]] Parsed<void> expect_end() const;

 private:
  /// A fault is at `fault_at`.
  [[nodiscard]] Parsed<Range> take(std::uint64_t size, std::string_view what, std::uint64_t fault_at) {
    if (size > remaining()) [[unlikely]]
      return too_short(fault_at, size, what);
    const Range range{at_, size};
    at_ += size;
    return range;
  }
  [[nodiscard]] [[gnu::cold]] std::unexpected<Fault> too_short(std::uint64_t at, std::uint64_t size,
                                                               std::string_view what) const;

  ByteSpan file_;
  std::uint64_t at_;
  std::uint64_t end_;
  std::string_view part_name_;
};

/// The offset of the first byte of `text` that is no UTF-8; npos where all is.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);

/// Refuses what can be no name of a directory entry: "", ".", "..", '/', NUL,
/// more than 255 bytes, text that is not UTF-8. `offset` is the name's.
[[nodiscard]] Parsed<void> check_entry_name(std::string_view name, std::uint64_t offset);

}  // namespace wasifs::webc
