// SPDX-License-Identifier: Apache-2.0
// What the kernel and the adapter do together that no case of the conformance suite
// sees: it runs as one user, with a umask of 0.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "fuse/unique_fd.h"
#include "support/acl.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

using fuse::UniqueFd;

std::pair<int, int> kernel_version() {
  utsname name{};
  std::pair<int, int> version;
  EXPECT_EQ(::uname(&name), 0);
  EXPECT_EQ(std::sscanf(name.release, "%d.%d", &version.first, &version.second), 2);
  return version;
}

#define WASIFS_NEED_KERNEL(major, minor)                                         \
  if (kernel_version() < std::pair(major, minor)) {                              \
    GTEST_SKIP() << "KERNEL TOO OLD: it asks for this since " #major "." #minor; \
  }                                                                              \
  static_assert(true)

class MountPosix : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    mount_.emplace(std::make_shared<const Tree>(MountTable(std::make_shared<MemoryFilesystem>())));
    umask_ = ::umask(0);
  }
  void TearDown() override { ::umask(umask_); }
  [[nodiscard]] std::string at(std::string_view name) const { return *mount_ / name; }
  [[nodiscard]] struct stat stat_of(std::string_view name) const {
    struct stat status{};
    EXPECT_EQ(::lstat(at(name).c_str(), &status), 0) << name;
    return status;
  }
  void make(std::string_view name, mode_t mode) const {
    const UniqueFd fd(::open(at(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    ASSERT_TRUE(fd) << name;
    ASSERT_EQ(::write(fd.get(), "text", 4), 4);
  }
  void set_list(std::string_view name, const char* which, const std::string& list) const {
    ASSERT_EQ(::setxattr(at(name).c_str(), which, list.data(), list.size(), 0), 0) << name;
  }
  [[nodiscard]] std::string list_of(std::string_view name) const {
    std::string list(1000, '\0');
    const ssize_t length = ::getxattr(at(name).c_str(), kAccessAclName, list.data(), list.size());
    list.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return list;
  }
  /// What a user who is in no group of ours reads there; "" where that is refused.
  [[nodiscard]] std::string read_as(const std::string& user, std::string_view name) const {
    return run_program({"setpriv", "--reuid=" + user, "--regid=23456", "--clear-groups", "cat", at(name)})
        .out;
  }

  std::optional<TreeMount> mount_;
  mode_t umask_ = 0;
};

TEST_F(MountPosix, AFileMadeWithoutANameIsOneAndCanGetOne) {
  WASIFS_NEED_KERNEL(6, 1);
  ::umask(027);
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  UniqueFd file(::open(at("d").c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  ASSERT_TRUE(file) << errno;
  ASSERT_EQ(::write(file.get(), "hidden", 6), 6);
  struct stat status{};
  ASSERT_EQ(::fstat(file.get(), &status), 0);
  EXPECT_EQ(status.st_nlink, 0U);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
  EXPECT_EQ(::rmdir(at("d").c_str()), 0) << "nothing is in it";
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  ASSERT_EQ(::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, at("f").c_str(), AT_SYMLINK_FOLLOW), 0) << errno;
  EXPECT_EQ(stat_of("f").st_nlink, 1U);
  EXPECT_EQ(stat_of("f").st_ino, status.st_ino);
  file.reset();
  EXPECT_EQ(run_program({"cat", at("f")}).out, "hidden");
}

TEST_F(MountPosix, AFileMadeExclusivelyWithoutANameNeverGetsOne) {
  WASIFS_NEED_KERNEL(6, 1);
  const UniqueFd file(::open(mount_->path().c_str(), O_TMPFILE | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(file) << errno;
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  EXPECT_EQ(::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, at("f").c_str(), AT_SYMLINK_FOLLOW), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(MountPosix, TheBirthTimeIsTold) {
  WASIFS_NEED_KERNEL(6, 6);
  make("f", 0644);
  struct statx first{};
  ASSERT_EQ(::statx(AT_FDCWD, at("f").c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &first), 0);
  ASSERT_NE(first.stx_mask & STATX_BTIME, 0U);
  EXPECT_GT(first.stx_btime.tv_sec, 1'600'000'000);
  EXPECT_EQ(first.stx_size, 4U);
  EXPECT_EQ(first.stx_mode, S_IFREG | 0644);
  EXPECT_EQ(first.stx_nlink, 1U);
  EXPECT_EQ(first.stx_ino, stat_of("f").st_ino);
  const std::array past = {timespec{.tv_sec = 1, .tv_nsec = 0}, timespec{.tv_sec = 2, .tv_nsec = 3}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("f").c_str(), past.data(), 0), 0);
  struct statx later{};
  ASSERT_EQ(::statx(AT_FDCWD, at("f").c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &later), 0);
  EXPECT_EQ(later.stx_btime.tv_sec, first.stx_btime.tv_sec) << "a file is made once";
  EXPECT_EQ(later.stx_btime.tv_nsec, first.stx_btime.tv_nsec);
  EXPECT_EQ(later.stx_mtime.tv_sec, 2);
  EXPECT_EQ(later.stx_mtime.tv_nsec, 3U);
}

TEST_F(MountPosix, TheDeviceNumberIsToldWithTheBirthTime) {
  WASIFS_NEED_KERNEL(6, 6);
  ASSERT_EQ(::mknod(at("dev").c_str(), S_IFCHR | 0600, makedev(300, 70000)), 0);
  struct statx seen{};
  ASSERT_EQ(::statx(AT_FDCWD, at("dev").c_str(), AT_STATX_FORCE_SYNC, STATX_BASIC_STATS | STATX_BTIME, &seen),
            0);
  EXPECT_EQ(seen.stx_rdev_major, 300U);
  EXPECT_EQ(seen.stx_rdev_minor, 70000U);
}

TEST_F(MountPosix, AccessControlListsAreEnforced) {
  make("secret", 0600);
  EXPECT_EQ(read_as("1000", "secret"), "");
  set_list("secret", kAccessAclName, acl_of(6, 4, 0, 4, 0));
  EXPECT_EQ(read_as("1000", "secret"), "text") << "the list names this user";
  EXPECT_EQ(read_as("1001", "secret"), "") << "and not this one";
  ASSERT_EQ(::chmod(at("secret").c_str(), 0600), 0);
  EXPECT_EQ(read_as("1000", "secret"), "") << "the mask forbids it now";
  set_list("secret", kAccessAclName, acl_of(6, 4, 0, 4, 0));
  ASSERT_EQ(::removexattr(at("secret").c_str(), kAccessAclName), 0);
  EXPECT_EQ(read_as("1000", "secret"), "");
}

TEST_F(MountPosix, ADefaultListStandsForTheUmask) {
  ASSERT_EQ(::mkdir(at("listed").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(at("plain").c_str(), 0755), 0);
  set_list("listed", kDefaultAclName, acl_of(7, 4, 4, 6, 4));
  ::umask(077);
  for (const char* name : {"listed/f", "plain/f"}) make(name, 0666);
  for (const char* name : {"listed/d", "plain/d"}) ASSERT_EQ(::mkdir(at(name).c_str(), 0777), 0);
  for (const char* name : {"listed/p", "plain/p"}) ASSERT_EQ(::mkfifo(at(name).c_str(), 0666), 0);
  EXPECT_EQ(stat_of("listed/f").st_mode & 07777, 0664U);
  EXPECT_EQ(stat_of("listed/d").st_mode & 07777, 0764U);
  EXPECT_EQ(stat_of("listed/p").st_mode & 07777, 0664U);
  EXPECT_EQ(list_of("listed/f"), acl_of(6, 4, 4, 6, 4));
  EXPECT_EQ(read_as("1000", "listed/f"), "text");
  EXPECT_EQ(stat_of("plain/f").st_mode & 07777, 0600U);
  EXPECT_EQ(stat_of("plain/d").st_mode & 07777, 0700U);
  EXPECT_EQ(stat_of("plain/p").st_mode & 07777, 0600U);
}

}  // namespace
}  // namespace wasifs::test
