// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

/// The JSON documents of an image, as data. Each function reads the bytes of one
/// document; `label` names it in errors, which are Trouble::corrupt and say at
/// which byte or in which value the document is wrong. What the documents hold is
/// checked for its type and form only. Pure, thread-safe.
namespace wasifs::oci {

/// Bytes of one document, the depth of its values, and entries in its lists.
inline constexpr std::size_t kMaxDocument = std::size_t{4} << 20U;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxEntries = 4096;

struct Platform {
  std::string os;  ///< "" where the document says none
  std::string architecture;

  bool operator==(const Platform&) const = default;
};

/// What one document says of another one, or of a layer.
struct Descriptor {
  std::string media_type;
  std::string digest;  ///< checked: "sha256:" and 64 hexadecimal digits in lower case
  std::uint64_t size = 0;
  Platform platform = {};
  std::string ref_name = {};    ///< org.opencontainers.image.ref.name
  std::string image_name = {};  ///< io.containerd.image.name, the full name
  std::string title = {};       ///< org.opencontainers.image.title
};

/// `index.json`, or an index that it names.
[[nodiscard]] Outcome<std::vector<Descriptor>> read_index(std::span<const std::byte> bytes,
                                                          const std::string& label);

struct ImageManifest {
  Descriptor config;
  std::vector<Descriptor> layers;  ///< the lowest first
};
[[nodiscard]] Outcome<ImageManifest> read_image_manifest(std::span<const std::byte> bytes,
                                                         const std::string& label);

/// How the image wants to be run; "" and empty where it says nothing.
struct ImageConfig {
  Platform platform = {};
  std::vector<std::string> env = {};  ///< NAME=VALUE
  std::vector<std::string> entrypoint = {};
  std::vector<std::string> cmd = {};
  std::string working_dir = {};
  std::string user = {};
};
[[nodiscard]] Outcome<ImageConfig> read_config(std::span<const std::byte> bytes, const std::string& label);

/// One image of `manifest.json`, which `docker save` writes. Names are members of
/// the tar.
struct SavedImage {
  std::string config;
  std::vector<std::string> tags;    ///< name:tag
  std::vector<std::string> layers;  ///< the lowest first
};
[[nodiscard]] Outcome<std::vector<SavedImage>> read_saved(std::span<const std::byte> bytes,
                                                          const std::string& label);

/// The marker `oci-layout`. Only layouts of version 1 are read.
[[nodiscard]] Outcome<void> read_layout_marker(std::span<const std::byte> bytes, const std::string& label);

/// True for "sha256:" and 64 hexadecimal digits in lower case: what may become a
/// part of a path.
[[nodiscard]] bool is_digest(std::string_view text);

}  // namespace wasifs::oci
