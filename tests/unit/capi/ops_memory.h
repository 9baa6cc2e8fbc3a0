// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wasifs/wasifs.h"

namespace wasifs::test {

/// A small file system in memory behind wasifs_fs_ops, as a program of C would write
/// one. It keeps account of what is asked of it, and of who holds what.
class OpsMemory {
 public:
  struct Node {
    std::uint32_t type = WASIFS_TYPE_REGULAR;
    std::uint32_t mode = 0644;
    std::uint32_t nlink = 1;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    wasifs_time atime{};
    wasifs_time mtime{};
    std::string content;  ///< of a file, or the text of a symlink
    std::map<std::string, std::uint64_t> children;
    bool held = false;  ///< it was given, and not forgotten since
  };

  OpsMemory();

  /// All operations. Those that a test does not want it sets to null.
  [[nodiscard]] static wasifs_fs_ops ops();
  /// A node made from the outside, without the operations.
  std::uint64_t add(std::uint64_t dir, const std::string& name, Node node);

  std::mutex mutex;
  std::map<std::uint64_t, Node> nodes;
  std::uint64_t next = 2;
  std::vector<std::uint64_t> forgotten;
  int destroyed = 0;
  /// Called when a look-up has found its answer and not yet given it.
  std::function<void()> after_lookup;
  /// At most so many bytes at a time, as read(2) and write(2) may.
  std::size_t chunk = SIZE_MAX;
  std::size_t max_content = SIZE_MAX;  ///< of a file; then writes take nothing
  int fail_with = 0;                   ///< what every operation answers, if it is not 0
};

}  // namespace wasifs::test
