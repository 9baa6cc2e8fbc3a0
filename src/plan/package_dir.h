// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "plan/catalogue.h"
#include "wasifs/error.h"

namespace wasifs::plan {

/// The name of the file that makes a directory a package.
inline constexpr std::string_view kWasmerToml = "wasmer.toml";

/// A directory with a wasmer.toml, read as the package that is made from it.
struct PackageDir {
  PackageInfo info;
  /// Where wasmer.toml asks for each dependency, by alias.
  std::map<std::string, SourceLocation> dependency_places;
};

/// True if `path` is a directory that holds a wasmer.toml.
[[nodiscard]] bool is_package_dir(const std::string& path);
/// True if `path` names a wasmer.toml itself.
[[nodiscard]] bool is_wasmer_toml(std::string_view path);
/// The package's directory for a path for which one of the above holds.
[[nodiscard]] std::string package_dir_of(const std::string& path);

/// Reads the package in `dir`. Every volume and atom has its source on the host:
/// a canonical path inside of the directory, whatever "..", absolute paths and
/// symlinks wasmer.toml and the directory hold. Content is not read.
///
/// Trouble::source: something is missing or unreadable; Trouble::manifest: what
/// wasmer.toml says. Both with line and column where there is one.
[[nodiscard]] Outcome<PackageDir> open_package_dir(const std::string& dir);

/// The text of a document of at most kMaxDocumentBytes; `what` is what messages
/// call it. One byte more is read, so that the parser sees one that is too long.
[[nodiscard]] Outcome<std::string> read_document(const std::string& path, std::string_view what);

}  // namespace wasifs::plan
