// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "fs/host/host_fs.h"

namespace wasifs {

namespace host {
class FrozenLayer;
}

/// A directory (or single file) of the host that nobody changes as long as this is
/// open, by the word of who opened it: an immutable layer. A directory is read once, on
/// first use; then names and attributes come from memory, without locks or system
/// calls, and no descriptor is held but the root's. Memory grows with the directories
/// that were visited, and is given back when the layer goes.
///
/// A broken word shows old names and attributes, and files that were replaced or
/// changed are estale when they are opened. Nothing outside of the directory is ever
/// reached, whoever changes what: see HostFilesystem.
///
/// In a directory that may be searched but not read each name is asked for by itself.
class FrozenFilesystem final : public Filesystem {
 public:
  struct Options {
    HostFilesystem::Symlinks symlinks = HostFilesystem::Symlinks::contain;
  };

  /// As HostFilesystem::open().
  [[nodiscard]] static Outcome<std::shared_ptr<FrozenFilesystem>> open(const std::string& path,
                                                                       Options options);
  ~FrozenFilesystem() override;

  [[nodiscard]] NodeRef root() override;
  [[nodiscard]] Traits traits() const override;
  [[nodiscard]] Result<StatFs> statfs() override;
  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] std::string path_of(Node& node) override;

 private:
  explicit FrozenFilesystem(std::unique_ptr<host::FrozenLayer> layer);
  std::unique_ptr<host::FrozenLayer> layer_;
};

}  // namespace wasifs
