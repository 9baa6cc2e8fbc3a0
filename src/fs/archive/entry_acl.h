// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/acl.h"
#include "wasifs/error.h"

struct archive_entry;

namespace wasifs::archive {

/// The access control lists of an entry; nullopt: no more than its mode says.
struct EntryAcls {
  std::optional<Acl> access = {};
  std::optional<Acl> defaults = {};
};

/// Takes them from what libarchive has read. The message of the Diagnostic is the reason
/// alone, `its access control list names the user "lisa" without a number`: nobody is
/// looked up, since who has that name elsewhere is somebody else.
[[nodiscard]] Outcome<EntryAcls> read_acls(::archive_entry* entry);

/// Gives an entry that is to be written the list that an extended attribute holds; false:
/// the attribute is none, or has what libarchive has no place for. The permissions of the
/// entry's mode become those of an access list, with the owning group's in the middle.
[[nodiscard]] bool write_acl(::archive_entry* entry, std::string_view attribute, std::string_view value);

}  // namespace wasifs::archive
