// SPDX-License-Identifier: Apache-2.0
#include "base/output_place.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

class OutputPlaceTest : public testing::Test {
 protected:
  OutputPlaceTest() {
    dir_.make_dirs("in/deep");
    dir_.make_dirs("other");
    dir_.write_file("in/file", "x");
  }
  [[nodiscard]] std::optional<std::string> below(std::string_view output, std::string_view folder,
                                                 bool is_directory = false) const {
    return OutputPlace(dir_ / output, is_directory).below(dir_ / folder);
  }

  TempDir dir_;
};

TEST_F(OutputPlaceTest, IsWhereItIsOrWouldBeMade) {
  EXPECT_EQ(below("in/file", "in"), "/file");
  EXPECT_EQ(below("in/deep/new", "in"), "/deep/new");
  EXPECT_EQ(below("in/deep/../new", "in"), "/new");
  EXPECT_EQ(below("other/new", "in"), std::nullopt);
  EXPECT_EQ(below("in/new", "in/deep"), std::nullopt);
  EXPECT_EQ(below("inside", "in"), std::nullopt);
  EXPECT_EQ(OutputPlace(dir_ / "in/new", false).below("/"), (dir_ / "in/new"));
}

TEST_F(OutputPlaceTest, IsNowhereWithoutAFolder) {
  EXPECT_EQ(below("none/new", "in"), std::nullopt);
  EXPECT_EQ(below("none/new", ""), std::nullopt);
  EXPECT_EQ(below("in/new", "none"), std::nullopt);
}

TEST_F(OutputPlaceTest, ADirectoryMayBeTheFolderItself) {
  EXPECT_EQ(below("in", "in", true), "");
  EXPECT_EQ(below("in/", "in", true), "");
  EXPECT_EQ(below("in/new/", "in", true), "/new");
}

TEST_F(OutputPlaceTest, LinksAreSeenThroughButInThePlaceOfAFile) {
  dir_.make_symlink("way", "in");
  dir_.make_symlink("link", "in/file");
  EXPECT_EQ(below("way/new", "in"), "/new");
  EXPECT_EQ(below("way", "in", true), "");
  EXPECT_EQ(below("link", "in"), std::nullopt);
}

TEST_F(OutputPlaceTest, ReplacesAFileByWhateverPath) {
  dir_.make_symlink("way", "in");
  EXPECT_TRUE(OutputPlace(dir_ / "way/file", false).replaces(dir_ / "in/file"));
  EXPECT_FALSE(OutputPlace(dir_ / "in/deep/file", false).replaces(dir_ / "in/file"));
  EXPECT_FALSE(OutputPlace(dir_ / "in/files", false).replaces(dir_ / "in/file"));
}

TEST_F(OutputPlaceTest, ABindMountIsTheSameDirectory) {
  if (::mount((dir_ / "in").c_str(), (dir_ / "other").c_str(), "", MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  const std::optional<std::string> found = below("other/deep/new", "in");
  const bool replaced = OutputPlace(dir_ / "other/file", false).replaces(dir_ / "in/file");
  EXPECT_EQ(::umount((dir_ / "other").c_str()), 0);
  EXPECT_EQ(found, "/deep/new");
  EXPECT_TRUE(replaced);
}

}  // namespace
}  // namespace wasifs::test
