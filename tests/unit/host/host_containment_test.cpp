// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

using HostContainment = HostTest;

TEST_F(HostContainment, SymlinksAreShownAndNeverFollowed) {
  temp_.make_symlink("root/absolute", temp_ / "outside");
  temp_.make_symlink("root/relative", "../outside");
  temp_.make_symlink("root/magic", "/proc/self/root");
  for (const char* name : {"absolute", "relative", "magic"}) {
    const NodeRef link = at(name);
    EXPECT_EQ(link->type(), FileType::symlink) << name;
    EXPECT_EQ(error_of(link->lookup("secret")), Errc::enotdir) << name;
    EXPECT_EQ(error_of(link->open_dir()), Errc::enotdir) << name;
    EXPECT_EQ(error_of(link->create("x", mine({}))), Errc::enotdir) << name;
    EXPECT_EQ(error_of(link->open({.read = true, .write = true})), Errc::eloop) << name;
  }
  EXPECT_FALSE(temp_.exists("outside/x"));
}

TEST_F(HostContainment, TextsOfSymlinksStartAtTheLayer) {
  temp_.make_symlink("root/l", "/etc/passwd");
  const Link link = must(at("l")->read_link());
  EXPECT_EQ(link.text, "/etc/passwd");
  EXPECT_TRUE(link.layer_rooted);
  EXPECT_EQ(error_of(root_->read_link()), Errc::einval);
}

TEST_F(HostContainment, DeniedSymlinksAreStillListed) {
  temp_.make_symlink("root/l", "/etc/passwd");
  const auto fs = open_host(temp_ / "root", {.symlinks = HostFilesystem::Symlinks::deny});
  const NodeRef link = must(fs->root()->lookup("l"));
  EXPECT_EQ(must(link->attr()).type, FileType::symlink);
  EXPECT_EQ(list(*fs->root()).at("l").type, FileType::symlink);
  EXPECT_EQ(error_of(link->read_link()), Errc::eacces);
  EXPECT_EQ(error_of(fs->root()->read_link()), Errc::einval);
}

