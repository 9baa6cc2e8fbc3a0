// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wasifs {

/// What a package's manifest holds beside that which composition needs. Nothing of it
/// can make a package unusable: a value that is not of the kind it should be is one of
/// `others`. Texts are as the manifest has them, of any size.
struct PackageDetails {
  /// Label and value, in the order they are shown: "licence", "MIT".
  std::vector<std::pair<std::string, std::string>> fields;
  /// By atom: the features of WebAssembly that it wants.
  std::map<std::string, std::vector<std::string>, std::less<>> features;
  /// Where values stand that nothing here understands, e.g. `commands."bash".x`. Names
  /// that are not plain come quoted.
  std::vector<std::string> others;

  /// `json`: as webc::Package::manifest_json() gives it.
  [[nodiscard]] static PackageDetails of(std::string_view json);
};

}  // namespace wasifs
