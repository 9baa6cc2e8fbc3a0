// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "support/temp_dir.h"

namespace wasifs::test {

/// Writes an image layout below a folder, blob by blob.
class LayoutWriter {
 public:
  using Json = nlohmann::json;

  LayoutWriter(const TempDir& dir, std::string folder) : dir_(dir), folder_(std::move(folder)) {
    write("oci-layout", R"({"imageLayoutVersion": "1.0.0"})");
  }

  static std::string digest(std::string_view bytes) {
    return "sha256:" + to_hex(sha256(std::as_bytes(std::span(bytes.data(), bytes.size()))));
  }

  /// The descriptor of a new blob.
  Json blob(std::string_view media_type, std::string_view bytes) const {
    const std::string name = digest(bytes);
    write("blobs/sha256/" + name.substr(7), bytes);
    return {{"mediaType", media_type}, {"digest", name}, {"size", bytes.size()}};
  }

  /// The descriptor of an image's manifest.
  Json image(const Json& config, const std::vector<Json>& layers,
             std::string_view config_type = "application/vnd.oci.image.config.v1+json") const {
    const Json manifest{
        {"schemaVersion", 2}, {"config", blob(config_type, config.dump())}, {"layers", layers}};
    return blob("application/vnd.oci.image.manifest.v1+json", manifest.dump());
  }

  static Json named(Json descriptor, std::string_view name) {
    descriptor["annotations"]["org.opencontainers.image.ref.name"] = name;
    return descriptor;
  }
  static Json made_for(Json descriptor, std::string_view os, std::string_view architecture) {
    descriptor["platform"] = {{"os", os}, {"architecture", architecture}};
    return descriptor;
  }

  void index(const std::vector<Json>& manifests) const {
    write("index.json", Json{{"schemaVersion", 2}, {"manifests", manifests}}.dump());
  }

  void write(std::string_view name, std::string_view bytes) const {
    dir_.write_file(folder_ + "/" + std::string(name), bytes);
  }

 private:
  const TempDir& dir_;
  std::string folder_;
};

inline constexpr const char* kTarLayer = "application/vnd.oci.image.layer.v1.tar";

}  // namespace wasifs::test
