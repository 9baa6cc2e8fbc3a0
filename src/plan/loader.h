// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "plan/archives.h"
#include "plan/manifest.h"
#include "plan/package_loader.h"
#include "wasifs/root.h"
#include "wasifs/types.h"

namespace wasifs::plan {

/// A SOURCE, read as far as planning needs it.
struct LoadedSource {
  Manifest manifest;
  LoadedPackages packages;
  Images images;
  std::shared_ptr<Archives> archives;  ///< what has been opened of them already
  Time stamp;                          ///< when the SOURCE itself was last changed
};

/// Reads SOURCE: a manifest as it is; a package, a package directory, an archive, an
/// image (`PATH` or `PATH#TAG`) or another directory as the manifest that it stands
/// for. Applies `options`, then opens every package and image that is needed. Trouble: usage, source,
/// manifest, corrupt.
[[nodiscard]] Outcome<LoadedSource> load_source(const std::string& source, const ComposeOptions& options);

}  // namespace wasifs::plan
