// SPDX-License-Identifier: Apache-2.0
// The program as mount(8)'s helper: what it is called decides, so these start it
// under the helper's name.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

class MountHelper : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    source_.write_file("hello.txt", "hello\n");
  }
  void TearDown() override {
    static_cast<void>(::umount2(point_.path().c_str(), MNT_DETACH));
    EXPECT_TRUE(eventually([this] { return processes_with(point_.path()).empty(); }));
  }
  static Finished helper(std::vector<std::string> arguments, const std::string& name = "mount.wasifs") {
    arguments.insert(arguments.begin(), "/sbin/" + name);
    return run_program(arguments, WASIFS_PROGRAM);
  }

  TempDir source_;
  MountPoint point_;
};

TEST_F(MountHelper, MountsAsMountCallsIt) {
  const Finished run = helper(
      {source_.string(), point_.path(), "-o", "rw,nofail,_netdev,x-systemd.automount", "-t", "fuse.wasifs"},
      "mount.fuse.wasifs");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(is_mounted(point_.path()));
}

TEST_F(MountHelper, LettersMayStandTogetherAndBeforeTheWords) {
  const Finished run = helper({"-nvo", "ro", source_.string(), point_.path()});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, source_.string() + " mounted on " + point_.path() + ".\n");
  EXPECT_EQ(::mkdir((point_ / "new").c_str(), 0755), -1);
  EXPECT_EQ(errno, EROFS);
}

TEST_F(MountHelper, FakeDoesEverythingButTheMount) {
  EXPECT_EQ(helper({"-f", source_.string(), point_.path()}).status, 0);
  EXPECT_FALSE(is_mounted(point_.path()));
  EXPECT_EQ(helper({"-f", source_ / "absent", point_.path()}).status, 32);
}

TEST_F(MountHelper, UnknownOptionsAreRefusedUnlessSloppy) {
  const Finished refused = helper({source_.string(), point_.path(), "-o", "frobnicate"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("unknown mount option \"frobnicate\""), std::string::npos) << refused.err;
  EXPECT_EQ(helper({source_.string(), point_.path(), "-s", "-o", "frobnicate"}).status, 0);
  EXPECT_TRUE(is_mounted(point_.path()));
}

TEST_F(MountHelper, AFailedMountIsStatus32) {
  const Finished run = helper({source_.string(), source_ / "nowhere"});
  EXPECT_EQ(run.status, 32);
  EXPECT_NE(run.err.find("does not exist"), std::string::npos) << run.err;
}

TEST_F(MountHelper, AWrongCommandLineIsStatus1) {
  const Finished few = helper({"only-one"});
  EXPECT_EQ(few.status, 1);
  EXPECT_EQ(few.err, "error: mount.wasifs: want SPEC and DIR, got 1 words\nhint: see \"mount.wasifs -h\"\n");
  const Finished letter = helper({"-q", "a", "b"});
  EXPECT_EQ(letter.status, 1);
  EXPECT_NE(letter.err.find("mount.wasifs: unknown option \"-q\""), std::string::npos) << letter.err;
  const Finished value = helper({"a", "b", "-o"});
  EXPECT_EQ(value.status, 1);
  EXPECT_NE(value.err.find("option \"-o\" needs a value"), std::string::npos) << value.err;
}

TEST_F(MountHelper, HelpAndVersionNeedNoMount) {
  EXPECT_EQ(helper({"-h"}).out.find("Usage: mount.wasifs SPEC DIR"), 0U);
  EXPECT_EQ(helper({"-V"}).out.find("wasifs "), 0U);
}

TEST_F(MountHelper, AWrongNamespaceIsNamed) {
  const Finished run = helper({source_.string(), point_.path(), "-N", source_ / "nowhere"});
  EXPECT_EQ(run.status, 32);
  EXPECT_NE(run.err.find("cannot enter mount namespace \"" + (source_ / "nowhere") +
                         "\": No such file or directory"),
            std::string::npos)
      << run.err;
}

TEST_F(MountHelper, MountsInTheNamespaceOfAProcess) {
  Background other({"unshare", "-m", "sleep", "60"});
  const std::string ours = run_program({"readlink", "/proc/self/ns/mnt"}).out;
  const std::string process = "/proc/" + std::to_string(other.pid());
  ASSERT_TRUE(eventually([&] { return run_program({"readlink", process + "/ns/mnt"}).out != ours; }));
  ASSERT_TRUE(eventually([&] { return run_program({"cat", process + "/comm"}).out == "sleep\n"; }));
  const Finished run = helper({source_.string(), point_.path(), "-N", std::to_string(other.pid())});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_FALSE(is_mounted(point_.path())) << "not in ours";
  EXPECT_EQ(run_program({"cat", process + "/root" + (point_ / "hello.txt")}).out, "hello\n");
  for (const pid_t pid : processes_with(point_.path())) ::kill(pid, SIGTERM);
}

}  // namespace
}  // namespace wasifs::test
