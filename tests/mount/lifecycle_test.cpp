// SPDX-License-Identifier: Apache-2.0
// The program as a user starts and ends it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fuse/mount_info.h"
#include "fuse/unique_fd.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

class Lifecycle : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    source_.write_file("hello.txt", "hello\n");
  }
  void TearDown() override {
    // A daemon ends with its mount; one that does not is a bug, and is not left
    // behind by it.
    static_cast<void>(::umount2(point_.path().c_str(), MNT_DETACH));
    EXPECT_TRUE(eventually([this] { return processes_with(point_.path()).empty(); }));
    for (const pid_t pid : processes_with(point_.path())) ::kill(pid, SIGKILL);
  }
  Finished mount(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"mount", source_.string(), point_.path()});
    return run_wasifs(more);
  }
  [[nodiscard]] pid_t daemon() const {
    const std::vector<pid_t> found = processes_with(point_.path());
    return found.size() == 1 ? found[0] : -1;
  }
  [[nodiscard]] bool daemon_ended() const {
    return eventually([this] { return processes_with(point_.path()).empty(); });
  }

  TempDir source_;
  MountPoint point_;
};

TEST_F(Lifecycle, MountReturnsZeroWhenTheMountServes) {
  const Finished run = mount();
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run_program({"cat", point_ / "hello.txt"}).out, "hello\n");
  const auto entry = fuse::find_mount(point_.path());
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->type, "fuse.wasifs");
  EXPECT_EQ(entry->source, source_.string());
  EXPECT_NE(entry->options.find("nosuid"), std::string::npos) << entry->options;
}

TEST_F(Lifecycle, TheDaemonHasLeftItsTerminalAndDirectory) {
  ASSERT_EQ(mount().status, 0);
  const std::string proc = "/proc/" + std::to_string(daemon());
  EXPECT_EQ(run_program({"readlink", proc + "/cwd"}).out, "/\n");
  for (const char* fd : {"0", "1", "2"}) {
    EXPECT_EQ(run_program({"readlink", proc + "/fd/" + fd}).out, "/dev/null\n");
  }
  EXPECT_EQ(::getsid(daemon()), daemon());
}

TEST_F(Lifecycle, UnmountVerbEndsTheDaemon) {
  ASSERT_EQ(mount().status, 0);
  const Finished run = run_wasifs({"unmount", point_.path()});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_FALSE(is_mounted(point_.path()));
  EXPECT_TRUE(daemon_ended());
}

TEST_F(Lifecycle, UmountProgramEndsTheDaemon) {
  ASSERT_EQ(mount().status, 0);
  EXPECT_EQ(run_program({"umount", point_.path()}).status, 0);
  EXPECT_TRUE(daemon_ended());
}

TEST_F(Lifecycle, FusermountEndsTheDaemon) {
  ASSERT_EQ(mount().status, 0);
  const Finished run = run_program({"fusermount3", "-u", point_.path()});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_FALSE(is_mounted(point_.path()));
  EXPECT_TRUE(daemon_ended());
}

class LifecycleSignal : public Lifecycle, public testing::WithParamInterface<int> {};

TEST_P(LifecycleSignal, UnmountsAndEndsTheDaemonInTheBackground) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(::kill(daemon(), GetParam()), 0);
  EXPECT_TRUE(daemon_ended());
  EXPECT_FALSE(is_mounted(point_.path()));
}

TEST_P(LifecycleSignal, UnmountsInTheForegroundWithStatusZero) {
  Background program({WASIFS_PROGRAM, "mount", "-f", source_.string(), point_.path()});
  ASSERT_TRUE(eventually([this] { return is_mounted(point_.path()); }));
  ASSERT_EQ(::kill(program.pid(), GetParam()), 0);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_FALSE(is_mounted(point_.path()));
}

INSTANTIATE_TEST_SUITE_P(Stop, LifecycleSignal, testing::Values(SIGTERM, SIGINT, SIGHUP),
                         [](const auto& signal) { return std::string(::sigabbrev_np(signal.param)); });

