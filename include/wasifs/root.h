// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/export.h"
#include "wasifs/plan.h"
#include "wasifs/tree.h"

namespace wasifs {

/// What a caller asks for on top of SOURCE. Everything here beats what the
/// manifest says, and is checked as if the manifest had said it. The texts are
/// those of the command line's flags.
struct ComposeOptions {
  std::vector<std::string> volumes = {};       ///< `[HOST:]GUEST[:ro|rw|cow]`
  std::vector<std::string> mapped_dirs = {};   ///< `GUEST:HOST`
  std::vector<std::string> uses = {};          ///< packages to inject
  std::vector<std::string> map_commands = {};  ///< `ALIAS=PATH`
  std::vector<std::string> env = {};           ///< `NAME=VALUE`
  std::vector<std::string> args = {};          ///< after those of the manifest
  std::optional<std::string> cwd = {};
  bool forward_host_env = false;
  /// The host's environment, `NAME=VALUE` each: what forwarding forwards, and
  /// where the store is looked for.
  std::vector<std::string> host_env = {};
  /// The folder of packages that dependencies are found in; absent: the
  /// environment's WASIFS_STORE, else wasifs/store in XDG_DATA_HOME (or its default).
  std::optional<std::string> store = {};
  /// Directory that keeps what was decompressed of archives, so that the next time
  /// nothing is; "": none. Whoever can write to it decides what those archives show.
  std::string archive_cache = {};
  /// Told now and then how many bytes of an archive were read, by the thread that
  /// composes.
  std::function<void(std::string_view archive, std::uint64_t done, std::uint64_t total)> progress = {};
  /// Directory of the host that keeps what is changed in the root, as `upper` of a
  /// manifest; "": what the manifest says.
  std::string upper = {};
  /// False: packages are composed without what they depend on.
  bool dependencies = true;
  /// Which command of the package that is run; "": none of them, so that argv, env
  /// and cwd say nothing of it.
  std::optional<std::string> command = {};
  /// False: uppers on the host are read only, and what is changed goes to memory;
  /// one that is not there yet is not made. For looking while somebody else has it.
  bool keep_changes = true;
};

/// A composed root, ready to be served: the tree and the plan it was made from.
struct PreparedRoot {
  std::shared_ptr<const Tree> tree;
  Plan plan;

  /// Composes SOURCE: a manifest (*.toml), a package (*.webc, *.wasmer, or any
  /// file that starts with the webc magic), an archive (by its name or first bytes), a
  /// container image (an image layout or a tar of `docker save`; behind a '#' the tag of
  /// one of several) or a directory. Reads the manifest
  /// and the indexes of packages; content is not copied. Every failure is a
  /// Diagnostic that names the place.
  [[nodiscard]] WASIFS_API static Outcome<PreparedRoot> open(const std::string& source,
                                                             const ComposeOptions& options = {});
};

/// The plan alone: opens packages for their manifests, changes nothing.
[[nodiscard]] WASIFS_API Outcome<Plan> plan_source(const std::string& source,
                                                   const ComposeOptions& options = {});

}  // namespace wasifs
