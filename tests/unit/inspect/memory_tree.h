// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "wasifs/tree.h"

namespace wasifs::test {

/// A Tree over one memory file system, with helpers that throw on failure. All
/// stamps are 2001-09-09 01:46:40 UTC.
class MemoryTree {
 public:
  static constexpr std::int64_t kSeconds = 1'000'000'000;

  MemoryTree()
      : filesystem_(std::make_shared<MemoryFilesystem>(
            MemoryFilesystem::Options{.frozen_time = Time{.sec = kSeconds, .nsec = 0}})),
        tree_(MountTable(filesystem_)) {}

  [[nodiscard]] const Tree& tree() const { return tree_; }

  void dir(std::string_view path) { make(path, {.type = FileType::directory, .mode = 0755}); }
  void link(std::string_view path, std::string_view target) {
    make(path, {.type = FileType::symlink, .mode = 0777, .target = target});
  }
  void device(std::string_view path, std::uint64_t rdev) {
    make(path, {.type = FileType::char_device, .mode = 0666, .rdev = rdev});
  }
  void file(std::string_view path, std::string_view content, std::uint16_t mode = 0644) {
    const VNode node = make(path, {.type = FileType::regular, .mode = mode});
    const FilePtr open = need(tree_.open(node, {.read = true, .write = true}));
    (void)need(open->write_at(0, std::as_bytes(std::span(content))));
  }

 private:
  template <class T>
  static T need(Result<T> result) {
    if (!result) throw std::runtime_error(message(result.error()));
    return std::move(*result);
  }

  VNode make(std::string_view path, const NewNode& spec) {
    const std::size_t slash = path.rfind('/');
    const VNode parent = need(tree_.resolve(slash == 0 ? "/" : path.substr(0, slash)));
    return need(tree_.create(parent, path.substr(slash + 1), spec));
  }

  std::shared_ptr<MemoryFilesystem> filesystem_;
  Tree tree_;
};

}  // namespace wasifs::test
