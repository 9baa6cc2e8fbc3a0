// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "wasifs/export.h"
#include "wasifs/node.h"
#include "wasifs/root.h"
#include "wasifs/run_spec.h"

namespace wasifs {

/// Composes a root without a manifest, by the same rules and through the same plan
/// as one: conflicts are decided alike, and PreparedRoot::plan tells why.
///
///     RootBuilder builder;
///     builder.add_mount("/data", host, Access::rw).add_env("LANG", "C.UTF-8");
///     Outcome<PreparedRoot> root = builder.build();
///
/// What is added wrong is told by build(). Not thread-safe, but for build(). File
/// systems are shared, not copied; build() can be called again and gives another root
/// over them.
class WASIFS_API RootBuilder {
 public:
  RootBuilder();
  RootBuilder(RootBuilder&&) noexcept;
  RootBuilder& operator=(RootBuilder&&) noexcept;
  ~RootBuilder();

  /// An empty root instead of the default one with /bin, /dev, /etc, ...
  RootBuilder& empty_base();
  /// What an exact clash of mount points does; by default the last one wins.
  RootBuilder& conflict(ConflictMode mode);
  /// What the root keeps in memory, the changes to Access::cow mounts included; by
  /// default half of the machine's. File systems that are added have their own limits.
  RootBuilder& memory_limit(std::uint64_t bytes);
  RootBuilder& inode_limit(std::uint64_t inodes);
  RootBuilder& limits(const FsLimits& limits);

  /// Shows `fs` at `guest`, relative paths from "/". Access::cow keeps changes in
  /// memory. A mount at "/" is a root layer whatever its access, and never a conflict.
  /// `fs` may have a single file as its root. Directories on the way to a mount inside
  /// of a writable one in memory are made there, as mkdir(2) would.
  RootBuilder& add_mount(std::string guest, FilesystemPtr fs, Access access = Access::rw);
  /// A layer below the base root, read only; earlier ones win over later ones.
  RootBuilder& add_root_layer(FilesystemPtr fs);
  /// What changes to the root go to, instead of memory: it shows above the base root and
  /// the layers, and is written to. As write-through of a mount at "/" in a manifest.
  RootBuilder& root_upper(FilesystemPtr fs);
  /// A package (`*.webc`, or a folder with a wasmer.toml) with what it mounts and
  /// its commands, as [[use]] of a manifest. What it depends on must be in the
  /// `store`.
  RootBuilder& inject(std::string package);
  RootBuilder& store(std::string folder);

  RootBuilder& add_arg(std::string arg);
  RootBuilder& add_env(std::string name, std::string value);
  RootBuilder& cwd(std::string path);
  /// The first one replaces the default preopens. An alias that is "" is the path;
  /// `create` brings `write`.
  RootBuilder& add_preopen(Preopen preopen);

  /// Composes what was added. The first call that was wrong is what fails; the
  /// Diagnostic names it, in its message or as its place. Trouble: usage (a value
  /// that cannot be), conflict, source, corrupt; manifest for what a package's
  /// wasmer.toml says.
  [[nodiscard]] Outcome<PreparedRoot> build() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wasifs
