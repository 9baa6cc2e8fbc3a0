// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/special_headers.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/path.h"

namespace wasifs::archive {

namespace {

// POSIX, "pax": the header block.
constexpr std::size_t kBlock = 512;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeWidth = 12;
constexpr std::size_t kSumAt = 148;
constexpr std::size_t kSumWidth = 8;
constexpr std::size_t kTypeAt = 156;
/// libarchive takes none that is larger.
constexpr std::uint64_t kMaxSpecial = 1'048'576;
/// Nor more of them before one entry.
constexpr int kMostSpecial = 64;

/// Octal digits up to what is none.
std::uint64_t octal(std::string_view field) {
  field.remove_prefix(std::min(field.find_first_not_of(" \t"), field.size()));
  std::uint64_t value = 0;
  for (const char digit : field) {
    if (digit < '0' || digit > '7') break;
    value = value * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

/// The checksum, which old writers made of signed bytes, tells a header from other data.
bool is_header(std::string_view block) {
  std::uint64_t sum = 0;
  std::int64_t signed_sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const char byte = i >= kSumAt && i < kSumAt + kSumWidth ? ' ' : block[i];
    sum += static_cast<unsigned char>(byte);
    signed_sum += static_cast<signed char>(byte);
  }
  const std::uint64_t stated = octal(block.substr(kSumAt, kSumWidth));
  return stated == sum || std::cmp_equal(stated, signed_sum);
}

constexpr std::string_view kAclKey = "SCHILY.acl.";

/// The text up to `end`, which goes with it.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::size_t size = std::min(text.find_first_of(end), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return taken;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// `user:1000:rwx`, `other::r--`; acl(5), "Long text form". The name may have a number
/// behind the permissions.
bool is_acl_entry(std::string_view entry) {
  std::string_view tag = take_until(entry, ":");
  if (is_one_of(tag, {"default", "d"})) tag = take_until(entry, ":");
  if (!is_one_of(tag, {"user", "u", "group", "g", "mask", "m", "other", "o"})) return false;
  const std::string_view name = take_until(entry, ":");
  std::string_view bits = take_until(entry, ":");
  // Solaris has it so.
  if (bits.empty() && is_one_of(tag, {"mask", "m", "other", "o"})) bits = name;
  bits = bits.substr(0, bits.find_last_not_of(" \t\r") + 1);
  return !bits.empty() && bits.find_first_not_of("rwxRWX-") == std::string_view::npos;
}

/// Something in the list that libarchive would leave out without a word; "": nothing.
std::string_view misunderstood(std::string_view list) {
  while (!list.empty()) {
    std::string_view entry = take_until(list, ",\n");
    entry.remove_prefix(std::min(entry.find_first_not_of(" \t\r"), entry.size()));
    if (!entry.empty() && entry.front() != '#' && !is_acl_entry(entry)) return entry;
  }
  return {};
}

/// How many bytes of a pax header, "LENGTH KEY=VALUE\n" one after the other, are access
/// control lists. What follows a record that is none libarchive does not read.
Stream::Or<std::uint64_t> acl_bytes(std::string_view records) {
  std::uint64_t bytes = 0;
  while (!records.empty()) {
    std::uint64_t length = 0;
    std::size_t digits = 0;
    for (; digits < records.size() && records[digits] >= '0' && records[digits] <= '9'; ++digits) {
      length = std::min(length * 10 + static_cast<std::uint64_t>(records[digits] - '0'), kMaxSpecial + 1);
    }
    if (digits == records.size() || records[digits] != ' ') break;
    if (length <= digits + 1 || length > records.size()) break;
    std::string_view value = records.substr(digits + 1, static_cast<std::size_t>(length) - digits - 1);
    records.remove_prefix(static_cast<std::size_t>(length));
    if (!value.starts_with(kAclKey)) continue;
    bytes += value.size();
    const std::string_view key = take_until(value, "=");
    if (bytes > kMaxAclText || !is_one_of(key, {"SCHILY.acl.access", "SCHILY.acl.default"})) continue;
    if (const std::string_view wrong = misunderstood(value); !wrong.empty()) {
      return std::unexpected("an access control list has the entry " + quoted(wrong.substr(0, 100)) +
                             ", which is none");
    }
  }
  return bytes;
}

}  // namespace

Stream::Or<void> check_special_headers(Stream& stream, std::uint64_t at) {
  std::uint64_t acls = 0;
  for (int i = 0; i < kMostSpecial; ++i) {
    const auto peeked = stream.peek(at, kBlock);
    if (!peeked) return std::unexpected(peeked.error());
    const std::string_view header = text_of(*peeked);
    if (header.size() < kBlock || !is_header(header)) return {};
    const char type = header[kTypeAt];
    if (std::string_view("AgKLVXx").find(type) == std::string_view::npos) return {};
    // Sizes in base 256 are for more than any of these may have.
    if ((static_cast<unsigned char>(header[kSizeAt]) & 0x80U) != 0) {
      return std::unexpected("the size of a header before an entry is no octal number");
    }
    const std::uint64_t size = octal(header.substr(kSizeAt, kSizeWidth));
    if (size > kMaxSpecial) return {};
    const auto body = stream.peek(at + kBlock, static_cast<std::size_t>(size));
    if (!body) return std::unexpected(body.error());
    if (type == 'A') acls += body->size();  // of Solaris
    if (type == 'x' || type == 'X' || type == 'g') {
      const auto bytes = acl_bytes(text_of(*body));
      if (!bytes) return std::unexpected(bytes.error());
      acls += *bytes;
    }
    if (acls > kMaxAclText) {
      return std::unexpected("an access control list of " + std::to_string(acls) + " bytes; " +
                             std::to_string(kMaxAclText) + " is the most");
    }
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
  return {};
}

}  // namespace wasifs::archive
