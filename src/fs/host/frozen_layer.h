// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "fs/host/inode_numbers.h"
#include "fs/host/syscalls.h"

namespace wasifs::host {

class FrozenIndex;
class FrozenNode;

/// What all nodes of one FrozenFilesystem share, and what owns them: every directory
/// that was read stays until the layer goes, so nodes are pinned and nothing is ever
/// taken out.
class FrozenLayer {
 public:
  /// `root`: O_PATH, with what statx(2) says of it.
  FrozenLayer(std::string source, bool deny, const struct statx& stat, UniqueFd root);
  ~FrozenLayer();
  FrozenLayer(const FrozenLayer&) = delete;
  FrozenLayer& operator=(const FrozenLayer&) = delete;

  const std::string path;    ///< as it was given; for describe() only
  const bool deny_symlinks;  ///< texts of symlinks are not told
  const UniqueFd root_fd;
  InodeNumbers inodes;  ///< the root's device is home

  [[nodiscard]] FrozenNode& root() const;

  /// Makes `fresh` the entries of `directory` for everybody, unless another thread was
  /// quicker: then what that one has read is. The further names of a file that some
  /// directory has already become names of the node that is there.
  const FrozenIndex& publish(FrozenNode& directory, std::unique_ptr<FrozenIndex> fresh);

  /// What a look-up has found in `directory`, which could not be read, or told nothing of
  /// the name; null: nothing so far.
  [[nodiscard]] FrozenNode* find_single(const FrozenNode& directory, std::string_view name);
  /// Remembers the only entry of `fresh` as that, unless another thread was quicker.
  FrozenNode& publish_single(const FrozenNode& directory, std::unique_ptr<FrozenIndex> fresh);

 private:
  using Place = std::pair<const FrozenNode*, std::string>;  ///< a directory and a name

  void keep(std::unique_ptr<FrozenIndex> fresh);

  std::unique_ptr<FrozenIndex> indexes_;  ///< all of them, a list; the last is the root's own
  FrozenNode* root_;
  /// Guards what follows and the list. Taken once for each directory, by who has read
  /// it, and for each look-up that find_single() is for.
  std::mutex publishing_;
  std::map<Place, FrozenNode*> singles_;
  std::unordered_map<std::uint64_t, FrozenNode*> linked_;  ///< files of several names, by number
};

}  // namespace wasifs::host
