// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "plan/archives.h"
#include "plan/prepare.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// A file system and what of it is shown: all, or one file in its root.
struct Opened {
  FilesystemPtr fs;
  std::string file = {};
};

/// What is done with a directory of the host.
enum class HostUse : std::uint8_t {
  changed,
  read,
  frozen,  ///< read, and nobody changes it meanwhile
};

/// `mount "/x"`, for a sentence.
[[nodiscard]] std::string label_of(const PlannedMount& mount);
/// `mount "/x": WHAT`, with the place of the layer.
[[nodiscard]] Diagnostic source_error(const PlannedMount& mount, const PlannedLayer& layer,
                                      const std::string& what);
/// `mount "/x": LAYER: WHY`.
[[nodiscard]] Diagnostic unusable(const PlannedMount& mount, const PlannedLayer& layer,
                                  const std::string& why);

/// Opens the layers that lie in files: host directories, volumes, archives and images.
/// `packages` must outlive it.
class LayerOpener {
 public:
  /// `archives`: those that are open already; null: none are.
  LayerOpener(const Packages& packages, std::shared_ptr<Archives> archives, Time stamp)
      : packages_(packages),
        archives_(archives != nullptr ? std::move(archives) : std::make_shared<Archives>()),
        stamp_(stamp) {}

  /// `path`: the directory or file, where that is not all of what the layer shows.
  [[nodiscard]] Outcome<Opened> open_host(const PlannedMount& mount, const PlannedLayer& layer,
                                          const std::string& path, HostUse use) const;
  [[nodiscard]] Outcome<Opened> open_volume(const PlannedMount& mount, const PlannedLayer& layer) const;
  [[nodiscard]] Outcome<Opened> open_archive(const PlannedMount& mount, const PlannedLayer& layer);
  [[nodiscard]] Outcome<Opened> open_image_layer(const PlannedMount& mount, const PlannedLayer& layer);
  /// The directory or file of `whole` that the layer shows.
  [[nodiscard]] Outcome<Opened> open_part(const PlannedMount& mount, const PlannedLayer& layer,
                                          FilesystemPtr whole) const;

 private:
  [[nodiscard]] Outcome<FilesystemPtr> open_module(const PlannedLayer& layer);

  const Packages& packages_;
  std::shared_ptr<Archives> archives_;
  Time stamp_;  ///< of what has no time of its own
};

}  // namespace wasifs::plan
