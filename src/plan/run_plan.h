// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fs/oci/image.h"
#include "fs/webc/package.h"
#include "plan/manifest.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// Plan::run and what is worth a warning about it.
struct RunPlan {
  RunSpec run;
  std::vector<Decision> decisions;  ///< about variables of several values
  std::vector<Diagnostic> warnings;
};

/// Decides how the guest is started (composition rules 8 and 9). `container` is
/// what PackagePlan::runnable has of manifest.container, null where there is none.
/// Pure.
///
/// The command is container.command, else the package's entrypoint, else its
/// only command; else there is none, and RunSpec::choices has their names. With
/// container.no_command there is neither.
/// Where the SOURCE is an image it takes the package's place: see plan_image_run().
///
/// argv: the command's name (or what the package says instead), the package's
/// arguments, the user's; without a command the user's alone.
/// env: the package's, the host's where it is forwarded, the user's. The last
/// definition of a name wins, in the place of the first, so that whoever sets a
/// known variable does not change the order; Compat::env_duplicates keeps all.
/// cwd: the user's, else the package's, else /home where that is mapped, else /.
///
/// Trouble::corrupt where the package or image is at fault. What the manifest says has
/// been checked by its reader.
[[nodiscard]] Outcome<RunPlan> plan_run(const Manifest& manifest, const webc::PackageManifest* container,
                                        const oci::Image* image = nullptr);

}  // namespace wasifs::plan