/// Exchanges two names of the mapped directory over and over, for a scope.
class Swapper {
 public:
  Swapper(const std::string& one, const std::string& other)
      : thread_([this, one, other] {
          while (!stop_.load(std::memory_order_relaxed)) {
            ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
          }
        }) {}
  ~Swapper() {
    stop_ = true;
    thread_.join();
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// True until the work has been done often enough and both outcomes have been
/// seen, or the time is up.
class Rounds {
 public:
  [[nodiscard]] bool more(bool both_seen) {
    return (++count_ < 5000 || !both_seen) && std::chrono::steady_clock::now() < end_;
  }

 private:
  int count_ = 0;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + std::chrono::seconds(20);
};

TEST_F(HostContainment, ADirectorySwappedForASymlinkNeverLeadsOutside) {
  temp_.make_dirs("root/a");
  temp_.write_file("root/a/secret", "inside");
  temp_.make_symlink("root/b", "../outside");
  const std::set<std::uint64_t> inside = {host_stat("root").st_ino, host_stat("root/a").st_ino,
                                          host_stat("root/a/secret").st_ino, host_stat("root/b").st_ino};
  const Swapper swapper(temp_ / "root/a", temp_ / "root/b");
  bool found = false;
  bool refused = false;
  for (Rounds rounds; rounds.more(found && refused);) {
    const auto child = root_->lookup("a");
    if (!child) continue;
    ASSERT_TRUE(inside.contains(must((*child)->attr()).ino));
    const auto secret = (*child)->lookup("secret");
    (secret ? found : refused) = true;
    if (secret) {
      ASSERT_TRUE(inside.contains(must((*secret)->attr()).ino));
      ASSERT_EQ(content_of(**secret), "inside");
    }
  }
  EXPECT_TRUE(found && refused) << "the race never happened";
}

TEST_F(HostContainment, AFileSwappedForASymlinkIsNeverReadOrWrittenThrough) {
  temp_.write_file("root/a", "inside");
  temp_.make_symlink("root/b", "../outside/secret");
  const Swapper swapper(temp_ / "root/a", temp_ / "root/b");
  bool opened = false;
  bool refused = false;
  for (Rounds rounds; rounds.more(opened && refused);) {
    const NodeRef node = must(root_->lookup("a"));
    const auto file = node->open({.read = true, .write = true});
    (file ? opened : refused) = true;
    if (file) {
      ASSERT_EQ(must((*file)->write_at(0, bytes_of("inside"))), 6U);
      ASSERT_EQ(read_text(**file), "inside");
    }
    if (node->type() == FileType::symlink) {
      ASSERT_FALSE(node->set_attr({.mode = 0777}));
    }
  }
  EXPECT_TRUE(opened && refused) << "the race never happened";
  EXPECT_EQ(temp_.read_file("outside/secret"), "secret");
  EXPECT_EQ(host_stat("outside/secret").st_mode & 07777U, 0644U);
}

TEST_F(HostContainment, MovingTheMappedDirectoryDoesNotDisturb) {
  temp_.write_file("root/f", "text");
  ASSERT_EQ(::rename((temp_ / "root").c_str(), (temp_ / "moved").c_str()), 0);
  temp_.make_dirs("root");
  temp_.write_file("root/f", "impostor");
  EXPECT_EQ(content_of(*at("f")), "text");
  make("g");
  EXPECT_TRUE(temp_.exists("moved/g"));
  EXPECT_FALSE(temp_.exists("root/g"));
}

TEST_F(HostContainment, RemovingTheMappedDirectoryLeavesAnEmptyOne) {
  ASSERT_EQ(::rmdir((temp_ / "root").c_str()), 0);
  EXPECT_EQ(error_of(root_->lookup("f")), Errc::enoent);
  EXPECT_EQ(error_of(root_->create("f", mine({}))), Errc::enoent);
  EXPECT_EQ(must(root_->attr()).nlink, 0U);
}

TEST_F(HostContainment, AHeldDirectoryThatMovesStaysTheSameDirectory) {
  temp_.make_dirs("root/a/b");
  temp_.write_file("root/a/b/f", "text");
  const NodeRef inner = must(at("a")->lookup("b"));
  ASSERT_EQ(::rename((temp_ / "root/a/b").c_str(), (temp_ / "root/c").c_str()), 0);
  temp_.make_dirs("root/a/b");
  EXPECT_EQ(content_of(*must(inner->lookup("f"))), "text");
  EXPECT_EQ(at("c"), inner);
  EXPECT_NE(must(at("a")->lookup("b")), inner);
}

TEST_F(HostContainment, ANodeWhoseNameChangesItsTypeStaysWhatItWas) {
  temp_.write_file("root/x", "file");
  const NodeRef file = at("x");
  ASSERT_EQ(::unlink((temp_ / "root/x").c_str()), 0);
  temp_.make_dirs("root/x");
  EXPECT_EQ(file->type(), FileType::regular);
  EXPECT_EQ(content_of(*file), "file");
  EXPECT_EQ(at("x")->type(), FileType::directory);
  EXPECT_NE(at("x"), file);
}

class HostReadOnly : public HostTest {
 protected:
  HostReadOnly() {
    temp_.write_file("root/f", "text");
    temp_.make_dirs("root/d");
    root_ = nullptr;  // nodes go before their Filesystem
    fs_ = open_host(temp_ / "root", {.read_only = true});
    root_ = fs_->root();
  }
};

TEST_F(HostReadOnly, EveryChangeIsRefused) {
  const NodeRef file = at("f");
  EXPECT_EQ(error_of(file->set_attr({.mode = 0})), Errc::erofs);
  EXPECT_EQ(error_of(file->set_attr({.size = 0})), Errc::erofs);
  EXPECT_EQ(error_of(file->open({.read = true, .write = true})), Errc::erofs);
  EXPECT_EQ(error_of(file->open({.read = true, .truncate = true})), Errc::erofs);
  EXPECT_EQ(error_of(root_->create("x", mine({}))), Errc::erofs);
  EXPECT_EQ(error_of(root_->create_anonymous(mine({}))), Errc::erofs);
  EXPECT_EQ(error_of(root_->link("x", *file)), Errc::erofs);
  EXPECT_EQ(error_of(root_->unlink("f")), Errc::erofs);
  EXPECT_EQ(error_of(root_->rmdir("d")), Errc::erofs);
  EXPECT_EQ(error_of(root_->rename("f", *root_, "g", RenameMode::replace)), Errc::erofs);
  EXPECT_EQ(error_of(file->set_xattr("user.x", "v", XattrMode::any)), Errc::erofs);
  EXPECT_EQ(error_of(file->remove_xattr("user.x")), Errc::erofs);
  EXPECT_EQ(temp_.read_file("root/f"), "text");
}

TEST_F(HostReadOnly, ReadingWorks) {
  EXPECT_EQ(content_of(*at("f")), "text");
  EXPECT_EQ(list(*root_).size(), 2U);
  EXPECT_TRUE(root_->sync());
}

}  // namespace
}  // namespace wasifs::test
