// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "naive_model.h"
#include "random_source.h"
#include "support/temp_dir.h"

namespace wasifs::test {

/// A random composition as a manifest, host directories and packages on disk.
struct RandomManifest {
  enum class Mode : std::uint8_t { unset, override_, fail };
  enum class Type : std::uint8_t { host, webc, overlay, memory };
  enum class Access : std::uint8_t { rw, cow, ro };
  /// A host directory, or a package of one volume.
  struct Source {
    bool package = false;
    std::string name;
    NaiveTree tree;
  };
  struct Mount {
    std::string guest;  ///< "/" or "/a/b"
    Type type = Type::host;
    Access access = Access::rw;
    bool opaque = false;
    Mode on_conflict = Mode::unset;
    std::vector<Source> layers;
  };
  struct Mapping {
    std::string guest;
    std::size_t volume = 0;
  };
  struct Package {
    std::string name;
    std::vector<NaiveTree> volumes;
    std::vector<Mapping> fs;
  };

  Mode conflict = Mode::unset;
  std::vector<Mount> mounts;  ///< in the order of the file
  std::optional<Package> container;
  bool container_read_only = false;
  std::vector<Package> uses;

  [[nodiscard]] static RandomManifest draw(RandomSource& random);
  [[nodiscard]] std::string toml() const;
  void write(const TempDir& folder) const;
  /// The sections of a case file that makes the same.
  [[nodiscard]] std::string sections() const;
};

/// What the rules make of a manifest, written down once more: the root, or the
/// message of the error.
struct NaiveComposition {
  std::string error;
  std::optional<NaiveWorld> world;
  std::vector<const RandomManifest::Source*> written_through;  ///< changes go to these
};
[[nodiscard]] NaiveComposition compose_naively(const RandomManifest& manifest);

/// Draws a composition, opens it, changes it and says what differed from the model;
/// `log` becomes a case file that shows the same.
[[nodiscard]] std::string check_manifest(RandomSource& random, std::string& log);

}  // namespace wasifs::test
