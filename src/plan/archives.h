// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "wasifs/node.h"
#include "wasifs/root.h"

namespace wasifs::plan {

/// The archives of a composition, each opened when it is first needed and then shared.
/// Not thread-safe.
class Archives {
 public:
  Archives() = default;
  /// Takes archive_cache and progress from `options`.
  explicit Archives(const ComposeOptions& options);

  /// The errors are those of ArchiveFilesystem::open().
  [[nodiscard]] Outcome<FilesystemPtr> open(const std::string& path, Whiteouts whiteouts);

 private:
  const std::string cache_;
  const std::function<void(std::string_view, std::uint64_t, std::uint64_t)> progress_;
  std::map<std::pair<std::string, Whiteouts>, FilesystemPtr> opened_;
};

}  // namespace wasifs::plan
