// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plan/catalogue.h"
#include "plan/manifest.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// A package that a manifest needs, and what for: "container", "[[use]]" or
/// `mount "/data"`; "" where its place is a flag.
struct PackageNeed {
  const LayerSource* source;
  std::string purpose;
  /// It is composed with all that it depends on; else one volume of it is shown.
  bool with_dependencies;
};

/// All packages of a manifest, in the order of use; a path may come twice.
[[nodiscard]] std::vector<PackageNeed> needed_packages(const Manifest& manifest);

/// Decides what the root looks like: every mount, its layers, every conflict
/// (composition rules 1-5 and 10-12). Pure: reads no file and no clock, so equal
/// arguments give equal plans. `catalogue` holds every needed package and what it
/// depends on, `images` every image. Trouble:
/// conflict, manifest, corrupt. Thread-safe.
[[nodiscard]] Outcome<Plan> make_plan(const Manifest& manifest, const Catalogue& catalogue,
                                      const Images& images = {});

}  // namespace wasifs::plan
