// SPDX-License-Identifier: Apache-2.0
#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

class HostPath : public HostTest {
 protected:
  [[nodiscard]] std::string path(const NodeRef& node) { return fs_->path_of(*node); }
  void rename_on_host(std::string_view from, std::string_view to) {
    ASSERT_EQ(::rename((temp_ / from).c_str(), (temp_ / to).c_str()), 0);
  }
};

TEST_F(HostPath, IsWhereTheObjectLiesBelowTheRoot) {
  temp_.write_file("root/a/b/f", "");
  EXPECT_EQ(path(root_), "/");
  EXPECT_EQ(path(at("a")), "/a");
  EXPECT_EQ(path(must(must(at("a")->lookup("b"))->lookup("f"))), "/a/b/f");
  EXPECT_EQ(fs_->origin(*at("a")).text(), "host \"" + temp_.string() + "/root\" path \"/a\"");
}

TEST_F(HostPath, FollowsTheObjectWhenOthersRenameIt) {
  temp_.make_dirs("root/a");
  temp_.write_file("root/a/f", "");
  const NodeRef file = must(at("a")->lookup("f"));
  rename_on_host("root/a", "root/z");
  EXPECT_EQ(path(file), "/z/f");
  rename_on_host("root", "moved");
  EXPECT_EQ(path(file), "/z/f");
}

TEST_F(HostPath, OfASymlinkIsTheLinksOwn) {
  ASSERT_EQ(::symlink("/etc", (temp_ / "root/link").c_str()), 0);
  EXPECT_EQ(path(at("link")), "/link");
}

TEST_F(HostPath, IsEmptyForWhatHasNoNameInTheDirectoryAnyMore) {
  const NodeRef removed = make("f");
  must(root_->unlink("f"));
  EXPECT_EQ(path(removed), "");
  const NodeRef moved_out = make("g");
  rename_on_host("root/g", "outside/g");
  EXPECT_EQ(path(moved_out), "");
}

TEST_F(HostPath, ANameThatLooksDeletedIsAName) {
  const NodeRef file = make("f (deleted)");
  EXPECT_EQ(path(file), "/f (deleted)");
  must(root_->unlink("f (deleted)"));
  EXPECT_EQ(path(file), "");
}

TEST_F(HostPath, OfADirectoryBesideTheRootWithALongerNameIsNotBelowIt) {
  temp_.make_dirs("rooted");
  const NodeRef file = make("f");
  rename_on_host("root/f", "rooted/f");
  EXPECT_EQ(path(file), "");
}

TEST_F(HostPath, OfASingleFileHasNoPathInside) {
  temp_.write_file("motd", "hello");
  const auto fs = open_host(temp_ / "motd");
  EXPECT_EQ(fs->path_of(*fs->root()), "/");
  EXPECT_EQ(fs->origin(*fs->root()).text(), "host \"" + temp_.string() + "/motd\"");
}

TEST_F(HostPath, IsEmptyForANodeOfAnotherLayer) {
  EXPECT_EQ(fs_->path_of(*open_host(temp_ / "outside")->root()), "");
}

}  // namespace
}  // namespace wasifs::test
