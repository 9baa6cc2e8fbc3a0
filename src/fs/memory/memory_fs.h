// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/quota.h"
#include "wasifs/node.h"

namespace wasifs {

/// A file system in memory: every POSIX file type, hard links, extended
/// attributes, sparse files in 4 KiB pages, one lock per node.
///
/// Content may *share* immutable bytes (a package's atom, a static text, the
/// lower file under a copy-up): they are shown in place and only pages that are
/// written cost memory. Inode numbers count up from 1 (the root) in order of
/// creation and are never used twice.
///
/// What the quota counts: an inode for every node that exists, whether it still
/// has a name or not, the root included; 4 KiB for every page of a file that is
/// its own (written or reserved, but neither holes nor shared bytes); the bytes of
/// symlink texts; the bytes of names and values of extended attributes. Names in
/// directories, and with them further hard links, are free, as is the bookkeeping
/// around all this.
class MemoryFilesystem final : public Filesystem {
 public:
  struct Options {
    std::shared_ptr<Quota> quota = nullptr;  ///< null: no limit
    std::uint16_t root_mode = 0755;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    /// While set, every stamp is this time instead of the clock's, so that a
    /// root that is composed twice looks the same twice. See thaw().
    std::optional<Time> frozen_time = std::nullopt;
  };
  explicit MemoryFilesystem(Options options);
  MemoryFilesystem() : MemoryFilesystem(Options{}) {}
  ~MemoryFilesystem() override;

  [[nodiscard]] NodeRef root() override;
  [[nodiscard]] Traits traits() const override;
  /// Sizes are those of the quota, or of the machine's memory where it has none.
  [[nodiscard]] Result<StatFs> statfs() override;
  [[nodiscard]] Status room_for(std::uint64_t bytes, std::uint64_t inodes) override;
  [[nodiscard]] std::string describe() const override;
  /// Takes time in proportion to the number of nodes: they do not know their
  /// names, so the directory that has this one is searched for.
  [[nodiscard]] std::string path_of(Node& node) override;
  /// Without a path: nothing outside can be looked up by one.
  [[nodiscard]] Origin origin(Node& node) override;

  /// Ends frozen_time: from now on changes are stamped with the clock, and are what
  /// changes() tells; what there is already is no change. To be called before the file
  /// system is shared between threads.
  void thaw();
  /// Without thaw() all but the root is new.
  [[nodiscard]] Result<UpperChanges> changes(Node& directory) override;

  /// A new file `name` in `dir`, a directory of this file system, that shows
  /// `content` without copying it. Charges an inode only.
  [[nodiscard]] Result<NodeRef> create_shared(Node& dir, std::string_view name, const NewNode& spec,
                                              View content);
  /// The same, and nobody changes the content any more: see Node::sealed().
  /// `source` is where the content is from, for origin(); "" = this layer.
  [[nodiscard]] Result<NodeRef> create_sealed(Node& dir, std::string_view name, const NewNode& spec,
                                              View content, std::string source = {});

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace wasifs
