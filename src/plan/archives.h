// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "fs/oci/image.h"
#include "plan/catalogue.h"
#include "plan/manifest.h"
#include "wasifs/node.h"

namespace wasifs::plan {

/// The archives and images of one composition: each file is opened once, however many
/// layers show it. Not thread-safe; what it gives out lives on by itself.
class Archives {
 public:
  struct Options {
    std::string cache = {};  ///< see ComposeOptions::archive_cache; "" = none
    std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)> progress = {};
  };

  Archives() = default;
  explicit Archives(Options options) : options_(std::move(options)) {}

  /// Trouble: source, corrupt.
  [[nodiscard]] Outcome<FilesystemPtr> archive(const std::string& path, Whiteouts whiteouts);
  /// True if `path` is an image layout or a tar that is an image. Reads its directory.
  [[nodiscard]] bool is_image(const std::string& path);
  /// See oci::Image::open().
  [[nodiscard]] Outcome<std::shared_ptr<const oci::Image>> image(const std::string& path,
                                                                 const std::string& tag);
  /// A file-system layer of an image, with its whiteouts.
  [[nodiscard]] Outcome<FilesystemPtr> layer(const std::string& path, const std::string& tag,
                                             std::size_t number);

 private:
  /// Null: a layer that is no tar.
  [[nodiscard]] Outcome<FilesystemPtr> open_layer(const std::string& path, const std::string& tag,
                                                  std::size_t number);

  Options options_;
  std::map<std::pair<std::string, Whiteouts>, FilesystemPtr> archives_;
  Images images_;
  std::map<std::tuple<std::string, std::string, std::size_t>, FilesystemPtr> layers_;
};

/// Opens the images that `manifest` names. Layers of overlays that turn out to be
/// images become those: directories that are image layouts, tars that are images.
/// Trouble as of Archives::image(), with the place in the manifest.
[[nodiscard]] Outcome<Images> load_images(Manifest& manifest, Archives& archives);

}  // namespace wasifs::plan
