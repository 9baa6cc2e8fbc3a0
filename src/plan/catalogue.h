// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fs/oci/image.h"
#include "fs/webc/package.h"

namespace wasifs::plan {

/// What planning needs to know of a package: of a webc file, or of a folder with
/// a wasmer.toml, which then looks like the version 3 package made from it.
struct PackageInfo {
  webc::PackageManifest manifest = {};
  unsigned version = 3;                   ///< of the format: 1, 2 or 3
  std::vector<std::string> volumes = {};  ///< names as the file has them
  /// Of a folder: the host directory (or file) behind each volume, and the host
  /// file behind each atom, by name. Empty for a webc file.
  std::map<std::string, std::string> volume_sources = {};
  std::map<std::string, std::string> atom_sources = {};
  /// What each alias in manifest.dependencies was resolved to: its key in the
  /// Catalogue. An alias that is absent was left out on the caller's demand.
  std::map<std::string, std::string> dependencies = {};
};

/// The packages of a manifest and all that they depend on, by path.
using Catalogue = std::map<std::string, PackageInfo>;

/// The images of a manifest, by path and tag.
using Images = std::map<std::pair<std::string, std::string>, std::shared_ptr<const oci::Image>>;

}  // namespace wasifs::plan
