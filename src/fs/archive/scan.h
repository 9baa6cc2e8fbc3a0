// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fs/archive/ending.h"
#include "fs/archive/progress.h"
#include "fs/archive/raw_tree.h"
#include "fs/archive/spool.h"
#include "wasifs/node.h"

namespace wasifs::archive {

/// What is worth knowing of an archive that is only looked at, not mounted.
struct ScanNotes {
  /// Entries of which something is true: how many, and the paths of the first.
  struct Entries {
    static constexpr std::size_t kMost = 10;
    std::uint64_t count = 0;
    std::vector<std::string> first = {};

    void add(const std::string& path) {
      if (++count <= kMost) first.push_back(path);
    }
  };

  Entries absolute = {};  ///< their path begins with '/'
  Entries encoding = {};  ///< their path is no UTF-8
  Entries repeated = {};  ///< an entry before them, and not both are directories, has their path
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  ///< of content
  Ending ending = {};
};

struct ScanInput {
  std::span<const std::byte> bytes;  ///< the whole archive
  std::string label;                 ///< its path, for messages
  Whiteouts whiteouts = Whiteouts::none;
  Time stamp;  ///< of directories that only paths speak of
  Progress progress;
  /// Lets the system take back the pages of `bytes`; null: they are no mapping.
  std::function<void()> release = {};
  /// Not null: the content is read for its checksums and goes nowhere, be it as much as
  /// `max_bytes`, and the tree has no extents.
  ScanNotes* notes = nullptr;
  std::uint64_t max_bytes = 0;
};

/// What the index of an archive may hold: a few bytes, compressed, can speak of any number
/// of files and attributes, and of directories that paths imply. Both grow with the size of
/// the archive.
struct ScanLimits {
  std::uint64_t nodes;  ///< files and directories
  std::uint64_t bytes;  ///< of names, texts of links, names and values of attributes

  [[nodiscard]] static ScanLimits of(std::uint64_t archive_size) {
    return {.nodes = 1'000'000 + archive_size / 16, .bytes = (std::uint64_t{64} << 20U) + 2 * archive_size};
  }
};
/// Longer paths are refused: each component may be a directory.
inline constexpr std::size_t kMaxArchivePath = 65'535;

/// Reads all of an archive once (see EntryReader). Content that lies in `bytes` as it is
/// stays there; what does not goes to `spool`.
///
/// Trouble::corrupt names the entry and the byte where its header begins; source: the
/// spool's. An archive is refused as a whole where one of its entries cannot be right:
/// ".." in a path, a name longer than 255 bytes, a hard link to what is not there, or where
/// it goes beyond its ScanLimits.
[[nodiscard]] Outcome<RawTree> scan_archive(const ScanInput& input, Spool& spool);

}  // namespace wasifs::archive
