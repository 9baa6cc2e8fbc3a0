// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "fs/archive/entry_reader.h"
#include "fs/archive/raw_tree.h"
#include "fs/archive/spool.h"
#include "wasifs/node.h"

namespace wasifs::archive {

struct ScanInput {
  std::span<const std::byte> bytes;  ///< the whole archive
  std::string label;                 ///< its path, for messages
  Whiteouts whiteouts = Whiteouts::none;
  Time stamp;  ///< of directories that only paths speak of
  Progress progress;
  /// Lets the system take back the pages of `bytes`; null: they are no mapping.
  std::function<void()> release = {};
};

/// More entries than this are refused: their index would fill the machine's memory.
inline constexpr std::uint64_t kMaxEntries = 16'000'000;

/// Reads all of an archive once (see EntryReader). Content that lies in `bytes` as it is
/// stays there; what does not goes to `spool`.
///
/// Trouble::corrupt names the entry and the byte where its header begins; source: the
/// spool's. An archive is refused as a whole where one of its entries cannot be right:
/// ".." in a path, a name longer than 255 bytes, a hard link to what is not there.
[[nodiscard]] Outcome<RawTree> scan_archive(const ScanInput& input, Spool& spool);

}  // namespace wasifs::archive
