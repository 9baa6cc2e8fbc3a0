// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "plan/manifest.h"
#include "plan/reader.h"

namespace wasifs::plan {

/// Normalises the guest path that stands at `guest.where`; reports a bad one.
[[nodiscard]] std::optional<std::string> read_guest_path(const Located<std::string>& guest, Errors& errors);

/// Reads "cache" of [root], [container] or a [[mount]]; nullopt where it is absent or
/// wrong.
[[nodiscard]] std::optional<Caching> read_caching(TableReader& reader);

/// Reads one table of [[mount]]. What is wrong goes to `errors`; nullopt if
/// anything was.
[[nodiscard]] std::optional<MountEntry> read_mount(const Value& table, const std::string& folder,
                                                   Errors& errors);

/// Reads one `"GUEST" = "HOST"` of [fs].
[[nodiscard]] std::optional<MountEntry> read_fs_entry(const Entry& entry, const std::string& folder,
                                                      Errors& errors);

}  // namespace wasifs::plan
