// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/document.h"
#include "plan/wasmer_toml.h"

namespace wasifs::plan {

/// A wasmer.toml with what is only of interest to who makes a package of it.
struct PackToml {
  /// What a [[module]] can be called with.
  struct Bindings {
    std::string module;
    bool wit = false;     ///< else WAI
    std::string version;  ///< of wit-bindgen, or of WAI
    std::optional<Located<std::string>> exports = {};
    std::vector<Located<std::string>> imports = {};
  };
  /// A [[command]].
  struct Command {
    std::string name;
    std::string module;                                      ///< NAME, or DEPENDENCY:NAME
    std::string dependency;                                  ///< "" = none
    std::string atom;                                        ///< NAME
    std::string runner;                                      ///< as a URL
    std::optional<std::string> package = {};                 ///< of the older form
    std::optional<std::vector<std::string>> main_args = {};  ///< of the older form
    std::optional<Value> annotations = {};                   ///< a table
    SourceLocation where = {};
  };

  /// The files of the package's directory that its manifest speaks of, and who does so.
  [[nodiscard]] std::vector<std::pair<Located<std::string>, std::string>> metadata_files() const;

  WasmerToml toml;
  bool has_package = false;  ///< a [package], be it empty
  std::optional<std::string> license = {};
  std::optional<Located<std::string>> license_file = {};
  std::optional<Located<std::string>> readme = {};
  std::optional<std::string> repository = {};
  std::optional<std::string> homepage = {};
  bool is_private = false;
  std::vector<Bindings> bindings = {};
  std::vector<Command> commands = {};
};

/// As parse_wasmer_toml().
[[nodiscard]] Outcome<PackToml> parse_pack_toml(std::string_view text, const std::string& file);

}  // namespace wasifs::plan
