// SPDX-License-Identifier: Apache-2.0
#include "support/fixtures.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace wasifs::test {

namespace stdfs = std::filesystem;

std::optional<std::string> fixtures_directory() {
  const char* chosen = std::getenv("WASIFS_FIXTURES");
  const stdfs::path folder =
      chosen != nullptr ? stdfs::path(chosen) : stdfs::path(WASIFS_SOURCE_DIR) / ".." / "shared" / "fixtures";
  std::error_code error;
  if (!stdfs::is_directory(folder, error)) return std::nullopt;
  return folder.lexically_normal().string();
}

std::vector<std::string> all_fixtures() {
  std::vector<std::string> found;
  const auto folder = fixtures_directory();
  if (!folder) return found;
  for (const auto& entry : stdfs::directory_iterator(*folder)) {
    if (entry.path().extension() == ".webc") found.push_back(entry.path().string());
  }
  std::ranges::sort(found);
  return found;
}

std::optional<std::string> find_fixture(std::string_view prefix) {
  for (std::string& path : all_fixtures()) {
    if (stdfs::path(path).filename().string().starts_with(prefix)) return std::move(path);
  }
  return std::nullopt;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace wasifs::test
