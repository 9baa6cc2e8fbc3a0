// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "unit/host/frozen_test.h"

// Somebody changes what was said not to change: nothing else than what was there may
// show, nor anything outside of the directory.
namespace wasifs::test {
namespace {

class FrozenPromise : public FrozenTest {
 protected:
  FrozenPromise() {
    temp_.write_file("root/d/f", "inside");
    temp_.write_file("root/d/sub/g", "inside");
    temp_.write_file("outside/f", "secret");
    temp_.write_file("outside/sub/g", "secret");
    freeze();
    file_ = in("d/f");
    sub_ = in("d/sub");
  }
  void move(std::string_view from, std::string_view to) const {
    ASSERT_EQ(::rename((temp_ / from).c_str(), (temp_ / to).c_str()), 0) << from;
  }
  void expect_stale() const {
    EXPECT_EQ(error_of(file_->open({.read = true})), Errc::estale);
    EXPECT_EQ(error_of(file_->get_xattr("user.x")), Errc::estale);
    EXPECT_EQ(error_of(file_->list_xattrs()), Errc::estale);
  }

  NodeRef file_;
  NodeRef sub_;  ///< whose entries nobody has asked for
};

TEST_F(FrozenPromise, ADirectoryReplacedByASymlinkLeadsNowhere) {
  for (const std::string& target :
       {std::string("../outside"), temp_ / "outside", std::string("../root/gone")}) {
    move("root/d", "root/gone");
    temp_.make_symlink("root/d", target);
    expect_stale();
    EXPECT_EQ(error_of(sub_->open_dir()), Errc::estale) << target;
    EXPECT_EQ(error_of(sub_->lookup("g")), Errc::estale) << target;
    ASSERT_EQ(::unlink((temp_ / "root/d").c_str()), 0);
    move("root/gone", "root/d");
  }
  EXPECT_EQ(content_of(*file_), "inside");
  EXPECT_EQ(content_of(*must(sub_->lookup("g"))), "inside");
}

TEST_F(FrozenPromise, ADirectoryReplacedByAnotherIsNotTakenForIt) {
  move("root/d", "root/gone");
  temp_.write_file("root/d/f", "impostor");
  temp_.write_file("root/d/sub/g", "impostor");
  expect_stale();
  EXPECT_EQ(error_of(sub_->open_dir()), Errc::estale);
}

TEST_F(FrozenPromise, WhatWasMovedOutIsOutOfReach) {
  move("root/d", "outside/d");
  expect_stale();
  EXPECT_EQ(error_of(sub_->open_dir()), Errc::estale);
}

TEST_F(FrozenPromise, AFileThatIsGoneIsStale) {
  ASSERT_EQ(::unlink((temp_ / "root/d/f").c_str()), 0);
  expect_stale();
  // The names and attributes are those that were.
  EXPECT_EQ(in("d/f"), file_);
  EXPECT_EQ(must(file_->attr()).size, 6U);
}

TEST_F(FrozenPromise, AFileReplacedByAnotherIsStale) {
  temp_.write_file("root/new", "inside");
  move("root/new", "root/d/f");
  expect_stale();
}

TEST_F(FrozenPromise, AFileMadeInTheInodeOfAnotherIsStale) {
  const ino_t before = host_stat("root/d/f").st_ino;
  const timespec times[] = {host_stat("root/d/f").st_atim, host_stat("root/d/f").st_mtim};
  ASSERT_EQ(::unlink((temp_ / "root/d/f").c_str()), 0);
  temp_.write_file("root/d/f", "INSIDE");
  ASSERT_EQ(::utimensat(AT_FDCWD, (temp_ / "root/d/f").c_str(), times, 0), 0);
  if (host_stat("root/d/f").st_ino != before) GTEST_SKIP() << "this file system gives another number";
  expect_stale();
}

TEST_F(FrozenPromise, AFileWithOtherContentIsStale) {
  temp_.write_file("root/d/f", "more than was");
  expect_stale();
}

TEST_F(FrozenPromise, ASingleFileWithOtherContentIsStale) {
  const auto fs = open_frozen(temp_ / "root/d/f");
  EXPECT_EQ(content_of(*fs->root()), "inside");
  temp_.write_file("root/d/f", "more than was");
  EXPECT_EQ(error_of(fs->root()->open({.read = true})), Errc::estale);
}

TEST_F(FrozenPromise, AFileReplacedByASymlinkIsStale) {
  ASSERT_EQ(::unlink((temp_ / "root/d/f").c_str()), 0);
  temp_.make_symlink("root/d/f", "../../outside/f");
  expect_stale();
}

TEST_F(FrozenPromise, AFileReplacedByAFifoIsNotOpened) {
  ASSERT_EQ(::unlink((temp_ / "root/d/f").c_str()), 0);
  ASSERT_EQ(::mkfifo((temp_ / "root/d/f").c_str(), 0600), 0);
  expect_stale();  // and returns
}

TEST_F(FrozenPromise, ASymlinkHasTheTextThatItHad) {
  temp_.make_symlink("root/d/sub/l", "text");
  const NodeRef link = must(sub_->lookup("l"));
  ASSERT_EQ(::unlink((temp_ / "root/d/sub/l").c_str()), 0);
  temp_.make_symlink("root/d/sub/l", "other");
  EXPECT_EQ(must(link->read_link()).text, "text");
  EXPECT_EQ(error_of(link->list_xattrs()), Errc::estale);
}

TEST_F(FrozenPromise, OpenFilesStay) {
  const FilePtr open = must(file_->open({.read = true}));
  move("root/d", "outside/d");
  EXPECT_EQ(read_text(*open), "inside");
}

TEST_F(FrozenPromise, ADirectorySwappedForASymlinkNeverLeadsOutside) {
  temp_.make_symlink("root/b", "../outside");
  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    while (!stop) {
      ::renameat2(AT_FDCWD, (temp_ / "root/d").c_str(), AT_FDCWD, (temp_ / "root/b").c_str(),
                  RENAME_EXCHANGE);
    }
  });
  bool opened = false;
  bool refused = false;
  for (int i = 0; i < 200'000 && !(i > 5000 && opened && refused); ++i) {
    const auto file = file_->open({.read = true});
    (file ? opened : refused) = true;
    if (file) {
      EXPECT_EQ(read_text(**file), "inside");
    } else {
      EXPECT_EQ(file.error(), Errc::estale);
    }
  }
  stop = true;
  swapper.join();
  EXPECT_TRUE(opened && refused) << "the race never happened";
}

}  // namespace
}  // namespace wasifs::test
