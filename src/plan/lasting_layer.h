// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "compose/lasting_upper.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// A host directory that keeps the changes of an overlay, ready to be its upper.
struct LastingLayer {
  FilesystemPtr layer;
  std::unique_ptr<LastingUpper> names;
  MarkSpace marks = MarkSpace::trusted;
};

/// Opens the upper of `layer` and its work directory, both of which are made where
/// they are missing (their parents are not); an upper that is new looks like `like`,
/// the root of what it lies over. Nobody else can open it as long as it is held.
/// Trouble::source.
[[nodiscard]] Outcome<LastingLayer> open_lasting_layer(const PlannedLayer& layer, const std::string& work,
                                                       const Attr& like);

}  // namespace wasifs::plan
