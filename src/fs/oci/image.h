// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fs/oci/documents.h"
#include "wasifs/node.h"

namespace wasifs::oci {

class Blobs;

enum class LayerContent : std::uint8_t {
  tar,   ///< a file-system layer, compressed or not, with whiteouts
  wasm,  ///< a WebAssembly module or component
  other,
};

struct ImageLayer {
  std::string digest;      ///< "sha256:…"; "" in a tar of `docker save` that has none
  std::string media_type;  ///< "" likewise
  std::string name;        ///< of the file in the image
  LayerContent content = LayerContent::tar;
  /// Of a module the name that it is shown under, unique in the image: its title,
  /// or module.wasm, module-2.wasm, …
  std::string file = {};
  View bytes = {};  ///< as they lie in the image
};

/// A container image or WebAssembly artifact, chosen and read: an image layout
/// (a directory or a tar of one) or a tar of `docker save`. Its documents have been
/// checked against their digests and sizes, its layers against their sizes.
/// Immutable, thread-safe.
class Image {
 public:
  /// Where an image index has more than this many images in all, it is refused.
  static constexpr std::size_t kMaxImages = 256;
  static constexpr std::size_t kMaxIndexDepth = 8;

  /// True if the directory is an image layout: it has the marker file.
  [[nodiscard]] static bool is_layout(const std::string& directory);
  /// True if an opened tar is one, or what `docker save` writes.
  [[nodiscard]] static bool is_image(Filesystem& tar);

  /// Opens the image `tag` of a layout directory: a name that the image has, its last
  /// part, its tag alone, a platform OS/ARCHITECTURE or a digest. "": a WebAssembly
  /// image first, then one for this machine, then the only one.
  ///
  /// `path` is the name in messages as well. Trouble::source: no such image, or
  /// several; corrupt: what the image's files have wrong.
  [[nodiscard]] static Outcome<std::shared_ptr<const Image>> open(const std::string& path,
                                                                  const std::string& tag);
  /// The same for an opened tar.
  [[nodiscard]] static Outcome<std::shared_ptr<const Image>> open(FilesystemPtr tar, const std::string& path,
                                                                  const std::string& tag);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const ImageConfig& config() const { return config_; }
  [[nodiscard]] const std::vector<ImageLayer>& layers() const { return layers_; }  ///< the lowest first

  struct Verified {
    std::uint64_t hashes = 0;
    std::uint64_t bytes = 0;
  };
  /// Compares the digest of every layer that has one. Trouble::corrupt.
  [[nodiscard]] Outcome<Verified> verify() const;

 private:
  friend class ImageReader;
  Image() = default;

  std::string path_;
  ImageConfig config_;
  std::vector<ImageLayer> layers_;
};

}  // namespace wasifs::oci
