// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/bulk_array.h"
#include "base/child_index.h"
#include "fs/webc/package.h"
#include "fs/webc/tree_scan.h"
#include "wasifs/node.h"

namespace wasifs::webc {

class VolumeFs;

/// An object of a volume, part of its VolumeFs and never counted: 64 bytes, so
/// that one cache line answers attr().
class VolumeNode final : public Node {
 public:
  /// Where a node's name and content lie once they left the scan.
  struct Place {
    std::uint32_t name_at = 0;           ///< in VolumeFs's names
    std::uint32_t first_child = 0;       ///< where the children are, or would be
    const std::byte* content = nullptr;  ///< in the mapping or the link texts
  };
  VolumeNode(const VolumeFs& fs, const RawEntry& entry, Place place);

  [[nodiscard]] Result<Attr> attr() override;
  [[nodiscard]] Result<NodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<DirPtr> open_dir() override;
  [[nodiscard]] Result<FilePtr> open(OpenFlags flags) override;
  [[nodiscard]] Result<Link> read_link() override;

  [[nodiscard]] const VolumeFs& fs() const { return fs_; }
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] std::uint64_t ino() const;
  /// Of a file, in the mapping; of a symlink its text.
  [[nodiscard]] std::span<const std::byte> content() const {
    return {content_, static_cast<std::size_t>(size_)};
  }
  [[nodiscard]] ChildRange children() const { return {first_child_, child_count_}; }
  [[nodiscard]] std::uint32_t child_count() const { return child_count_; }
  [[nodiscard]] const VolumeNode& child(std::uint32_t position) const;
  /// Counts a child that is a directory; while the volume is built.
  void count_subdirectory() { ++subdirectories_; }

 private:
  friend class VolumeFs;

  // The first members lie in what the base class leaves of its last word.
  std::uint8_t name_size_;
  std::uint32_t name_at_;
  std::uint32_t first_child_;  ///< never less than that of the node before
  std::uint32_t child_count_;
  std::uint32_t subdirectories_ = 0;
  const VolumeFs& fs_;
  const std::byte* content_;
  std::uint64_t size_;
  std::int64_t modified_;
};

/// A volume as a read-only layer: all nodes in one array, breadth first, so the
/// entries of a directory are neighbours in order of name, and one table for
/// look-ups in any directory. Names and texts are copies; content stays in the
/// mapping, so only reading content can fault when the file under the mapping
/// was cut off meanwhile.
///
/// Immutable and thread-safe without locks. Nodes, open files and directories
/// must be dropped before it; views may outlive it.
class VolumeFs final : public Filesystem {
 public:
  /// `scan` must come from `file`; `owner` keeps `file` alive.
  VolumeFs(ByteSpan file, std::shared_ptr<const void> owner, const TreeScan& scan, VolumeInfo info,
           const std::string& package, Times times = Times::shown);
  ~VolumeFs() override;

  [[nodiscard]] NodeRef root() override { return NodeRef(&nodes_[0]); }
  [[nodiscard]] Traits traits() const override { return {.immutable = true, .lasting_cookies = true}; }
  [[nodiscard]] Result<StatFs> statfs() override;
  [[nodiscard]] std::string describe() const override { return description_; }
  /// Found by binary search in the array, a step for each directory above.
  [[nodiscard]] std::string path_of(Node& node) override;

  [[nodiscard]] const VolumeInfo& info() const { return info_; }
  /// The child of that name, null where there is none.
  [[nodiscard]] VolumeNode* find(const VolumeNode& directory, std::string_view name) const;
  /// `bytes` of this volume's content as a view that lives on its own.
  [[nodiscard]] View view_of(std::span<const std::byte> bytes) const { return {bytes, owner_}; }
  /// Bytes of memory that the index takes.
  [[nodiscard]] std::size_t memory() const;

 private:
  friend class VolumeNode;

  void make_nodes(ByteSpan file, const TreeScan& scan);
  [[nodiscard]] std::size_t parent_of(std::size_t index) const;

  std::shared_ptr<const void> owner_;
  VolumeInfo info_;
  std::string description_;
  std::uint32_t uid_;
  std::uint32_t gid_;
  std::int64_t oldest_;  ///< seconds, which no entry is older than
  BulkMemory names_;
  BulkMemory link_texts_;
  ChildIndex index_;
  // Nodes can be neither moved nor default-constructed: raw storage, filled once.
  BulkMemory node_storage_;
  VolumeNode* nodes_;
  std::size_t count_ = 0;
};

}  // namespace wasifs::webc
