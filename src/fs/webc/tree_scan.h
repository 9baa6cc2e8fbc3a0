// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/bulk_array.h"
#include "fs/webc/layout.h"
#include "wasifs/types.h"

namespace wasifs::webc {

/// One object of a volume as its header describes it, checked. Offsets are the
/// file's.
struct RawEntry {
  std::uint64_t name_at = 0;    ///< where its parent's table has its name
  std::uint64_t record_at = 0;  ///< its own record (version 1: its block)
  std::uint64_t hash_at = 0;    ///< version 3: its hash in the parent's table
  std::uint64_t start = 0;      ///< content of a file, text of a symlink
  std::uint64_t size = 0;       ///< of the content; of a v1 directory: of its block
  std::uint64_t modified = 0;   ///< seconds, at most 2^63 - 1
  std::uint32_t parent = 0;
  std::uint32_t first_child = 0;
  std::uint32_t child_count = 0;
  std::uint8_t name_size = 0;
  FileType type = FileType::directory;
};

/// A volume's tree: the root first, breadth first, so that the children of a
/// directory stand side by side, in order of their names' bytes.
struct TreeScan {
  BulkArray<RawEntry> entries;
  std::uint64_t name_bytes = 0;
  std::uint64_t link_bytes = 0;  ///< of the symlinks' texts

  [[nodiscard]] std::string_view name(ByteSpan file, const RawEntry& entry) const {
    return text_of(bytes_of(file, {entry.name_at, entry.name_size}));
  }
  /// "/lib/a.py", for messages; of very deep ones the end.
  [[nodiscard]] std::string path(ByteSpan file, std::size_t index) const;
};

/// Reads the header of a volume, in one pass and without recursion. Time and
/// memory are linear in the header's size, whatever it says: directory records
/// must lead forward, have one parent and not overlap.
[[nodiscard]] Parsed<TreeScan> scan_tree(ByteSpan file, unsigned version, const VolumeParts& volume);

[[nodiscard]] Parsed<TreeScan> scan_v1_tree(ByteSpan file, const VolumeParts& volume);
[[nodiscard]] Parsed<TreeScan> scan_v3_tree(ByteSpan file, unsigned version, const VolumeParts& volume);

/// What the scanners of both families share: the growing list of entries and
/// the checks that keep it a tree of bounded size.
class TreeBuilder {
 public:
  /// An entry takes at least `entry_size` bytes of the table that has it.
  TreeBuilder(ByteSpan file, Range header, std::uint64_t entry_size);

  /// How the entries are visited: by index, from 0 until there are no more.
  [[nodiscard]] RawEntry& entry(std::uint32_t index) { return scan_.entries[index]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(scan_.entries.size()); }

  /// Adds a child with the name, which was checked, to the directory that is
  /// being read.
  [[nodiscard]] Parsed<void> add(const RawEntry& entry, std::string_view name);
  /// Notes that a table at `table_at` leads to a directory at `record_at` while
  /// the parent's own record ends at `parent_end`.
  [[nodiscard]] Parsed<void> lead_to_directory(std::uint64_t table_at, std::string_view name,
                                               std::uint64_t record_at, std::uint64_t parent_end);
  /// Charges a record whose bytes will be read or copied once more for each
  /// way that leads to it against the header's size, which honest records share.
  [[nodiscard]] Parsed<void> charge_record(Range record);
  /// Ends the directory `parent`: its children are those added since the one before.
  [[nodiscard]] Parsed<void> finish_directory(std::uint32_t parent);

  [[nodiscard]] TreeScan take() { return std::move(scan_); }

 private:
  /// Record offsets come from the file: a hash with a secret key keeps its
  /// author from choosing collisions.
  struct KeyedHash {
    std::uint64_t key;
    std::size_t operator()(std::uint64_t value) const;
  };

  [[nodiscard]] Parsed<void> sort_children(std::uint32_t parent);

  ByteSpan file_;
  Range header_;
  TreeScan scan_;
  std::uint32_t first_child_ = 1;  ///< of the directory that is being read
  std::string_view last_name_;     ///< its latest child's, "" where it has none yet
  bool in_order_ = true;           ///< its children's names, so far, each once
  std::uint64_t record_bytes_ = 0;
  std::unordered_set<std::uint64_t, KeyedHash> directories_;
};

}  // namespace wasifs::webc
