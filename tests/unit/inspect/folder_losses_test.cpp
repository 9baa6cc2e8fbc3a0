// SPDX-License-Identifier: Apache-2.0
// What a directory of the host keeps of owners, modes and times, and what it refuses.
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <array>
#include <fstream>

#include "folder_sink_test.h"
#include "support/acl.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

/// Copies as somebody else write to "open", and what they lost to "losses".
class FolderLosses : public FolderSinkTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make files of several owners";
    for (const char* path : {".", "open"}) {
      dir_.make_dirs(path);
      fs::permissions(dir_ / path, fs::perms::all);
    }
  }

  /// A line for each kind of loss.
  [[nodiscard]] std::string losses() const {
    std::string text;
    for (const CopyLoss& loss : losses_) {
      text += loss.what + " of " + std::to_string(loss.count) + ", first " + loss.example + ": " +
              message(loss.error) + "\n";
    }
    return text;
  }

  /// Copies to `to` in this process, which is one of its own.
  int copy_and_tell(const std::string& to, bool overwrite) {
    const Outcome<void> done = copy(to, overwrite);
    std::ofstream(dir_ / "losses") << (done ? losses() : done.error().text());
    return 0;
  }
  /// What a copy as an ordinary user loses, or how it fails.
  std::string losses_of_nobody(const std::string& to = "open/out", bool overwrite = false) {
    fs::remove(dir_ / "losses");
    EXPECT_EQ(as_nobody([&] { return copy_and_tell(to, overwrite); }), 0);
    return dir_.read_file("losses");
  }

  void device(std::string_view name, std::uint32_t nlink_names = 1) {
    ASSERT_TRUE(tree_.create(tree_.root(), name, {.type = FileType::char_device, .rdev = makedev(1, 3)}));
    for (std::uint32_t i = 1; i < nlink_names; ++i) {
      const std::string again = "/" + std::string(name) + std::to_string(i);
      ASSERT_TRUE(tree_.link("/" + std::string(name), again));
    }
  }
};

TEST_F(FolderLosses, SetIdBitsOutliveTheWriteAndTheChownBeforeThem) {
  constexpr std::array<std::uint16_t, 4> kModes{04755, 02755, 06711, 01644};
  for (const std::uint16_t mode : kModes) {
    const std::string path = "/f" + std::to_string(mode);
    write(path, "content");
    ASSERT_TRUE(tree_.set_attr(path, {.mode = mode, .uid = 1234, .gid = 55}));
  }
  ASSERT_TRUE(tree_.make_dirs("/d"));
  ASSERT_TRUE(tree_.set_attr("/d", {.mode = 03775, .uid = 1234, .gid = 55}));
  ASSERT_TRUE(copy("out"));
  EXPECT_EQ(losses(), "");
  for (const std::uint16_t mode : kModes) {
    const struct stat found = stat_of("out/f" + std::to_string(mode));
    EXPECT_EQ(found.st_mode, S_IFREG | mode);
    EXPECT_EQ(found.st_uid, 1234U);
  }
  EXPECT_EQ(stat_of("out/d").st_mode, S_IFDIR | 03775U);
}

TEST_F(FolderLosses, AProgramOfSomebodyElseDoesNotBecomeOneThatRunsAsUs) {
  write("/a", "x");
  ASSERT_TRUE(tree_.set_attr("/a", {.mode = 06755, .uid = 0, .gid = 0}));
  write("/b", "x");
  ASSERT_TRUE(tree_.set_attr("/b", {.mode = 06755, .uid = kNobody, .gid = kNobody}));
  EXPECT_EQ(losses_of_nobody(),
            "owner of 2, first : Operation not permitted\n"
            "set-id bit of 1, first a: Operation not permitted\n");
  EXPECT_EQ(stat_of("open/out/a").st_mode, S_IFREG | 0755U);
  EXPECT_EQ(stat_of("open/out/a").st_uid, kNobody);
  EXPECT_EQ(stat_of("open/out/b").st_mode, S_IFREG | 06755U) << "which is ours";
}

TEST_F(FolderLosses, ASecondRunKeepsWhatTheFirstCouldNotGiveItsOwnerAndSaysSoAgain) {
  for (const char* path : {"/a", "/b", "/c"}) write(path, path, 04755);
  const std::string first = losses_of_nobody();
  const auto kept = stat_of("open/out/b").st_ino;
  EXPECT_EQ(losses_of_nobody("open/out", true), first);
  EXPECT_EQ(stat_of("open/out/b").st_ino, kept);
  ASSERT_TRUE(copy("open/out", true)) << "now as root";
  EXPECT_EQ(losses(), "");
  EXPECT_EQ(stat_of("open/out/b").st_uid, 0U);
  EXPECT_EQ(stat_of("open/out/b").st_mode, S_IFREG | 04755U);
}

TEST_F(FolderLosses, OneDeviceThatIsRefusedLeavesOutAllItsNames) {
  device("null", 3);
  write("/file", "x");
  // What lies in its place is not what the further names are to be.
  dir_.write_file("open/out/null", "old");
  fs::permissions(dir_ / "open/out", fs::perms::all);
  EXPECT_NE(
      losses_of_nobody("open/out", true).find("special file of 3, first null: Operation not permitted\n"),
      std::string::npos);
  EXPECT_EQ(dir_.read_file("open/out/file"), "x");
  EXPECT_FALSE(dir_.exists("open/out/null1"));
}

