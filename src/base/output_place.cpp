// SPDX-License-Identifier: Apache-2.0
#include "base/output_place.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/output_file.h"

namespace wasifs {

namespace {

namespace fs = std::filesystem;

/// Tells directories apart, whatever path they are reached by.
struct Identity {
  dev_t dev;
  ino_t ino;
  bool operator==(const Identity&) const = default;
};

std::optional<Identity> identity_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Identity{.dev = found.st_dev, .ino = found.st_ino};
}

}  // namespace

OutputPlace::OutputPlace(const std::string& output, bool is_directory) {
  std::error_code error;
  fs::path path(output);
  if (!path.has_filename()) path = path.parent_path();
  if (is_directory) {
    const fs::path there = fs::canonical(path, error);
    if (!error) {
      path_ = there.string();
      return;
    }
  }
  const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : fs::path("."), error);
  if (!error) path_ = (folder / path.filename()).string();
}

std::optional<std::string> OutputPlace::below(const std::string& folder) const {
  if (path_.empty()) return std::nullopt;
  const std::optional<Identity> wanted = identity_of(folder);
  if (!wanted) return std::nullopt;
  for (std::string above = path_;;) {
    if (identity_of(above) == wanted) return path_.substr(above == "/" ? 0 : above.size());
    if (above == "/") return std::nullopt;
    above.resize(std::max<std::size_t>(above.rfind('/'), 1));
  }
}

bool OutputPlace::replaces(const std::string& file) const {
  const std::string name = "/" + fs::path(file).filename().string();
  return path_.ends_with(name) && below(containing_folder(file)) == name;
}

}  // namespace wasifs
