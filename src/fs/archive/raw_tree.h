// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bulk_array.h"
#include "base/name_hash.h"
#include "wasifs/types.h"

namespace wasifs::archive {

/// Bytes of a file that stand together; what no extent has is a hole.
struct RawExtent {
  static constexpr std::uint64_t kSpooled = std::uint64_t{1} << 63U;

  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t place = 0;   ///< in the archive's mapping; with kSpooled, in the spool
  std::uint64_t length = 0;

  [[nodiscard]] bool spooled() const { return (place & kSpooled) != 0; }
  [[nodiscard]] std::uint64_t at() const { return place & ~kSpooled; }
};

/// Times that most archives do not have, and extended attributes.
struct Extra {
  Time atime;
  Time ctime;
  Time btime;
  std::vector<std::pair<std::string, std::string>> xattrs;
};

/// An inode as the archive describes it. There may be millions of them.
struct RawInode {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  FileType type = FileType::directory;
  bool implied = false;  ///< a directory that only paths of others speak of
  bool opaque = false;   ///< a directory that hides those of lower layers
  std::uint16_t mode = 0755;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t extra = kNone;  ///< in RawTree::extras
  std::uint64_t size = 0;       ///< of a device its number
  Time mtime = {};
  /// Of a symlink its text in RawTree::names, of a file its extents.
  std::uint32_t first = 0;
  std::uint32_t extent_count = 0;
};

/// A name in a directory.
struct RawDentry {
  std::uint32_t name_at = 0;  ///< in RawTree::names
  std::uint32_t parent = 0;   ///< inode
  std::uint32_t inode = 0;
  std::uint8_t name_size = 0;
};

/// What an archive's entries, one after the other, make of an empty directory: later
/// ones replace earlier ones, as if they were unpacked. Inode 0 is the root.
///
/// A name that stops being a directory takes all that was below it along: those
/// dentries lead nowhere any more, since their parent has no name. Nothing is
/// removed; memory grows with what was added. Not thread-safe.
class RawTree {
 public:
  /// `stamp`: the time of directories that are implied.
  explicit RawTree(Time stamp);

  /// More inodes, names or extents there cannot be; what is not used takes no memory.
  static constexpr std::size_t kMost = std::size_t{1} << 28U;

  /// The directory `parent` / `name` for a path that leads through it; made, or made
  /// one, where it is none.
  [[nodiscard]] std::uint32_t enter(std::uint32_t parent, std::string_view name);
  /// The inode of that name; nullopt: there is none.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t parent, std::string_view name) const;
  /// Gives the name to `inode`, whoever had it before.
  void name(std::uint32_t parent, std::string_view name, std::uint32_t inode);
  /// A new inode without a name.
  [[nodiscard]] std::uint32_t add(const RawInode& inode);
  /// Adds to `names`; where it begins.
  [[nodiscard]] std::uint32_t keep(std::string_view text);

  [[nodiscard]] std::string_view name_of(const RawDentry& dentry) const {
    return std::string_view(names).substr(dentry.name_at, dentry.name_size);
  }

  /// Frees what only find() and name() need.
  void forget_slots() { std::vector<std::uint32_t>().swap(slots_); }

  BulkArray<RawInode> inodes;
  BulkArray<RawDentry> dentries;
  BulkArray<RawExtent> extents;
  std::vector<Extra> extras;
  std::string names;  ///< of dentries, and texts of symlinks

 private:
  [[nodiscard]] std::size_t slot_of(std::uint32_t parent, std::string_view name) const;
  void grow();

  Time stamp_;
  NameHash hash_;
  /// Dentries by parent and name, open addressing: number + 1, or 0. At most half full.
  std::vector<std::uint32_t> slots_;
};

}  // namespace wasifs::archive
