// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/node.h"

namespace wasifs {

struct MountOptions {
  bool read_only = false;  ///< every change answers erofs
  /// Absolute texts of layer-rooted symlinks are shown as relative ones, so that
  /// the kernel of a host that the tree is mounted on finds the same file.
  bool rebase_links = false;
  Caching caching = Caching::by_layer;
  std::string label = {};  ///< who asked for it, for Provenance; e.g. `manifest (site.toml:3:1)`
};

/// Where the file systems of a Tree appear. Set-up only: filled by one thread,
/// then handed to a Tree, which never changes it.
///
/// A mount point need not exist in the file system it lies in; directories
/// missing on the way to it are made: in place where that file system is
/// writable memory, else in a memory layer mounted there, so that nothing of a
/// mount ever shows up in a host directory.
class MountTable {
 public:
  explicit MountTable(FilesystemPtr root, MountOptions options = {});
  MountTable(MountTable&&) noexcept;
  MountTable& operator=(MountTable&&) noexcept;
  ~MountTable();

  /// Shows `fs`, from `subpath` inside it on ("" or "/": its root; may name a
  /// single file), at the normalised absolute path `guest`. Outer mounts come
  /// before those inside them. `synthetic` provides the memory layer for
  /// directories missing on the way; it is asked once per mount at most.
  /// eexist: something is mounted there; enotdir: a parent is no directory;
  /// enoent: no such subpath.
  [[nodiscard]] Status mount(std::string_view guest, FilesystemPtr fs, std::string_view subpath,
                             MountOptions options, FunctionRef<FilesystemPtr()> synthetic);

 private:
  friend class Tree;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wasifs
