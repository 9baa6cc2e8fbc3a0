// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "plan/manifest.h"
#include "wasifs/root.h"

namespace wasifs::plan {

/// The `--volume` text that says what the `--mapdir` text `GUEST:HOST` says.
/// Trouble::usage for one that has not exactly two parts.
[[nodiscard]] Outcome<std::string> volume_of_mapped_dir(std::string_view mapped);

/// Adds what the command line says to `manifest`, so that all that comes after
/// reads one description. Nothing is opened. What is relative is so to the
/// current directory. The place of each new entry is the flag itself, e.g.
/// `--volume "data:/srv"`, with line 0.
///
/// The command line beats the manifest:
/// - a volume replaces the manifest's mounts at its guest path, whatever the
///   conflict mode (of two volumes at one path that mode decides);
/// - volumes come before the manifest's mounts, so one at "/" is a root layer
///   that wins over the manifest's;
/// - a variable, an alias of a command, the command that is run and the working
///   directory replace those of the manifest; of two flags for one name the last wins;
/// - packages and arguments come after the manifest's.
///
/// In a volume or mapped directory `\:` and `\\` are a colon and a backslash of a
/// path. Every error is Trouble::usage and names the flag; `manifest` is then
/// good for nothing.
[[nodiscard]] Outcome<void> apply_options(const ComposeOptions& options, Manifest& manifest);

}  // namespace wasifs::plan
