// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "inspect/folder_sink.h"
#include "support/temp_dir.h"

namespace wasifs::test {

namespace fs = std::filesystem;

/// A tree in memory, and a directory of the host that it is copied to.
class FolderSinkTest : public testing::Test {
 protected:
  Outcome<void> copy(const std::string& to, bool overwrite = false, std::string_view from = "/") {
    auto sink = FolderSink::create(dir_ / to, {.overwrite = overwrite});
    if (!sink) return fail(sink.error());
    Outcome<void> done = copy_tree(tree_, from, **sink);
    if (done) done = (*sink)->finish();
    losses_ = (*sink)->losses();
    return done;
  }
  /// The same, with the test's directory taken out of the text.
  std::string error_of(const std::string& to, bool overwrite = false) {
    const Outcome<void> done = copy(to, overwrite);
    if (done) return "no error";
    std::string text = done.error().text();
    for (std::size_t at; (at = text.find(dir_.string() + "/")) != std::string::npos;) {
      text.erase(at, dir_.string().size() + 1);
    }
    return text;
  }
  void write(std::string_view path, std::string_view text, std::uint16_t mode = 0644) {
    ASSERT_TRUE(tree_.write_file(path, text, mode));
  }
  struct stat stat_of(const std::string& path) const {
    struct stat found{};
    EXPECT_EQ(::lstat((dir_ / path).c_str(), &found), 0) << path;
    return found;
  }
  bool nothing_temporary() const {
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
      if (entry.path().filename().string().starts_with(".wasifs-")) return false;
    }
    return true;
  }

  TempDir dir_;
  Tree tree_{MountTable(
      std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.uid = ::geteuid(), .gid = ::getegid()}))};
  std::vector<CopyLoss> losses_;
};

}  // namespace wasifs::test
