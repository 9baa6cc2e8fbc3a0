// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fs/oci/image.h"
#include "plan/manifest.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// The layers of an image that `source` names, the topmost first. A layer that is
/// neither a tar nor a module is left out and `warnings` tells of it.
[[nodiscard]] std::vector<PlannedLayer> plan_image(const LayerSource& source, const oci::Image& image,
                                                   std::vector<Diagnostic>& warnings);

/// How an image is run. `arguments` are the user's.
struct ImageRun {
  /// The file to be run: a path of the tree, or a name to be looked for; "" = none.
  std::string program;
  std::vector<std::string> argv;
};

/// What `docker run` does: the entrypoint, then the user's arguments or, without any,
/// the image's own. Without an entrypoint the first of those is the program; but the
/// module of a WebAssembly image is one by itself. `instead`: a program in the place of
/// the entrypoint, null for none. Pure.
[[nodiscard]] ImageRun plan_image_run(const oci::Image& image, const std::string* instead,
                                      const std::vector<std::string>& arguments);

/// `image "x"`, for a sentence.
[[nodiscard]] std::string image_label(const LayerSource& source);

}  // namespace wasifs::plan
