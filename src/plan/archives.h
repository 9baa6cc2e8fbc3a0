// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "fs/archive/archive_fs.h"
#include "wasifs/node.h"

namespace wasifs::plan {

/// The archives of a composition, each opened when it is first needed and then shared.
/// Not thread-safe.
class Archives {
 public:
  Archives() = default;
  explicit Archives(archive::OpenOptions options) : options_(std::move(options)) {}

  /// The errors are those of ArchiveFilesystem::open().
  [[nodiscard]] Outcome<FilesystemPtr> open(const std::string& path, Whiteouts whiteouts);

 private:
  archive::OpenOptions options_;
  std::map<std::pair<std::string, Whiteouts>, FilesystemPtr> opened_;
};

}  // namespace wasifs::plan
