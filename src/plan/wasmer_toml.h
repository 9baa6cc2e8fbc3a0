// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/webc/package.h"
#include "plan/manifest.h"

namespace wasifs::plan {

/// What a wasmer.toml says, as far as composition needs it, with places.
struct WasmerToml {
  /// A line of [fs]: a file or directory of the package shown in the guest.
  struct Mapping {
    Located<std::string> guest;
    Located<std::string> host;
  };
  /// A [[module]]: a file that is an atom of the package.
  struct Module {
    Located<std::string> name;
    Located<std::string> source;
    std::string abi = "none";
    std::string kind;  ///< as a URL
  };
  /// A line of [dependencies].
  struct Dependency {
    Located<std::string> name;  ///< `namespace/name`; the alias as well
    std::string range;
  };

  std::optional<Located<std::string>> name = {};
  std::optional<Located<std::string>> version = {};
  std::string description = {};
  std::optional<Located<std::string>> entrypoint = {};
  std::vector<Mapping> fs = {};
  std::vector<Module> modules = {};
  std::vector<webc::Command> commands = {};  ///< in the form that packages have
  std::vector<Dependency> dependencies = {};
};

/// Reads a wasmer.toml; `file` names it in places. Nothing is opened. Keys that
/// say nothing about composition may be anything, as they may for wasmer; a
/// table whose name is a slip of a known one is an error. All errors are found
/// in one go, as by parse_manifest(). Trouble::manifest. Thread-safe.
[[nodiscard]] Outcome<WasmerToml> parse_wasmer_toml(std::string_view text, const std::string& file);

/// How wasmer turns a path of [fs] into the name of a volume or a mount point:
/// absolute, without "." and empty parts, and ".." stops at the root.
[[nodiscard]] std::string sanitize_path(std::string_view path);

/// The manifest of the version 3 package that wasmer makes from it, but with the
/// name and the version that such packages leave out. Sizes are left 0.
[[nodiscard]] webc::PackageManifest package_manifest(const WasmerToml& toml);

}  // namespace wasifs::plan
