// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/bytes.h"

#include <algorithm>
#include <cstring>

#include "base/path.h"
#include "base/utf8.h"

namespace wasifs::webc {

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

std::unexpected<Fault> Reader::too_short(std::uint64_t at, std::uint64_t size, std::string_view what) const {
  return fault(at, concat(what, " needs ", size, " bytes, but ", part_name_, " has ", remaining(), " left"));
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

namespace {

/// True only for ASCII without '/' and NUL: what nearly all names are, told from
/// eight bytes at a time.
bool is_plain(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  constexpr std::size_t kWord = sizeof kOnes;
  // In ASCII, taking one away sets the high bit of a byte that was 0, and beside it
  // that of higher bytes at most.
  const auto plain = [](std::uint64_t word) {
    return ((word | (word - kOnes) | ((word ^ '/' * kOnes) - kOnes)) & kHighBits) == 0;
  };
  if (text.size() < kWord) {
    return std::ranges::all_of(text, [](char c) { return c > '\0' && c != '/'; });
  }
  const auto word_at = [text](std::size_t at) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, kWord);
    return word;
  };
  bool all = plain(word_at(text.size() - kWord));
  for (std::size_t at = 0; all && at + kWord < text.size(); at += kWord) all = plain(word_at(at));
  return all;
}

}  // namespace

Parsed<void> check_entry_name(std::string_view name, std::uint64_t offset) {
  if (name.empty()) return fault(offset, "a directory entry has an empty name");
  if (name.size() > 255) {
    return fault(offset, concat("a directory entry's name has ", name.size(), " bytes, more than 255"));
  }
  if (name == "." || name == "..") {
    return fault(offset, concat("a directory entry is named ", quoted(name)));
  }
  if (is_plain(name)) return {};
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