TEST_F(Lifecycle, ASignalWhileBusyDetachesTheMount) {
  Background program({WASIFS_PROGRAM, "mount", "-f", source_.string(), point_.path()});
  ASSERT_TRUE(eventually([this] { return ::access((point_ / "hello.txt").c_str(), F_OK) == 0; }));
  const fuse::UniqueFd open(::open((point_ / "hello.txt").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(open);
  ASSERT_EQ(::kill(program.pid(), SIGTERM), 0);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_FALSE(is_mounted(point_.path()));
  struct statfs info{};
  EXPECT_EQ(::fstatfs(open.get(), &info), -1);
  EXPECT_EQ(errno, ENOTCONN);
}

TEST_F(Lifecycle, EndingWhatIsBelowAnotherMountLeavesThatMount) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(::mount("tmpfs", point_.path().c_str(), "tmpfs", 0, nullptr), 0);
  ASSERT_EQ(::kill(daemon(), SIGTERM), 0);
  EXPECT_TRUE(daemon_ended());
  const auto top = fuse::find_mount(point_.path());
  ASSERT_TRUE(top);
  EXPECT_EQ(top->type, "tmpfs");
}

TEST_F(Lifecycle, UnmountVerbClearsTheMountOfAKilledDaemon) {
  ASSERT_EQ(mount().status, 0);
  const fuse::UniqueFd busy(::open(point_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::kill(daemon(), SIGKILL), 0);
  ASSERT_TRUE(daemon_ended());
  ASSERT_TRUE(eventually([this] { return fuse::is_dead_mount(point_.path()); }));
  const Finished run = run_wasifs({"unmount", point_.path()});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_FALSE(is_mounted(point_.path()));
}

TEST_F(Lifecycle, MountingOnADeadMountSaysHowToClearIt) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(::kill(daemon(), SIGKILL), 0);
  ASSERT_TRUE(eventually([this] { return fuse::is_dead_mount(point_.path()); }));
  const Finished run = mount();
  EXPECT_EQ(run.status, 7);
  EXPECT_EQ(run.err, "error: mount point \"" + point_.path() +
                         "\" is taken by a mount whose daemon is dead\nhint: run \"wasifs unmount " +
                         point_.path() + "\" first\n");
}

TEST_F(Lifecycle, AKilledDaemonWithAutoUnmountLeavesNoMount) {
  ASSERT_EQ(mount({"-o", "auto_unmount"}).status, 0);
  std::vector<pid_t> found = processes_with(point_.path());
  for (const pid_t pid : found) {
    if (run_program({"cat", "/proc/" + std::to_string(pid) + "/comm"}).out == "wasifs\n")
      ::kill(pid, SIGKILL);
  }
  EXPECT_TRUE(eventually([this] { return !is_mounted(point_.path()); }));
}

TEST_F(Lifecycle, ReadyFdGetsOneLine) {
  const Finished ready = run_program({"sh", "-c", "\"$0\" mount \"$1\" \"$2\" --ready-fd 3 3>&1 >/dev/null",
                                      WASIFS_PROGRAM, source_.string(), point_.path()});
  EXPECT_EQ(ready.status, 0) << ready.err;
  EXPECT_EQ(ready.out, "READY\n") << "and the descriptor is closed, or this would wait for ever";
}

TEST_F(Lifecycle, AReadyFdThatIsNotOpenIsAUsageError) {
  const Finished run = mount({"--ready-fd", "77"});
  EXPECT_EQ(run.status, 2);
  EXPECT_EQ(run.err, "error: --ready-fd: 77 is no open file descriptor\n");
  EXPECT_FALSE(is_mounted(point_.path()));
}

TEST_F(Lifecycle, ErrorsOfTheSourceComeBeforeAnythingIsMounted) {
  const Finished missing = run_wasifs({"mount", source_ / "absent.toml", point_.path()});
  EXPECT_NE(missing.status, 0);
  EXPECT_NE(missing.err.find("absent.toml"), std::string::npos) << missing.err;
  source_.write_file("bad.toml", "manifest-version = 1\nnonsense = true\n");
  const Finished bad = run_wasifs({"mount", source_ / "bad.toml", point_.path()});
  EXPECT_EQ(bad.status, 3);
  EXPECT_NE(bad.err.find("bad.toml:2"), std::string::npos) << bad.err;
  EXPECT_FALSE(is_mounted(point_.path()));
}

TEST_F(Lifecycle, AMissingMountPointIsNamed) {
  const Finished run = run_wasifs({"mount", source_.string(), source_ / "nowhere"});
  EXPECT_EQ(run.status, 7);
  EXPECT_EQ(run.err, "error: mount point \"" + (source_ / "nowhere") +
                         "\" does not exist\nhint: make the directory first\n");
}

TEST_F(Lifecycle, AFileIsNoMountPoint) {
  const Finished run = run_wasifs({"mount", source_.string(), source_ / "hello.txt"});
  EXPECT_EQ(run.status, 7);
  EXPECT_EQ(run.err, "error: mount point \"" + (source_ / "hello.txt") + "\" is not a directory\n");
}

TEST_F(Lifecycle, AMissingDeviceIsExplained) {
  const Finished run =
      run_program({"unshare", "-m", "sh", "-c", "mount -t tmpfs none /dev && exec \"$0\" mount \"$1\" \"$2\"",
                   WASIFS_PROGRAM, source_.string(), point_.path()});
  EXPECT_EQ(run.status, 7);
  EXPECT_NE(run.err.find("error: cannot open /dev/fuse: No such file or directory\n"), std::string::npos)
      << run.err;
  EXPECT_NE(run.err.find("modprobe fuse"), std::string::npos) << run.err;
}

TEST_F(Lifecycle, ARefusedMountSaysWhoRefusedIt) {
  const Finished run = run_program({"setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin",
                                    WASIFS_PROGRAM, "mount", source_.string(), point_.path()});
  EXPECT_EQ(run.status, 7) << run.out << run.err;
  EXPECT_NE(run.err.find("error: cannot mount on \"" + point_.path() + "\": Operation not permitted"),
            std::string::npos)
      << run.err;
}

TEST_F(Lifecycle, AnUnknownMountOptionIsAUsageError) {
  const Finished run = mount({"-o", "ro,frobnicate"});
  EXPECT_EQ(run.status, 2);
  EXPECT_NE(run.err.find("error: unknown mount option \"frobnicate\"\n"), std::string::npos) << run.err;
}

TEST_F(Lifecycle, NamesWithSpacesAndCommasAreShownAsTheyAre) {
  const Finished run = mount({"-o", "fsname=my site\\,1.toml"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(fuse::find_mount(point_.path())->source, "my site,1.toml");
}

TEST_F(Lifecycle, ReadOnlyMountsRefuseChanges) {
  ASSERT_EQ(mount({"-o", "ro"}).status, 0);
  EXPECT_EQ(::mkdir((point_ / "new").c_str(), 0755), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::open((point_ / "hello.txt").c_str(), O_WRONLY), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(run_program({"cat", point_ / "hello.txt"}).out, "hello\n");
}

TEST_F(Lifecycle, ARemountMakesAMountReadOnlyAndBack) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(mount({"-o", "remount,ro"}).status, 0);
  EXPECT_EQ(::mkdir((point_ / "new").c_str(), 0755), -1);
  EXPECT_EQ(errno, EROFS);
  ASSERT_EQ(mount({"-o", "remount,rw"}).status, 0);
  EXPECT_EQ(::mkdir((point_ / "new").c_str(), 0755), 0);
  EXPECT_EQ(processes_with(point_.path()).size(), 1U) << "a remount starts no daemon";
}

TEST_F(Lifecycle, ABusyMountIsNotUnmountedWithoutLazy) {
  ASSERT_EQ(mount().status, 0);
  fuse::UniqueFd open(::open((point_ / "hello.txt").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(open);
  const Finished busy = run_wasifs({"unmount", point_.path()});
  EXPECT_EQ(busy.status, 7);
  EXPECT_NE(busy.err.find("error: \"" + point_.path() + "\" is busy\n"), std::string::npos) << busy.err;
  EXPECT_NE(busy.err.find("--lazy"), std::string::npos) << busy.err;

  const Finished lazy = run_wasifs({"unmount", "--lazy", point_.path()});
  EXPECT_EQ(lazy.status, 0) << lazy.err;
  EXPECT_FALSE(is_mounted(point_.path()));
  std::array<char, 5> bytes{};
  EXPECT_EQ(::pread(open.get(), bytes.data(), bytes.size(), 0), 5) << "its users still have it";
  open.reset();
  EXPECT_TRUE(daemon_ended());
}

TEST_F(Lifecycle, UnmountRefusesWhatIsNotOurs) {
  const Finished nothing = run_wasifs({"unmount", point_.path()});
  EXPECT_EQ(nothing.status, 7);
  EXPECT_EQ(nothing.err, "error: nothing is mounted on \"" + point_.path() + "\"\n");
  ASSERT_EQ(::mount("tmpfs", point_.path().c_str(), "tmpfs", 0, nullptr), 0);
  const Finished other = run_wasifs({"unmount", point_.path()});
  EXPECT_EQ(other.status, 7);
  EXPECT_EQ(other.err, "error: \"" + point_.path() + "\" is not a mount of wasifs but of type \"tmpfs\"\n");
  EXPECT_TRUE(is_mounted(point_.path()));
}

TEST_F(Lifecycle, UnmountFindsAMountThroughASymlinkAndARelativePath) {
  ASSERT_EQ(mount().status, 0);
  source_.make_symlink("link", point_.path());
  EXPECT_EQ(run_wasifs({"unmount", source_ / "link"}).status, 0);
  EXPECT_FALSE(is_mounted(point_.path()));
  ASSERT_EQ(mount().status, 0);
  const Finished run =
      run_program({"sh", "-c", "cd \"$1/..\" && \"$0\" unmount mnt/", WASIFS_PROGRAM, point_.path()});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_FALSE(is_mounted(point_.path()));
}

}  // namespace
}  // namespace wasifs::test
