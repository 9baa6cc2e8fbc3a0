// SPDX-License-Identifier: Apache-2.0
// The limits of a tree and of its memory, as programs on a mount meet them.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fuse/unique_fd.h"
#include "support/fuse_mount.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

using fuse::UniqueFd;

class MountLimits : public testing::Test {
 protected:
  void SetUp() override { WASIFS_NEED_FUSE(); }

  void mount(std::string_view manifest) {
    dir_.write_file("site.toml", manifest);
    const Outcome<PreparedRoot> root = PreparedRoot::open(dir_ / "site.toml");
    ASSERT_TRUE(root) << root.error().text();
    mount_.emplace(root->tree);
  }
  [[nodiscard]] std::string at(std::string_view name) const { return *mount_ / name; }
  [[nodiscard]] UniqueFd open(std::string_view name, int flags) const {
    return UniqueFd(::open(at(name).c_str(), flags | O_CLOEXEC, 0644));
  }
  [[nodiscard]] off_t size_of(std::string_view name) const {
    struct stat status{};
    return ::lstat(at(name).c_str(), &status) == 0 ? status.st_size : -1;
  }
  void make(std::string_view name, std::string_view text) const {
    const UniqueFd fd = open(name, O_WRONLY | O_CREAT | O_TRUNC);
    ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  TempDir dir_;
  std::optional<TreeMount> mount_;
};

// The kernel tells of a close after close(2) has returned.
TEST_F(MountLimits, NoMoreIsOpenThanMayBe) {
  mount("[capabilities.fs]\nmax-open = 2\n");
  make("tmp/a", "aaaa");
  UniqueFd first;
  UniqueFd second;
  ASSERT_TRUE(
      eventually([&] { return (first = open("tmp/a", O_RDONLY)) && (second = open("tmp/a", O_RDWR)); }));
  EXPECT_FALSE(open("tmp/a", O_RDONLY));
  EXPECT_EQ(errno, ENFILE);
  EXPECT_FALSE(open("tmp/a", O_WRONLY | O_TRUNC));
  EXPECT_EQ(errno, ENFILE);
  EXPECT_EQ(size_of("tmp/a"), 4) << "not truncated";
  EXPECT_FALSE(open("tmp/new", O_WRONLY | O_CREAT));
  EXPECT_EQ(errno, ENFILE);
  EXPECT_EQ(size_of("tmp/new"), -1) << "not made";
  EXPECT_EQ(::opendir(at("tmp").c_str()), nullptr);
  EXPECT_EQ(errno, ENFILE);
  first.reset();
  EXPECT_TRUE(eventually([&] {
    DIR* dir = ::opendir(at("tmp").c_str());
    if (dir == nullptr) return false;
    EXPECT_FALSE(open("tmp/a", O_RDONLY)) << "a directory counts as well";
    ::closedir(dir);
    return true;
  }));
  second.reset();
  EXPECT_TRUE(
      eventually([&] { return (first = open("tmp/a", O_RDONLY)) && (second = open("tmp/a", O_RDONLY)); }));
}

TEST_F(MountLimits, ADescriptorThatAppendsAndWritesCountsOnce) {
  mount("[capabilities.fs]\nmax-open = 1\n");
  make("tmp/a", "aaaa");
  UniqueFd fd;
  ASSERT_TRUE(eventually([&] { return bool(fd = open("tmp/a", O_RDWR | O_APPEND)); }));
  EXPECT_EQ(::write(fd.get(), "x", 1), 1);
  ASSERT_EQ(::fcntl(fd.get(), F_SETFL, 0), 0);
  EXPECT_EQ(::pwrite(fd.get(), "y", 1, 0), 1) << "needs a second way into the file";
  EXPECT_EQ(size_of("tmp/a"), 5);
}

TEST_F(MountLimits, FilesGrowUpToTheLimit) {
  mount("[capabilities.fs]\nmax-file-size = 10000\n");
  const UniqueFd fd = open("tmp/a", O_RDWR | O_CREAT);
  const std::string text(8000, 'x');
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), 8000);
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), 2000) << "what fits";
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), -1);
  EXPECT_EQ(errno, EFBIG);
  EXPECT_EQ(::pwrite(fd.get(), "x", 1, 1 << 20), -1);
  EXPECT_EQ(errno, EFBIG);
  EXPECT_EQ(::ftruncate(fd.get(), 10'001), -1);
  EXPECT_EQ(errno, EFBIG);
  EXPECT_EQ(::truncate(at("tmp/a").c_str(), 10'001), -1);
  EXPECT_EQ(errno, EFBIG);
  for (const int mode : {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE}) {
    EXPECT_EQ(::fallocate(fd.get(), mode, 9000, 1001), -1) << mode;
    EXPECT_EQ(errno, EFBIG);
  }
  EXPECT_EQ(size_of("tmp/a"), 10'000);
  EXPECT_EQ(::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20), 0);
  EXPECT_EQ(::fallocate(fd.get(), 0, 0, 10'000), 0);

  const UniqueFd append = open("tmp/b", O_WRONLY | O_CREAT | O_APPEND);
  EXPECT_EQ(::write(append.get(), text.data(), text.size()), 8000);
  EXPECT_EQ(::write(append.get(), text.data(), text.size()), 2000);
  EXPECT_EQ(::write(append.get(), "x", 1), -1);
  EXPECT_EQ(errno, EFBIG);
}

TEST_F(MountLimits, SpecialFilesCannotBeMade) {
  mount("[capabilities.fs]\nspecial-files = false\n");
  for (const auto type : {S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK}) {
    EXPECT_EQ(::mknod(at("tmp/new").c_str(), static_cast<mode_t>(type) | 0600U, 0x103), -1);
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_EQ(::mknod(at("tmp/file").c_str(), S_IFREG | 0600, 0), 0);
  struct stat status{};
  ASSERT_EQ(::lstat(at("dev/null").c_str(), &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode)) << "those of the base root stay";
}

TEST_F(MountLimits, AFullRootAnswersNoSpaceAndChangesNothing) {
  dir_.write_file("data/a/b/file", "lower");
  mount(
      "[root]\nmemory-limit = \"16KiB\"\ninode-limit = 18\n"  // 15 of the base root, one of the mount
      "[[mount]]\nguest = \"/m\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n");
  struct stat before{};
  ASSERT_EQ(::stat(at("m/a").c_str(), &before), 0);
  EXPECT_FALSE(open("m/a/b/new", O_WRONLY | O_CREAT));
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(::chmod(at("m/a/b/file").c_str(), 0600), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(::rename(at("m/a/b/file").c_str(), at("m/a/b/moved").c_str()), -1);
  EXPECT_EQ(errno, ENOSPC);
  struct stat after{};
  ASSERT_EQ(::stat(at("m/a").c_str(), &after), 0);
  EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
  EXPECT_EQ(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
  EXPECT_EQ(run_program({"cat", at("m/a/b/file")}).out, "lower");

  make("tmp/one", std::string(16 << 10, 'x'));  // the inode fits, and the bytes exactly
  const UniqueFd fd = open("tmp/one", O_WRONLY | O_APPEND);
  EXPECT_EQ(::write(fd.get(), "x", 1), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(::setxattr(at("tmp/one").c_str(), "user.k", "v", 1, 0), -1);
  EXPECT_EQ(errno, ENOSPC);
}

TEST_F(MountLimits, DfShowsTheRootsLimitAndTheQuotaOfAMount) {
  mount(
      "[root]\nmemory-limit = \"64KiB\"\ninode-limit = 100\n"
      "[[mount]]\nguest = \"/m\"\ntype = \"memory\"\nquota = \"16KiB\"\n");
  const auto room = [&](std::string_view name) {
    struct statvfs info{};
    EXPECT_EQ(::statvfs(at(name).c_str(), &info), 0);
    return info;
  };
  EXPECT_EQ(room("").f_blocks * room("").f_frsize, 64U << 10U);
  EXPECT_EQ(room("").f_files, 100U);
  EXPECT_EQ(room("m").f_blocks * room("m").f_frsize, 16U << 10U);
  make("m/file", std::string(8 << 10, 'x'));
  EXPECT_EQ(room("m").f_bavail * room("m").f_frsize, 8U << 10U);
  EXPECT_EQ(room("").f_bavail * room("").f_frsize, 56U << 10U);
  ASSERT_EQ(::unlink(at("m/file").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return room("").f_bavail * room("").f_frsize == 64U << 10U; }))
      << "given back at the last close";
}

}  // namespace
}  // namespace wasifs::test
