// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/fuse_mount.h"
#include "support/temp_dir.h"
#include "support/webc_writer.h"
#include "wasifs/tree.h"

namespace wasifs::test {

/// What users of other projects have reported, done to a mount of ours. Above each
/// test stand the reports: a project and a number, or the reference's defects in
/// the order of the project's notes.
class Regressions : public testing::Test {
 protected:
  /// Two host directories as lower layers of a root that takes changes in memory.
  static constexpr const char* kTwoLowers =
      "[root]\nbase = \"empty\"\n[fs]\n\"/\" = \"one\"\n\"/.\" = \"two\"\n";
  /// One of them.
  static constexpr const char* kOneLower = "[root]\nbase = \"empty\"\n[fs]\n\"/\" = \"one\"\n";

  void SetUp() override { WASIFS_NEED_FUSE(); }

  /// Writes a manifest beside what the test has put into `dir_`, composes it and
  /// mounts it, in the place of what was mounted before.
  void mount(const std::string& manifest);
  /// Mounts `tree`.
  void serve(std::shared_ptr<const Tree> tree) { mount_.emplace(std::move(tree)); }
  /// A package with one volume mounted at `guest`.
  static std::string package(const std::string& guest, std::vector<WebcEntry> entries);

  [[nodiscard]] std::string at(std::string_view name) const { return *mount_ / name; }
  /// What a shell prints in the mount; where it fails, what it says about that.
  [[nodiscard]] std::string sh(const std::string& script) const;
  /// sh() of `ls -A`: the names, each with a newline.
  [[nodiscard]] std::string names(const std::string& directory) const;
  [[nodiscard]] std::string content(const std::string& name) const;
  [[nodiscard]] struct stat stat(std::string_view name) const;
  /// What the mount tells about its memory: used bytes, used inodes.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> used() const;

  TempDir dir_;
  std::optional<TreeMount> mount_;
};

/// The errno of a call that must fail; 0 where it does not.
[[nodiscard]] int error_of(int returned);

}  // namespace wasifs::test
