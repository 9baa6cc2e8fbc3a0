// SPDX-License-Identifier: Apache-2.0
#include "base/acl.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace wasifs {

namespace {

// linux/posix_acl_xattr.h: a version, then tag, permissions and id of each entry, all
// of it little-endian.
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kEntrySize = 8;
constexpr std::uint32_t kNoId = 0xffffffff;

void append_number(std::string& out, std::uint32_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i, value >>= 8U) out += static_cast<char>(value & 0xffU);
}

bool is_named(std::uint16_t tag) { return tag == Acl::kUser || tag == Acl::kGroup; }

}  // namespace

Result<Acl> Acl::of(std::vector<Entry> entries) {
  Acl acl;
  acl.entries_ = std::move(entries);
  std::ranges::sort(acl.entries_, {}, [](const Entry& entry) { return std::pair(entry.tag, entry.id); });
  if (!acl.valid()) return fail(Errc::einval);
  return acl;
}

Result<Acl> Acl::parse(std::string_view value) {
  if (value.size() < kHeaderSize) return fail(Errc::einval);
  if (load_le(value, 0, 4) != kVersion) return fail(Errc::enotsup);
  if ((value.size() - kHeaderSize) % kEntrySize != 0) return fail(Errc::einval);
  Acl acl;
  for (std::size_t at = kHeaderSize; at < value.size(); at += kEntrySize) {
    acl.entries_.push_back({.tag = static_cast<std::uint16_t>(load_le(value, at, 2)),
                            .bits = static_cast<std::uint16_t>(load_le(value, at + 2, 2)),
                            .id = static_cast<std::uint32_t>(load_le(value, at + 4, 4))});
  }
  if (!acl.valid()) return fail(Errc::einval);
  return acl;
}

std::string Acl::value() const {
  std::string out;
  append_number(out, kVersion, 4);
  for (const Entry& entry : entries_) {
    append_number(out, entry.tag, 2);
    append_number(out, entry.bits, 2);
    append_number(out, is_named(entry.tag) ? entry.id : kNoId, 4);
  }
  return out;
}

/// The tags come in the order of their numbers; each but those of named users and
/// groups once, and the mask where anybody is named.
bool Acl::valid() const {
  std::uint16_t before = 0;
  std::uint16_t seen = 0;
  for (const Entry& entry : entries_) {
    const bool known = entry.tag == kUserObj || entry.tag == kGroupObj || entry.tag == kMask ||
                       entry.tag == kOther || is_named(entry.tag);
    if (!known || entry.bits > 7 || entry.tag < before) return false;
    if (entry.tag == before && !is_named(entry.tag)) return false;
    if (is_named(entry.tag) && entry.id == kNoId) return false;
    before = entry.tag;
    seen |= entry.tag;
  }
  constexpr std::uint16_t kRequired = kUserObj | kGroupObj | kOther;
  if ((seen & kRequired) != kRequired) return false;
  return (seen & (kUser | kGroup)) == 0 || (seen & kMask) != 0;
}

bool Acl::is_group_class(const Entry& entry) const {
  if (entry.tag == kMask) return true;
  const auto is_mask = [](const Entry& each) { return each.tag == kMask; };
  return entry.tag == kGroupObj && std::ranges::none_of(entries_, is_mask);
}

int Acl::shift_of(const Entry& entry) const {
  if (entry.tag == kUserObj) return 6;
  if (entry.tag == kOther) return 0;
  return is_group_class(entry) ? 3 : -1;
}

std::uint16_t Acl::permissions() const {
  unsigned mode = 0;
  for (const Entry& entry : entries_) {
    if (const int shift = shift_of(entry); shift >= 0) mode |= unsigned{entry.bits} << shift;
  }
  return static_cast<std::uint16_t>(mode);
}

void Acl::set_permissions(std::uint16_t mode) {
  for (Entry& entry : entries_) {
    if (const int shift = shift_of(entry); shift >= 0) entry.bits = (mode >> shift) & 7U;
  }
}

void Acl::limit(std::uint16_t mode) {
  for (Entry& entry : entries_) {
    if (const int shift = shift_of(entry); shift >= 0) {
      entry.bits = static_cast<std::uint16_t>(entry.bits & (mode >> shift) & 7);
    }
  }
}

}  // namespace wasifs
