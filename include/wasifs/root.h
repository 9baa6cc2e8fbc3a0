// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "wasifs/plan.h"
#include "wasifs/tree.h"

namespace wasifs {

/// A composed root, ready to be served: the tree and the plan it was made from.
struct PreparedRoot {
  std::shared_ptr<const Tree> tree;
  Plan plan;

  /// Composes SOURCE: a manifest (*.toml), a package (*.webc, *.wasmer, or any
  /// file that starts with the webc magic) or a directory. Reads the manifest
  /// and the indexes of packages; content is not copied. Every failure is a
  /// Diagnostic that names the place.
  [[nodiscard]] static Outcome<PreparedRoot> open(const std::string& source);
};

/// The plan alone: opens packages for their manifests, changes nothing.
[[nodiscard]] Outcome<Plan> plan_source(const std::string& source);

}  // namespace wasifs
