// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wasifs/node.h"

namespace wasifs {

/// A file system whose root is a single file, with a read-only directory around it
/// that has it as its only name: what an overlay needs, which merges directories.
/// Thread-safe as the file system is.
class FileInFolder final : public Filesystem {
 public:
  static constexpr std::string_view kName = "file";

  explicit FileInFolder(FilesystemPtr file);

  [[nodiscard]] NodeRef root() override { return root_; }
  [[nodiscard]] Traits traits() const override { return file_->traits(); }
  [[nodiscard]] Result<StatFs> statfs() override { return file_->statfs(); }
  [[nodiscard]] std::string describe() const override { return file_->describe(); }
  [[nodiscard]] std::string path_of(Node& node) override;
  /// The file system's own words for its file.
  [[nodiscard]] Origin origin(Node& node) override;

 private:
  FilesystemPtr file_;  // before the node: it has to outlive it
  NodeRef root_;
};

}  // namespace wasifs
