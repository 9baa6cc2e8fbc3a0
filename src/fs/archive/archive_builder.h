// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "fs/archive/archive_fs.h"

namespace wasifs::archive {

/// Turns what the entries of an archive left into what is served: only what has a
/// name, breadth first, the names of a directory side by side and in their order.
class ArchiveFilesystem::Builder {
 public:
  Builder(ArchiveFilesystem& fs, RawTree& tree, const View& archive, const View& spool,
          const OpenOptions& options);

  void build();

 private:
  /// The dentries of the tree by their parents; where those of each begin.
  void sort_by_parent();
  /// Walks all directories from the root on and numbers what is found.
  void number_nodes();
  void list_directory(std::uint32_t directory);
  void copy_extents(std::uint32_t node);
  void make_nodes();
  /// What OpenOptions::inherit says of a directory that nothing else describes.
  void inherit(RawInode& inode, std::uint32_t dentry) const;
  void make_index();

  ArchiveFilesystem& fs_;
  RawTree& tree_;
  const View& archive_;
  const View& spool_;
  const OpenOptions& options_;
  std::vector<std::uint32_t> first_of_;  ///< by inode, in order_
  std::vector<std::uint32_t> order_;     ///< dentries
  std::vector<std::uint32_t> node_of_;   ///< by inode; kUnseen
  std::vector<std::uint32_t> inode_of_;  ///< by node
  BulkArray<NodePlace> places_;          ///< by node
  bool shows_archive_ = false;
};

}  // namespace wasifs::archive
