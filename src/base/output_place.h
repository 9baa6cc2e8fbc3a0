// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace wasifs {

/// Where something is written to, to be compared with what is read for it: a directory
/// is known by what it is, whatever paths, links or bind mounts lead there. Immutable.
class OutputPlace {
 public:
  /// `output` need not be there yet. It is a directory where `is_directory`, else a file;
  /// a link in the place of the file is replaced itself.
  OutputPlace(const std::string& output, bool is_directory);

  /// Where it is, or would be made, below the directory `folder`: "" is the folder itself,
  /// else "/a/b"; nullopt: elsewhere, or nowhere.
  [[nodiscard]] std::optional<std::string> below(const std::string& folder) const;
  /// Whether it takes the place of `file`, which is there.
  [[nodiscard]] bool replaces(const std::string& file) const;

 private:
  std::string path_;  ///< without links; "": there is no folder to make it in
};

}  // namespace wasifs
