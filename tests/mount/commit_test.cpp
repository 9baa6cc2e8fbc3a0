// SPDX-License-Identifier: Apache-2.0
// `wasifs commit` of a mounted tree while it is there.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "support/fuse_mount.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

/// A default root with a package's place: a host directory below, changes in memory.
constexpr const char* kInMemory = "[fs]\n\"/\" = \"low\"\n";
constexpr const char* kOnTheHost = "[root]\nupper = \"state\"\n[fs]\n\"/\" = \"low\"\n";

class CommitOfAMount : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    dir_.write_file("low/a", "a");
    dir_.write_file("low/d/e", "e");
    dir_.write_file("low/d/deep/g", "g");
    dir_.write_file("low/gone/f", "f");
    dir_.write_file("site.toml", GetParam());
  }
  Finished mount() { return run_wasifs({"mount", dir_ / "site.toml", point_.path()}); }
  void TearDown() override {
    static_cast<void>(::umount2(point_.path().c_str(), MNT_DETACH));
    EXPECT_TRUE(eventually([&] { return processes_with(point_.path()).empty(); }));
  }
  Finished sh(const std::string& script) { return run_shell(script, point_.path()); }

  TempDir dir_;
  MountPoint point_;
};

TEST_P(CommitOfAMount, IsTheLayerOfWhatWasChangedThere) {
  ASSERT_EQ(mount().status, 0);
  const Finished changed =
      sh("echo more >> a && rm d/e && rm -r gone && mkdir gone && ln -s a gone/link && mkfifo gone/fifo &&"
         " mkdir -p new/x && echo n > new/f && ln new/f new/x/same && chmod 700 d/deep && rmdir home");
  ASSERT_EQ(changed.status, 0) << changed.err;
  const Finished ran = run_wasifs({"commit", point_.path(), "-o", dir_ / "layer.tar"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(run_program({"tar", "tf", dir_ / "layer.tar"}).out,
            "./\n.wh.home\na\nd/\nd/.wh.e\nd/deep/\ngone/\ngone/.wh..wh..opq\ngone/fifo\ngone/link\n"
            "new/\nnew/f\nnew/x/\nnew/x/same\n");
}

TEST_P(CommitOfAMount, OverWhatIsBelowShowsTheSameTree) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(sh("echo more >> a && rm -r gone && mkdir d/n && echo n > d/n/f && mv d/deep/g g").status, 0);
  ASSERT_EQ(run_wasifs({"commit", point_.path(), "-o", dir_ / "layer.tar"}).status, 0);
  dir_.write_file("both.toml",
                  "[[mount]]\nguest = \"/\"\ntype = \"overlay\"\nlayers = [\"layer.tar\", \"low\"]\n"
                  "whiteouts = \"oci\"\n");
  const Finished diff = run_wasifs({"diff", point_.path(), dir_ / "both.toml"});
  EXPECT_EQ(diff.out + diff.err, "");
}

TEST_P(CommitOfAMount, WithoutAChangeIsEmpty) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(sh("cat a d/e > /dev/null && ls -R > /dev/null").status, 0);
  const Finished ran = run_wasifs({"commit", point_.path(), "-o", dir_ / "layer.tar"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "note: nothing was changed in \"" + point_.path() + "\"; the layer is empty\n");
}

TEST_P(CommitOfAMount, HasEveryWhiteoutOfADirectoryOfThousands) {
  dir_.make_dirs("low/many");
  constexpr int kNames = 2000;
  const std::string stem(100, 'n');
  for (int i = 0; i < kNames; ++i) dir_.write_file("low/many/" + stem + std::to_string(i), "");
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(sh("find many -type f -delete").status, 0);
  ASSERT_EQ(run_wasifs({"commit", point_.path(), "-o", dir_ / "layer.tar"}).status, 0);
  EXPECT_EQ(run_shell("tar tf layer.tar | grep -c '^many/.wh.n'", dir_.string()).out,
            std::to_string(kNames) + "\n");
}

TEST_P(CommitOfAMount, IsRefusedInsideOfItself) {
  ASSERT_EQ(mount().status, 0);
  const Finished ran = run_wasifs({"commit", point_.path(), "-o", point_ / "layer.tar"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: commit: \"" + (point_ / "layer.tar") +
                         "\" would be a part of what it is made of\nhint: write it outside of \"" +
                         point_.path() + "\"\n");
}

TEST_P(CommitOfAMount, IsOfAllOfIt) {
  ASSERT_EQ(mount().status, 0);
  const Finished ran = run_wasifs({"commit", point_ / "d", "-o", dir_ / "layer.tar"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: commit: \"" + (point_ / "d") + "\" is a part of the tree that is mounted on \"" +
                         point_.path() + "\"\nhint: all of that can be committed\n");
}

TEST_P(CommitOfAMount, ItsAttributesAreNeitherListedNorSet) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(sh("rm d/e").status, 0);
  const std::string dir = point_ / "d";
  std::string value(100, '\0');
  const ssize_t size = ::getxattr(dir.c_str(), "user.wasifs.changes", value.data(), value.size());
  ASSERT_GE(size, 0);
  value.resize(static_cast<std::size_t>(size));
  EXPECT_EQ(value, std::string("c\0de\0", 5));
  EXPECT_EQ(::getxattr((point_ / "a").c_str(), "user.wasifs.changes", nullptr, 0), -1);
  EXPECT_EQ(errno, ENODATA);
  EXPECT_EQ(::listxattr(dir.c_str(), nullptr, 0), 0);
  EXPECT_EQ(::setxattr(dir.c_str(), "user.wasifs.changes", "", 0, 0), -1);
  EXPECT_EQ(errno, ENOTSUP);
}

INSTANTIATE_TEST_SUITE_P(Uppers, CommitOfAMount, testing::Values(kInMemory, kOnTheHost),
                         [](const auto& made) {
                           return std::string(made.param == kInMemory ? "Memory" : "Host");
                         });

TEST(CommitOfAPackageMount, IsAPackageThatShowsTheSame) {
  WASIFS_NEED_FUSE();
  TempDir dir;
  MountPoint point;
  const std::string demo = WASIFS_TEST_DATA "/demo.webc";
  ASSERT_EQ(run_wasifs({"mount", demo, point.path()}).status, 0);
  ASSERT_EQ(
      run_shell("echo new > srv/new.html && rm srv/index.html && mkdir -p home/me/x", point.path()).status,
      0);
  const Finished ran = run_wasifs({"commit", point.path(), "-o", dir / "new.webc"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  const Finished diff = run_wasifs({"diff", point.path(), dir / "new.webc", "--metadata", "none"});
  EXPECT_EQ(diff.out + diff.err, "");
  EXPECT_EQ(run_wasifs({"run", dir / "new.webc"}).status, run_wasifs({"run", demo}).status);
  EXPECT_EQ(run_program({"umount", point.path()}).status, 0);
}

TEST(CommitOfAnotherMount, SaysWhatToDo) {
  WASIFS_NEED_FUSE();
  TempDir dir;
  dir.write_file("low/f", "f");
  const Outcome<PreparedRoot> root = PreparedRoot::open(dir / "low");
  ASSERT_TRUE(root);
  const TreeMount mount(root->tree);
  ASSERT_EQ(run_shell("echo x > new", mount.path()).status, 0);
  if (::geteuid() != 0) GTEST_SKIP() << "mounts a tmpfs";
  std::filesystem::create_directory(mount / "inner");
  ASSERT_EQ(::mount("tmpfs", (mount / "inner").c_str(), "tmpfs", 0, nullptr), 0);
  const Finished ran = run_wasifs({"commit", mount.path(), "-o", dir / "layer.tar"});
  ::umount2((mount / "inner").c_str(), MNT_DETACH);
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err,
            "error: what serves \"/inner\" does not tell what was changed\n"
            "hint: unmount what is mounted inside of it; or it is a wasifs of before\n");
}

TEST(CommitOfAnUpper, IntoItselfByAnotherPathIsRefused) {
  const TempDir dir;
  dir.write_file("upper/f", "x");
  dir.make_dirs("other");
  if (::mount((dir / "upper").c_str(), (dir / "other").c_str(), "", MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  const Finished ran = run_wasifs({"commit", dir / "upper", "-o", dir / "other/layer.tar"});
  const bool made = dir.exists("upper/layer.tar");
  EXPECT_EQ(::umount((dir / "other").c_str()), 0);
  EXPECT_EQ(ran.status, 2);
  EXPECT_FALSE(made);
  EXPECT_EQ(ran.err, "error: commit: \"" + (dir / "other/layer.tar") +
                         "\" would be a part of what it is made of\nhint: write it outside of \"" +
                         (dir / "upper") + "\"\n");
}

}  // namespace
}  // namespace wasifs::test
