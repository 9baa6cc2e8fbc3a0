// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/bytes.h"

#include <bit>
#include <cstring>

#include "base/path.h"
#include "base/utf8.h"

namespace wasifs::webc {

std::uint64_t load_le(const std::byte* at, unsigned width) {
  std::uint64_t value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, at, width);
  } else {
    for (unsigned i = 0; i < width; ++i) value |= std::to_integer<std::uint64_t>(at[i]) << (8 * i);
  }
  return value;
}

Parsed<std::uint64_t> Reader::integer(unsigned width, std::string_view what) {
  auto range = take(width, what);
  if (!range) return std::unexpected(std::move(range.error()));
  return load_le(bytes(*range).data(), width);
}

Parsed<std::uint64_t> Reader::leb128(std::string_view what) {
  const std::uint64_t start = at_;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    auto byte = integer(1, what);
    if (!byte) return byte;
    const std::uint64_t digit = *byte & 0x7f;
    if (shift == 63 && digit > 1) break;
    value |= digit << shift;
    if ((*byte & 0x80) == 0) return value;
  }
  return fault(start, concat(what, " does not fit in 64 bits"));
}

Parsed<Range> Reader::take(std::uint64_t size, std::string_view what) {
  if (size > remaining()) {
    return fault(at_,
                 concat(what, " needs ", size, " bytes, but ", part_name_, " has ", remaining(), " left"));
  }
  const Range range{at_, size};
  at_ += size;
  return range;
}

Parsed<Range> Reader::counted(std::string_view what) {
  const std::uint64_t start = at_;
  auto size = u64(what);
  if (!size) return std::unexpected(std::move(size.error()));
  auto range = take(*size, what);
  if (!range) range.error().offset = start;  // the length is what is wrong
  return range;
}

Parsed<void> Reader::expect_end() const {
  if (remaining() == 0) return {};
  return fault(at_, concat(remaining(), " bytes too many at the end of ", part_name_));
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

Parsed<void> check_entry_name(std::string_view name, std::uint64_t offset) {
  if (name.empty()) return fault(offset, "a directory entry has an empty name");
  if (name.size() > 255) {
    return fault(offset, concat("a directory entry's name has ", name.size(), " bytes, more than 255"));
  }
  if (name == "." || name == "..") {
    return fault(offset, concat("a directory entry is named ", quoted(name)));
  }
  if (const auto slash = name.find('/'); slash != name.npos) {
    return fault(offset + slash, concat("the directory entry name ", quoted(name), " holds a '/'"));
  }
  if (const auto nul = name.find('\0'); nul != name.npos) {
    return fault(offset + nul, concat("the directory entry name ", quoted(name), " holds a NUL"));
  }
  if (const auto bad = find_invalid_utf8(name); bad != name.npos) {
    return fault(offset + bad, concat("the directory entry name ", quoted(name), " is not UTF-8"));
  }
  return {};
}

}  // namespace wasifs::webc
