// SPDX-License-Identifier: Apache-2.0
// Trees written to directories of the host: whole, contained, and again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "folder_sink_test.h"
#include "support/descriptor_limit.h"
#include "wasifs/filesystems.h"

namespace wasifs::test {
namespace {

TEST_F(FolderSinkTest, KeepsWhatADirectoryCanHold) {
  ASSERT_TRUE(tree_.make_dirs("/d/e"));
  write("/d/f", "content", 04751);
  ASSERT_TRUE(tree_.link("/d/f", "/d/e/again"));
  ASSERT_TRUE(tree_.symlink("../f", "/d/e/l"));
  write("/sparse", "");
  ASSERT_TRUE(tree_.set_attr("/sparse", {.size = 50'000'000}));
  const VNode f = tree_.resolve("/d/f").value();
  ASSERT_TRUE(tree_.set_xattr(f, "user.a", "1", XattrMode::any));
  const SetAttr times{.atime = Time{.sec = 1, .nsec = 2}, .mtime = Time{.sec = -3, .nsec = 999'999'999}};
  for (const char* path : {"/d/f", "/d/e/l", "/d/e"}) ASSERT_TRUE(tree_.set_attr(path, times, Follow::no));
  ASSERT_TRUE(tree_.set_attr("/d/e", {.mode = 0500}));
  ASSERT_TRUE(copy("out"));
  EXPECT_EQ(dir_.read_file("out/d/f"), "content");
  EXPECT_EQ(stat_of("out/d/f").st_mode, S_IFREG | 04751U);
  EXPECT_EQ(stat_of("out/d/f").st_ino, stat_of("out/d/e/again").st_ino);
  EXPECT_EQ(stat_of("out/d/e").st_mode, S_IFDIR | 0500U) << "which was written into before";
  EXPECT_EQ(fs::read_symlink(dir_ / "out/d/e/l"), "../f");
  EXPECT_EQ(stat_of("out/sparse").st_size, 50'000'000);
  EXPECT_LT(stat_of("out/sparse").st_blocks, 100);
  for (const char* path : {"out/d/f", "out/d/e/l", "out/d/e"}) {
    EXPECT_EQ(stat_of(path).st_mtim.tv_sec, -3) << path;
    EXPECT_EQ(stat_of(path).st_mtim.tv_nsec, 999'999'999) << path;
  }
  std::array<char, 4> value{};
  if (losses_.empty()) {
    EXPECT_EQ(::getxattr((dir_ / "out/d/f").c_str(), "user.a", value.data(), 4), 1);
  }
  EXPECT_TRUE(nothing_temporary());
}

TEST_F(FolderSinkTest, OwnersAndDevicesAreRootsToGive) {
  write("/f", "x");
  ASSERT_TRUE(tree_.set_attr("/f", {.uid = 1234, .gid = 55}));
  ASSERT_TRUE(tree_.create(tree_.root(), "null", {.type = FileType::char_device, .rdev = makedev(1, 3)}));
  ASSERT_TRUE(copy("out"));
  if (::geteuid() == 0) {
    EXPECT_EQ(stat_of("out/f").st_uid, 1234U);
    EXPECT_EQ(stat_of("out/f").st_gid, 55U);
    EXPECT_EQ(stat_of("out/null").st_rdev, makedev(1, 3));
    EXPECT_TRUE(losses_.empty());
  } else {
    EXPECT_EQ(std::ranges::count(losses_, "owner", &CopyLoss::what), 1);
    EXPECT_EQ(std::ranges::count(losses_, "special file", &CopyLoss::what), 1);
    EXPECT_FALSE(dir_.exists("out/null"));
  }
}

TEST_F(FolderSinkTest, AnAttributeThatIsRefusedIsCounted) {
  for (const char* name : {"a", "b"}) {
    write(std::string("/") + name, "x");
    const VNode node = tree_.resolve(name).value();
    // Nobody has such a space.
    ASSERT_TRUE(tree_.set_xattr(node, "odd.attribute", "1", XattrMode::any));
  }
  ASSERT_TRUE(copy("out"));
  ASSERT_EQ(losses_.size(), 1U);
  EXPECT_EQ(losses_[0].what, "attribute \"odd.attribute\"");
  EXPECT_EQ(losses_[0].count, 2U);
  EXPECT_EQ(losses_[0].example, "a");
  EXPECT_EQ(dir_.read_file("out/b"), "x");
}

TEST_F(FolderSinkTest, ADirectoryWithSomethingInItNeedsAWord) {
  write("/f", "new");
  dir_.write_file("out/other", "kept");
  EXPECT_EQ(error_of("out"),
            "error: \"out\" is not empty\nhint: --overwrite replaces what is there, or goes on "
            "where it was ended");
  EXPECT_EQ(copy("out").error().trouble, Trouble::conflict);
  EXPECT_FALSE(dir_.exists("out/f"));
  ASSERT_TRUE(copy("out", true));
  EXPECT_EQ(dir_.read_file("out/f"), "new");
  EXPECT_EQ(dir_.read_file("out/other"), "kept");
}

TEST_F(FolderSinkTest, GoesOnWhereItWasEnded) {
  ASSERT_TRUE(tree_.make_dirs("/d"));
  for (const char* name : {"/d/a", "/d/b", "/d/c"}) write(name, name);
  ASSERT_TRUE(tree_.link("/d/a", "/d/hard"));
  ASSERT_TRUE(tree_.symlink("a", "/d/l"));
  ASSERT_TRUE(copy("out"));
  const auto a = stat_of("out/d/a").st_ino;
  const auto c = stat_of("out/d/c").st_ino;
  fs::remove(dir_ / "out/d/b");
  dir_.write_file("out/d/c", "what is not whole");
  ASSERT_TRUE(copy("out", true));
  EXPECT_EQ(stat_of("out/d/a").st_ino, a) << "it was there";
  EXPECT_NE(stat_of("out/d/c").st_ino, c) << "it was another one";
  EXPECT_EQ(dir_.read_file("out/d/b"), "/d/b");
  EXPECT_EQ(dir_.read_file("out/d/c"), "/d/c");
  EXPECT_EQ(stat_of("out/d/hard").st_ino, a);
  EXPECT_EQ(stat_of("out/d/a").st_nlink, 2U);
  EXPECT_TRUE(nothing_temporary());
}

TEST_F(FolderSinkTest, LinksInTheTargetLeadNowhere) {
  ASSERT_TRUE(tree_.make_dirs("/d"));
  write("/d/f", "mine");
  write("/file", "mine");
  ASSERT_TRUE(tree_.symlink("new", "/link"));
  dir_.write_file("outside/f", "yours");
  dir_.make_dirs("out");
  dir_.make_symlink("out/d", "../outside");
  dir_.make_symlink("out/file", "../outside/f");
  dir_.make_symlink("out/link", "../outside");
  ASSERT_TRUE(copy("out", true));
  EXPECT_EQ(dir_.read_file("outside/f"), "yours");
  EXPECT_FALSE(fs::is_symlink(dir_ / "out/d"));
  EXPECT_EQ(dir_.read_file("out/d/f"), "mine");
  EXPECT_FALSE(fs::is_symlink(dir_ / "out/file"));
  EXPECT_EQ(fs::read_symlink(dir_ / "out/link"), "new");
}

TEST_F(FolderSinkTest, DeepTreesTakeFewDescriptorsAndNoStack) {
  VNode at = tree_.root();
  constexpr int kDepth = 1500;
  for (int i = 0; i < kDepth; ++i) {
    const NewNode spec{.type = FileType::directory, .mode = 0755, .uid = ::geteuid(), .gid = ::getegid()};
    ASSERT_TRUE(tree_.create(at, "b" + std::to_string(i), {.uid = ::geteuid(), .gid = ::getegid()}));
    at = tree_.create(at, "d", spec).value();
    // Behind the directory, so that it is found again on the way back.
    ASSERT_TRUE(
        tree_.create(tree_.root(), "z" + std::to_string(i), {.uid = ::geteuid(), .gid = ::getegid()}));
  }
  ASSERT_TRUE(copy("out"));
  int there = ::open((dir_ / "out").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < kDepth; ++i) {
    struct stat found{};
    EXPECT_EQ(::fstatat(there, ("b" + std::to_string(i)).c_str(), &found, 0), 0) << i;
    const int below = ::openat(there, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ASSERT_GE(below, 0) << i;
    ASSERT_EQ(::fstat(below, &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0755U) << i;
    ::close(there);
    there = below;
  }
  ::close(there);
  EXPECT_TRUE(dir_.exists("out/z1499"));
}

TEST_F(FolderSinkTest, DeepDirectoriesOfTheHostTakeFewDescriptorsAsWell) {
  constexpr int kDepth = 1500;
  int there = ::open(dir_.string().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_EQ(::mkdirat(there, i == 0 ? "in" : "d", 0755), 0) << i;
    const int below = ::openat(there, i == 0 ? "in" : "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ASSERT_EQ(::mknodat(below, "z", S_IFREG | 0644, 0), 0);
    ::close(there);
    there = below;
  }
  ::close(there);
  const Tree host{MountTable(host_filesystem(dir_ / "in", {.read_only = true}).value())};
  const ScopedDescriptorLimit few(350);
  auto sink = FolderSink::create(dir_ / "out", {});
  ASSERT_TRUE(sink);
  const Outcome<void> done = copy_tree(host, "/", **sink);
  ASSERT_TRUE(done) << done.error().text().substr(0, 200) << done.error().text().size();
  ASSERT_TRUE((*sink)->finish());
  std::string last = "out";
  for (int i = 1; i < kDepth; ++i) last += "/d";
  EXPECT_TRUE(dir_.exists(last + "/z"));
}

TEST_F(FolderSinkTest, PartsAreCopied) {
  ASSERT_TRUE(tree_.make_dirs("/a/b"));
  write("/a/b/f", "x");
  ASSERT_TRUE(copy("dir", false, "/a/b"));
  EXPECT_EQ(dir_.read_file("dir/f"), "x");
  ASSERT_TRUE(copy("file", false, "/a/b/f"));
  EXPECT_EQ(dir_.read_file("file/f"), "x") << "under its name";
}

TEST_F(FolderSinkTest, WhatCannotBeATargetSaysWhy) {
  EXPECT_EQ(error_of("no/such/folder/"),
            "error: cannot make \"no/such/folder/\": No such file or directory\n"
            "hint: make the folder \"no/such\" first");
  dir_.write_file("file", "x");
  EXPECT_EQ(error_of("file"), "error: cannot write into \"file\": Not a directory");
}

TEST_F(FolderSinkTest, AFullDiskNamesTheFileAndLeavesNoPart) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
  dir_.make_dirs("small");
  if (::mount("tmpfs", (dir_ / "small").c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "no tmpfs";
  write("/a", "fits");
  write("/b", std::string(1'000'000, 'x'));
  EXPECT_EQ(error_of("small"), "error: cannot write \"small/b\": No space left on device");
  EXPECT_EQ(dir_.read_file("small/a"), "fits");
  EXPECT_FALSE(dir_.exists("small/b"));
  EXPECT_TRUE(nothing_temporary());
  ::umount((dir_ / "small").c_str());
}

}  // namespace
}  // namespace wasifs::test
