// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/entry_acl.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>
#include <vector>

#include "base/path.h"

namespace wasifs::archive {

namespace {

/// GNU tar writes names alone.
constexpr const char* kHint =
    R"(make it again with numbers, as "bsdtar --acls" does, or without the lists, as "tar --no-acls" does)";

/// libarchive looks through all of them for each. File systems hold fewer: ext4 508.
constexpr std::size_t kMostEntries = 1024;

constexpr std::array<std::pair<int, std::uint16_t>, 6> kTags{{{ARCHIVE_ENTRY_ACL_USER_OBJ, Acl::kUserObj},
                                                              {ARCHIVE_ENTRY_ACL_USER, Acl::kUser},
                                                              {ARCHIVE_ENTRY_ACL_GROUP_OBJ, Acl::kGroupObj},
                                                              {ARCHIVE_ENTRY_ACL_GROUP, Acl::kGroup},
                                                              {ARCHIVE_ENTRY_ACL_MASK, Acl::kMask},
                                                              {ARCHIVE_ENTRY_ACL_OTHER, Acl::kOther}}};

std::uint16_t tag_of(int tag) {
  for (const auto& [theirs, ours] : kTags) {
    if (theirs == tag) return ours;
  }
  return 0;
}

int tag_of(std::uint16_t tag) {
  for (const auto& [theirs, ours] : kTags) {
    if (ours == tag) return theirs;
  }
  return 0;
}

std::unexpected<Diagnostic> refuse(std::string why) {
  return fail(Diagnostic{.trouble = Trouble::corrupt, .message = std::move(why), .hint = kHint});
}

Outcome<std::optional<Acl>> read_acl(::archive_entry* entry, int kind, const std::string& what) {
  std::vector<Acl::Entry> entries;
  // Where there is nothing that the mode does not say, none comes.
  archive_entry_acl_reset(entry, kind);
  int type = 0;
  int bits = 0;
  int tag = 0;
  int id = 0;
  const char* name = nullptr;
  while (archive_entry_acl_next(entry, kind, &type, &bits, &tag, &id, &name) == ARCHIVE_OK) {
    if (entries.size() == kMostEntries) {
      return refuse(what + " has more than " + std::to_string(kMostEntries) + " entries");
    }
    const std::uint16_t ours = tag_of(tag);
    const bool named = ours == Acl::kUser || ours == Acl::kGroup;
    const std::string whom = ours == Acl::kUser ? "user " : "group ";
    if (named && id < 0) {
      return refuse(what + " names the " + whom + quoted(name == nullptr ? "" : name) + " without a number");
    }
    // libarchive takes every larger one for this.
    if (named && id == INT_MAX) return refuse(what + " has a " + whom + "whose number is too large");
    entries.push_back({.tag = ours,
                       .bits = static_cast<std::uint16_t>(static_cast<unsigned>(bits) & 7U),
                       .id = named ? static_cast<std::uint32_t>(id) : 0});
  }
  if (entries.empty()) return std::nullopt;
  Result<Acl> acl = Acl::of(std::move(entries));
  if (!acl) return refuse(what + " is none: an entry is missing, or comes twice");
  return *std::move(acl);
}

bool write_acl(::archive_entry* entry, int kind, const Acl& acl) {
  const auto too_large = [](const Acl::Entry& one) {
    return (one.tag == Acl::kUser || one.tag == Acl::kGroup) && one.id >= INT_MAX;
  };
  if (std::ranges::any_of(acl.entries(), too_large)) return false;
  for (const Acl::Entry& one : acl.entries()) {
    const bool named = one.tag == Acl::kUser || one.tag == Acl::kGroup;
    archive_entry_acl_add_entry(entry, kind, one.bits, tag_of(one.tag), named ? static_cast<int>(one.id) : -1,
                                nullptr);
  }
  return true;
}

}  // namespace

Outcome<EntryAcls> read_acls(::archive_entry* entry) {
  const int kinds = archive_entry_acl_types(entry);
  if ((kinds & ARCHIVE_ENTRY_ACL_TYPE_NFS4) != 0) {
    return fail(Diagnostic{.trouble = Trouble::corrupt,
                           .message = "its access control list is one of NFSv4, which Linux has no place for",
                           .hint = R"(make it again without, as "bsdtar --no-acls" does)"});
  }
  EntryAcls acls;
  if (kinds == 0) return acls;
  const bool directory = archive_entry_filetype(entry) == AE_IFDIR;
  if (archive_entry_filetype(entry) == AE_IFLNK) return refuse("a symlink has no access control list");
  if ((kinds & ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) != 0 && !directory) {
    return refuse("only a directory has a default access control list");
  }
  auto access = read_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "its access control list");
  if (!access) return fail(std::move(access.error()));
  auto defaults = read_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "its default access control list");
  if (!defaults) return fail(std::move(defaults.error()));
  return EntryAcls{.access = *std::move(access), .defaults = *std::move(defaults)};
}

bool write_acl(::archive_entry* entry, std::string_view attribute, std::string_view value) {
  const bool access = attribute == kAccessAcl;
  if (!access && attribute != kDefaultAcl) return false;
  const Result<Acl> acl = Acl::parse(value);
  if (!acl) return false;
  return write_acl(entry, access ? ARCHIVE_ENTRY_ACL_TYPE_ACCESS : ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, *acl);
}

}  // namespace wasifs::archive
