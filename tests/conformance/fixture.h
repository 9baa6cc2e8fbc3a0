// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vfs.h"

namespace wasifs::test {

/// "Given that these exist": objects to be there before a case starts. A backend
/// decides in which layer they lie. Directories above a path are made up.
class Fixture {
 public:
  Fixture& dir(std::string_view path, std::uint16_t mode = 0755);
  Fixture& file(std::string_view path, std::string_view content = {}, std::uint16_t mode = 0644);
  Fixture& symlink(std::string_view path, std::string_view text);
  /// A further name for `existing`, which comes before it in the fixture.
  Fixture& link(std::string_view path, std::string_view existing);

  // About the object named last.
  Fixture& owner(std::uint32_t uid, std::uint32_t gid);
  Fixture& mtime(Time time);
  Fixture& xattr(std::string_view name, std::string_view value);

  /// Makes all of it in `layers`: each object in one of them, in turn, with the
  /// directories above it, so that directories of several layers merge. A hard
  /// link goes where its file is, and a directory with attributes of its own into
  /// every layer. Throws std::runtime_error if a step fails.
  void apply(std::span<Vfs* const> layers) const;

 private:
  struct Item {
    FileType type;
    std::string path;
    std::string text;
    std::uint16_t mode = 0;
    bool hard_link = false;
    SetAttr attr = {};
    std::map<std::string, std::string> xattrs = {};
  };
  [[nodiscard]] std::vector<std::vector<bool>> placement(std::size_t layers) const;
  static void make(Vfs& layer, const Item& item);
  static void dress(Vfs& layer, const Item& item);

  std::vector<Item> items_;
};

}  // namespace wasifs::test
