// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace wasifs::bench {

/// An object of a package that is to be written, and all below it.
struct PackageNode {
  enum class Kind : std::uint8_t { directory, file, symlink };

  std::string name = {};
  Kind kind = Kind::directory;
  std::uint64_t modified = 1;  ///< seconds
  std::uint64_t size = 0;      ///< of a file's content
  /// Text of a symlink; of a file the host's file that has the content, or ""
  /// for `size` bytes that are made up.
  std::string source = {};
  std::vector<PackageNode> children = {};  ///< of a directory, in order of name
};

/// What is in a directory of the host. Throws std::runtime_error for what no
/// package can hold.
[[nodiscard]] PackageNode read_directory(const std::filesystem::path& directory);

/// `files` files of 16 bytes, `per_directory` to a directory, below directories
/// that have as many. A tree of a million files takes some 200 MB here.
[[nodiscard]] PackageNode generate_tree(std::uint32_t files, std::uint32_t per_directory = 100);

/// Writes a webc file of version 3 whose one volume, "/", is `root`, shown at
/// "/", with all its checksums. It is built in a mapping of the file, so its size
/// does not count in memory. Throws std::system_error.
void write_package(const std::filesystem::path& path, const PackageNode& root);

}  // namespace wasifs::bench
