// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fs/webc/package.h"

namespace wasifs::plan {

/// What planning needs to know of a package.
struct PackageInfo {
  webc::PackageManifest manifest;
  unsigned version = 3;              ///< of the format: 1, 2 or 3
  std::vector<std::string> volumes;  ///< names as the file has them
};

/// The packages of a manifest by LayerSource::path.
using Catalogue = std::map<std::string, PackageInfo>;

}  // namespace wasifs::plan
