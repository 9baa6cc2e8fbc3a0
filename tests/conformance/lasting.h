// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wasifs/node.h"

namespace wasifs::test {

/// The layers of an overlay whose upper outlives it. Any number of overlays can be
/// made of them, one at a time.
class LastingLayers {
 public:
  virtual ~LastingLayers() = default;
  [[nodiscard]] virtual const std::vector<FilesystemPtr>& lowers() const = 0;
  /// An overlay of what is there now, as the next mount makes it.
  [[nodiscard]] virtual FilesystemPtr open() = 0;
  /// The host directory with "lower", "upper" and "upper.work" in it; "" if they are in memory.
  [[nodiscard]] virtual std::string directory() const { return {}; }
};

/// All of it in memory, where one directory is the upper and another the work
/// directory: what the format does to any layer.
[[nodiscard]] std::unique_ptr<LastingLayers> lasting_in_memory();
/// The same over two lowers that never change once the first overlay is made.
[[nodiscard]] std::unique_ptr<LastingLayers> lasting_over_fixed_lowers();
/// On the host, with a host directory as the only lower.
[[nodiscard]] std::unique_ptr<LastingLayers> lasting_on_host();

}  // namespace wasifs::test
