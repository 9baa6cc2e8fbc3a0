// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fs/archive/raw_tree.h"

namespace wasifs::archive {

/// The whiteouts of a layer of an image (OCI image specification, "Whiteouts"). They
/// speak of lower layers only, wherever they stand in the archive: so they are
/// gathered, and take effect where the layer itself has nothing of that name.
class Whiteout {
 public:
  explicit Whiteout(RawTree& tree) : tree_(tree) {}

  [[nodiscard]] static bool is_one(std::string_view name) { return name.starts_with(".wh."); }

  /// `name`, for which is_one() holds, in `directory`.
  void add(std::uint32_t directory, std::string_view name);
  /// Turns what was gathered into kernel overlayfs's marks: devices 0:0 and opaque
  /// directories.
  void apply();

 private:
  struct Gathered {
    std::uint32_t directory;
    std::string name;
  };

  RawTree& tree_;
  std::vector<Gathered> gathered_;
};

}  // namespace wasifs::archive
