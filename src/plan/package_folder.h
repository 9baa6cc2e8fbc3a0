// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>

#include "fs/host/syscalls.h"
#include "plan/manifest.h"

namespace wasifs::plan {

/// Looks up what a package names with the package's directory as the root of
/// everything: the kernel keeps "..", absolute paths and symlinks in it. Thread-safe.
class PackageFolder {
 public:
  /// Something in it.
  struct Found {
    std::string path;  ///< canonical
    struct stat stat = {};
  };

  /// Trouble::source.
  [[nodiscard]] static Outcome<PackageFolder> open(const std::string& path);
  [[nodiscard]] const std::string& canonical() const { return canonical_; }

  /// What `written` names; `label` is who asks for it. Trouble::source, with its place.
  [[nodiscard]] Outcome<Found> find_file(const Located<std::string>& written, const std::string& label) const;
  /// A directory or a regular file.
  [[nodiscard]] Outcome<Found> find_volume(const Located<std::string>& written,
                                           const std::string& label) const;
  /// `clean` is a sanitised path. enoent, enotdir, ….
  [[nodiscard]] Result<Found> look_up(std::string_view clean) const;
  /// An absolute path that lies in the directory, relative to it; else as it is.
  [[nodiscard]] std::string_view relative(std::string_view path) const;

 private:
  PackageFolder(host::UniqueFd fd, std::string canonical)
      : fd_(std::move(fd)), canonical_(std::move(canonical)) {}
  [[nodiscard]] Outcome<Found> find(const Located<std::string>& written, const std::string& label) const;

  host::UniqueFd fd_;
  std::string canonical_;
};

}  // namespace wasifs::plan