TEST_F(FolderLosses, DevicesAndFifosWithTwoNamesStayOne) {
  device("null", 2);
  ASSERT_TRUE(tree_.create(tree_.root(), "pipe", {.type = FileType::fifo, .mode = 0640}));
  ASSERT_TRUE(tree_.link("/pipe", "/same"));
  ASSERT_TRUE(copy("out"));
  EXPECT_EQ(losses(), "");
  EXPECT_EQ(stat_of("out/null").st_ino, stat_of("out/null1").st_ino);
  EXPECT_EQ(stat_of("out/null1").st_rdev, makedev(1, 3));
  EXPECT_EQ(stat_of("out/pipe").st_ino, stat_of("out/same").st_ino);
  EXPECT_EQ(stat_of("out/same").st_mode, S_IFIFO | 0640U);
}

TEST_F(FolderLosses, ATargetOfSomebodyElseKeepsItsAttributes) {
  write("/f", "x");
  ASSERT_TRUE(tree_.set_attr("/", {.mode = 0700}));
  EXPECT_EQ(losses_of_nobody("open"),
            "owner of 1, first f: Operation not permitted\n"
            "mode of 1, first : Operation not permitted\n"
            "time of 1, first : Operation not permitted\n");
  EXPECT_EQ(stat_of("open").st_mode, S_IFDIR | 0777U);
  EXPECT_EQ(dir_.read_file("open/f"), "x");
}

TEST_F(FolderLosses, IdsThatAUserNamespaceDoesNotKnowAreALoss) {
  write("/f", "x");
  ASSERT_TRUE(tree_.set_attr("/f", {.mode = 04755, .uid = 1234, .gid = 55}));
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 0 1";
    std::ofstream("/proc/self/gid_map") << "0 0 1";
    ::_exit(copy_and_tell("open/out", false));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no user namespaces";
  EXPECT_EQ(dir_.read_file("losses"),
            "owner of 1, first f: Invalid argument\n"
            "set-id bit of 1, first f: Operation not permitted\n");
  EXPECT_EQ(stat_of("open/out/f").st_uid, 0U);
  EXPECT_EQ(stat_of("open/out/f").st_mode, S_IFREG | 0755U);
}

TEST_F(FolderLosses, AListOfADirectoryIsNotThatOfWhatIsPutIntoIt) {
  ASSERT_TRUE(tree_.make_dirs("/d/e"));
  const std::string open_to_1000 = acl_of(7, 7, 5, 7, 5);
  const VNode d = tree_.resolve("/d").value();
  ASSERT_TRUE(tree_.set_xattr(d, kDefaultAclName, open_to_1000, XattrMode::any));
  // Made before the list, or moved there.
  ASSERT_TRUE(tree_.create(tree_.root(), "f", {.mode = 0640}));
  ASSERT_TRUE(tree_.rename("/f", "/d/f"));
  const VNode e = tree_.resolve("/d/e").value();
  ASSERT_TRUE(tree_.set_xattr(e, kAccessAclName, acl_of(0, 7, 5, 7, 5), XattrMode::any));
  write("/d/e/g", "x");
  std::array<char, 64> value{};
  for (const bool again : {false, true}) {
    ASSERT_TRUE(copy("out", again));
    if (!losses_.empty()) GTEST_SKIP() << "no lists on this file system";
    const auto size = [&](const char* path, const char* name) {
      return ::getxattr((dir_ / path).c_str(), name, value.data(), value.size());
    };
    EXPECT_EQ(size("out/d", kDefaultAclName), static_cast<ssize_t>(open_to_1000.size()));
    EXPECT_GT(size("out/d/e", kAccessAclName), 0);
    EXPECT_EQ(size("out/d/e", kDefaultAclName), -1);
    EXPECT_EQ(size("out/d/f", kAccessAclName), -1);
    fs::remove(dir_ / "out/d/f");
  }
}

TEST_F(FolderLosses, ATimeThatTheTargetCannotHoldIsALoss) {
  write("/far", "x");
  write("/before", "x");
  constexpr Time kFar{.sec = 100'000'000'000, .nsec = 1};
  constexpr Time kHalf{.sec = -1, .nsec = 500'000'000};
  ASSERT_TRUE(tree_.set_attr("/far", {.mtime = kFar}));
  ASSERT_TRUE(tree_.set_attr("/before", {.mtime = kHalf}));
  ASSERT_TRUE(copy("out"));
  const timespec far = stat_of("out/far").st_mtim;
  EXPECT_EQ(losses(), far.tv_sec == kFar.sec ? "" : "time of 1, first far: Numerical result out of range\n");
  EXPECT_EQ(stat_of("out/before").st_mtim.tv_sec, -1);
  EXPECT_EQ(stat_of("out/before").st_mtim.tv_nsec, 500'000'000);
}

}  // namespace
}  // namespace wasifs::test
