// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wasifs/tree.h"

namespace wasifs::plan {

/// A package as the folder that pack() makes it of again; see plan/unpacked.h. Read-only
/// for who copies it, times as the package has them.
struct UnpackedPackage {
  std::unique_ptr<const Tree> tree;
  /// What a package that is made of it again will not have as it is.
  std::vector<Diagnostic> warnings = {};
};

/// Opens the package at `path`. A package of version 1 or 2 that shows its volume "atom"
/// without saying so says it here: in version 3 it has to.
///
/// As Package::open(); Trouble::conflict: volumes that cannot be in one folder.
[[nodiscard]] Outcome<UnpackedPackage> unpack(const std::string& path);

}  // namespace wasifs::plan
