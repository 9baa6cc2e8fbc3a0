// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fs/archive/stream.h"

namespace wasifs::archive {

/// The text of an access control list may have this many bytes, in all that stand before
/// one entry.
inline constexpr std::uint64_t kMaxAclText = 65'536;

/// Looks at the headers of a tar that speak of the entry behind them, before libarchive
/// reads them: it takes a time that grows with the square of the size of an access control
/// list, so a mebibyte of one keeps it busy for a minute; and what it does not understand of
/// a list it leaves out, so that others may do more than they should, or less.
///
/// `at`: where the next header begins. The error is the reason to refuse the archive. What
/// is no tar, or is damaged, is left to libarchive.
[[nodiscard]] Stream::Or<void> check_special_headers(Stream& stream, std::uint64_t at);

}  // namespace wasifs::archive
