// SPDX-License-Identifier: Apache-2.0
#include "fuse/mount_info.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/temp_dir.h"

namespace wasifs::fuse {
namespace {

TEST(MountInfo, FieldsOfALineAreRead) {
  const auto entries = parse_mount_info(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue\n");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0], (MountEntry{.id = 36,
                                    .device = "98:0",
                                    .point = "/mnt2",
                                    .options = "rw,noatime",
                                    .type = "ext3",
                                    .source = "/dev/root"}));
}

TEST(MountInfo, OctalEscapesAreUndone) {
  const auto entries =
      parse_mount_info("1 2 0:3 / /a\\040b\\011c\\012d\\134e rw - fuse.wasifs my\\040site.toml rw\n");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].point, "/a b\tc\nd\\e");
  EXPECT_EQ(entries[0].source, "my site.toml");
}

TEST(MountInfo, ABackslashThatIsNoEscapeStays) {
  const auto entries = parse_mount_info("1 2 0:3 / /a\\9\\04 rw - t s rw\n");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].point, "/a\\9\\04");
}

TEST(MountInfo, LinesOfAnotherFormAreLeftOut) {
  EXPECT_TRUE(parse_mount_info("").empty());
  EXPECT_TRUE(parse_mount_info("\n\n").empty());
  EXPECT_TRUE(parse_mount_info("1 2 0:3 / /point rw\n").empty()) << "no separator";
  EXPECT_TRUE(parse_mount_info("1 2 0:3 / /point rw - type\n").empty()) << "no source";
  EXPECT_TRUE(parse_mount_info("x 2 0:3 / /point rw - type source rw\n").empty()) << "no id";
  EXPECT_TRUE(parse_mount_info("- - - -\n").empty());
}

TEST(MountInfo, OurOwnNamespaceHasARoot) {
  const auto entries = read_mount_info();
  ASSERT_TRUE(entries);
  EXPECT_FALSE(entries->empty());
  const auto root = find_mount("/");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->id, mount_id_of("/"));
  EXPECT_FALSE(find_mount("/no/such/mount"));
  EXPECT_FALSE(mount_id_of("/no/such/path"));
}

class ResolveParentOnly : public testing::Test {
 protected:
  void SetUp() override {
    dir_.make_dirs("real/sub");
    dir_.make_symlink("link", "real");
    real_ = std::filesystem::canonical(dir_.path()).string();
  }
  test::TempDir dir_;
  std::string real_;
};

TEST_F(ResolveParentOnly, SymlinksOnTheWayAreFollowed) {
  EXPECT_EQ(resolve_parent_only(dir_ / "link/sub"), real_ + "/real/sub");
}

TEST_F(ResolveParentOnly, TheLastComponentIsNotLookedAt) {
  EXPECT_EQ(resolve_parent_only(dir_ / "link"), real_ + "/link");
  EXPECT_EQ(resolve_parent_only(dir_ / "absent"), real_ + "/absent");
}

TEST_F(ResolveParentOnly, ATrailingSlashDoesNotMatter) {
  EXPECT_EQ(resolve_parent_only(dir_ / "real/sub/"), real_ + "/real/sub");
  EXPECT_EQ(resolve_parent_only("/"), "/");
}

TEST_F(ResolveParentOnly, DotsAreResolvedAsAWhole) {
  EXPECT_EQ(resolve_parent_only(dir_ / "real/sub/.."), real_ + "/real");
  EXPECT_EQ(resolve_parent_only(dir_ / "real/."), real_ + "/real");
}

TEST_F(ResolveParentOnly, ARelativeNameStartsAtTheWorkingDirectory) {
  EXPECT_EQ(resolve_parent_only("x"), std::filesystem::current_path().string() + "/x");
}

TEST_F(ResolveParentOnly, AMissingParentIsAnError) {
  EXPECT_EQ(resolve_parent_only(dir_ / "absent/x").error(), Errc::enoent);
}

}  // namespace
}  // namespace wasifs::fuse
