// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "plan/semver.h"

namespace wasifs::plan {

/// Which package a dependency means: a name with a range, or a hash.
struct PackageSpecifier {
  std::string text = {};        ///< as it was written
  std::string name_space = {};  ///< "" = none
  std::string name = {};        ///< "" where a hash says it all
  VersionRange range = {};      ///< of versions that will do
  std::string sha256 = {};      ///< 64 lower-case hexadecimal digits of the file's hash, or ""

  [[nodiscard]] std::string full_name() const;
};

/// `namespace/name`, or `name` where there is no namespace.
[[nodiscard]] std::string full_package_name(std::string_view name_space, std::string_view name);

/// Reads what packages call their dependencies:
///   `[REGISTRY:][NAMESPACE/]NAME[@RANGE]`, where the range may be "latest";
///   `sha256:HEX`;
///   a URL whose path ends with `[NAMESPACE/]NAME[@RANGE]` or with `HEX.webc`.
/// The registry and the host are not asked; only the name counts. Paths are
/// refused: a package cannot name files of the host. Trouble::corrupt, without a
/// place.
[[nodiscard]] Outcome<PackageSpecifier> parse_specifier(std::string_view text);

}  // namespace wasifs::plan
