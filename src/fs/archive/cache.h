// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "wasifs/node.h"

namespace wasifs::archive {

class ArchiveFilesystem;

/// What one archive holds, kept as a plain tar between two uses: FOLDER/SHA256.tar, where
/// SHA256 is that of the archive. Whoever can write to the folder decides what the archives
/// that are looked for in it show.
class Cache {
 public:
  /// `label` is the archive's path, for messages. Hashes all of it.
  Cache(const std::string& folder, std::string label, std::span<const std::byte> archive);

  /// What was stored; nullopt: nothing, or nothing that can be read.
  [[nodiscard]] std::optional<View> find() const;
  /// Stores all of `content`. The folder is made where it is missing. Trouble::source.
  [[nodiscard]] Outcome<void> store(const ArchiveFilesystem& content) const;

 private:
  const std::string folder_;
  const std::string label_;
  const std::string path_;
};

}  // namespace wasifs::archive
