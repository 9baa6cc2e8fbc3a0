// SPDX-License-Identifier: Apache-2.0
// Mounts whose changes are kept in a directory of the host.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>

#include "fuse/unique_fd.h"
#include "support/fuse_mount.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

int error_of(int returned) { return returned == 0 ? 0 : errno; }

class HostUpper : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    dir_.write_file("low/a", "a");
    dir_.write_file("low/d/e", "e");
    dir_.write_file("site.toml", "[root]\nbase = \"empty\"\nupper = \"state\"\n[fs]\n\"/\" = \"low\"\n");
  }
  void TearDown() override {
    for (const MountPoint* point : {&point_, &other_}) {
      static_cast<void>(::umount2(point->path().c_str(), MNT_DETACH));
      EXPECT_TRUE(eventually([&] { return processes_with(point->path()).empty(); }));
      for (const pid_t pid : processes_with(point->path())) ::kill(pid, SIGKILL);
    }
  }
  Finished mount() { return mount(point_); }
  Finished mount(const MountPoint& point) { return run_wasifs({"mount", dir_ / "site.toml", point.path()}); }
  Finished unmount() { return run_program({"umount", point_.path()}); }
  Finished sh(const std::string& script) { return run_shell(script, point_.path()); }
  /// The daemon, killed without warning.
  void kill_daemon() {
    const std::vector<pid_t> found = processes_with(point_.path());
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(::kill(found.front(), SIGKILL), 0);
    ASSERT_TRUE(eventually([this] { return processes_with(point_.path()).empty(); }));
    static_cast<void>(::umount2(point_.path().c_str(), MNT_DETACH));
  }

  TempDir dir_;
  MountPoint point_;
  MountPoint other_;
};

TEST_F(HostUpper, ChangesAreThereAgainAfterUnmountAndMount) {
  ASSERT_EQ(mount().status, 0);
  const Finished changed =
      sh("echo more >> a && rm d/e && mkdir new && echo n > new/f && ln -s a link && chmod 600 a");
  ASSERT_EQ(changed.status, 0) << changed.err;
  ASSERT_EQ(unmount().status, 0);
  // At once: the daemon may not have ended yet.
  const Finished again = mount();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(sh("find . -mindepth 1 | sort").out, "./a\n./d\n./link\n./new\n./new/f\n");
  EXPECT_EQ(sh("cat link new/f && stat -c %a a").out, "amore\nn\n600\n");
  EXPECT_EQ(dir_.read_file("low/a"), "a");
  EXPECT_TRUE(dir_.exists("low/d/e"));
}

TEST_F(HostUpper, ManyTurnsOneAfterTheOther) {
  for (int turn = 0; turn < 5; ++turn) {
    const Finished mounted = mount();
    ASSERT_EQ(mounted.status, 0) << mounted.err;
    ASSERT_EQ(sh("echo x >> log").status, 0);
    ASSERT_EQ(unmount().status, 0);
  }
  EXPECT_EQ(dir_.read_file("state/log"), "x\nx\nx\nx\nx\n");
}

TEST_F(HostUpper, ASecondMountIsRefusedWhileTheFirstServes) {
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(sh("echo 1 > f").status, 0);
  const Finished second = mount(other_);
  EXPECT_EQ(second.status, 6);
  EXPECT_FALSE(is_mounted(other_.path()));
  EXPECT_NE(second.err.find("site.toml:3:9: error: mount \"/\": the upper \"state\" cannot be used"),
            std::string::npos)
      << second.err;
  EXPECT_NE(second.err.find("state.work\" is in use"), std::string::npos) << second.err;
  // Looking is free, and so is the place when the first is gone.
  EXPECT_EQ(run_wasifs({"cat", dir_ / "site.toml", "/f"}).out, "1\n");
  ASSERT_EQ(unmount().status, 0);
  const Finished third = mount(other_);
  EXPECT_EQ(third.status, 0) << third.err;
  EXPECT_EQ(run_program({"cat", other_ / "f"}).out, "1\n");
}

TEST_F(HostUpper, WhatWasSyncedOutlivesAKilledDaemon) {
  ASSERT_EQ(mount().status, 0);
  {
    const fuse::UniqueFd fd(::open((point_ / "a").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    ASSERT_TRUE(fd);
    ASSERT_EQ(::write(fd.get(), "more", 4), 4);
    ASSERT_EQ(::fsync(fd.get()), 0);
    ASSERT_EQ(::unlink((point_ / "d/e").c_str()), 0);
  }
  ASSERT_NO_FATAL_FAILURE(kill_daemon());
  // As a daemon leaves it that was killed in the middle of a step.
  dir_.write_file("state.work/work/w1/half", "x");
  const Finished again = mount();
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(sh("cat a && ls d").out, "amore");
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "state.work/work"));
}

TEST_F(HostUpper, AKillInTheMiddleOfManyChangesLeavesWholeFiles) {
  for (int i = 0; i < 200; ++i) dir_.write_file("low/many/" + std::to_string(i), std::string(20'000, 'l'));
  ASSERT_EQ(mount().status, 0);
  // In a file, or the writer's arguments would look like the daemon's.
  dir_.write_file("changes.sh",
                  "cd " + point_.path() +
                      " && exec 2>/dev/null; for i in $(seq 0 199); do echo more >> many/$i || exit; done");
  Background writer({"sh", dir_ / "changes.sh"});
  ASSERT_TRUE(eventually([this] { return dir_.exists("state/many/20"); }));
  ASSERT_NO_FATAL_FAILURE(kill_daemon());
  static_cast<void>(writer.wait());
  const Finished again = mount();
  ASSERT_EQ(again.status, 0) << again.err;
  const std::string lower(20'000, 'l');
  for (int i = 0; i < 200; ++i) {
    const std::string content = run_program({"cat", point_ / ("many/" + std::to_string(i))}).out;
    ASSERT_TRUE(content == lower || content == lower + "more\n")
        << i << " has " << content.size() << " bytes";
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "state.work/work"));
}

TEST_F(HostUpper, AFullDiskIsToldAndWhatIsBelowStays) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts a small tmpfs";
  dir_.write_file("low/big", std::string(3 << 20, 'b'));
  dir_.make_dirs("disk");
  ASSERT_EQ(::mount("tmpfs", (dir_ / "disk").c_str(), "tmpfs", 0, "size=1m"), 0);
  struct Detach {
    std::string path;
    ~Detach() { ::umount2(path.c_str(), MNT_DETACH); }
  } const detach{dir_ / "disk"};
  dir_.write_file("site.toml", "[root]\nbase = \"empty\"\nupper = \"disk/state\"\n[fs]\n\"/\" = \"low\"\n");
  const Finished mounted = mount();
  ASSERT_EQ(mounted.status, 0) << mounted.err;
  const fuse::UniqueFd copied(::open((point_ / "big").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  EXPECT_EQ(errno, ENOSPC) << "the content does not fit, so it cannot be opened for writing";
  EXPECT_FALSE(copied);
  EXPECT_EQ(error_of(::truncate((point_ / "big").c_str(), 4 << 20)), ENOSPC);
  EXPECT_EQ(run_program({"cmp", point_ / "big", dir_ / "low/big"}).status, 0);
  EXPECT_FALSE(dir_.exists("disk/state/big")) << "nothing half is left";
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "disk/state.work/work"));
  EXPECT_NE(sh("head -c 2000000 /dev/zero > new").status, 0);
  // What makes room makes it again.
  EXPECT_EQ(sh("rm new && echo small > f && cat f a").out, "small\na");
}

TEST_F(HostUpper, UppersOfSeveralMountsAreKeptApart) {
  dir_.write_file("site.toml",
                  "[root]\nbase = \"empty\"\nupper = \"state\"\n[[mount]]\nguest = \"/m\"\ntype = \"host\"\n"
                  "source = \"low\"\naccess = \"cow\"\nupper = \"inner\"\n");
  ASSERT_EQ(mount().status, 0);
  ASSERT_EQ(sh("echo 1 > f && echo 2 > m/f && rm m/a").status, 0);
  ASSERT_EQ(unmount().status, 0);
  EXPECT_EQ(dir_.read_file("state/f"), "1\n");
  EXPECT_EQ(dir_.read_file("inner/f"), "2\n");
  ASSERT_EQ(mount().status, 0);
  EXPECT_EQ(sh("cat f m/f; ls m").out, "1\n2\nd\nf\n");
}

TEST_F(HostUpper, StatusTellsWhereChangesAreKept) {
  ASSERT_EQ(mount().status, 0);
  const Finished status = run_wasifs({"status", point_.path()});
  EXPECT_EQ(status.status, 0) << status.err;
  EXPECT_NE(status.out.find("host \"state\""), std::string::npos) << status.out;
}

/// Without privileges: the attributes of users hold the marks.
class UnprivilegedUpper : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "becomes another user";
    // Nobody must be able to get there.
    std::filesystem::permissions(dir_.path(), static_cast<std::filesystem::perms>(0711));
    dir_.write_file("low/a", "a");
    dir_.write_file("low/d/e", "e");
    dir_.write_file("low/gone", "g");
    dir_.make_dirs("own");
    dir_.write_file("own/site.toml",
                    "[root]\nbase = \"empty\"\nupper = \"state\"\n[fs]\n\"/\" = \"../low\"\n");
    for (const char* const path : {"own", "low", "low/a", "low/d", "low/d/e", "low/gone"}) give_away(path);
  }
  void give_away(std::string_view path) {
    ASSERT_EQ(::chown((dir_ / path).c_str(), kNobody, kNobody), 0) << path;
  }
  /// Composes as nobody and gives `body` the tree; the line that returned something
  /// else than true, 0 for none.
  int compose(const std::function<int(const Tree&)>& body) {
    return as_nobody([&] {
      const auto root = PreparedRoot::open(dir_ / "own/site.toml");
      return root ? body(*root->tree) : 99;
    });
  }

  TempDir dir_;
};

TEST_F(UnprivilegedUpper, KeepsChangesInTheAttributesOfUsers) {
  ASSERT_EQ(compose([](const Tree& tree) {
              if (!tree.write_file("/a", "changed")) return 1;
              if (!tree.unlink("/gone")) return 2;
              if (!tree.unlink("/d/e") || !tree.remove_dir("/d")) return 3;
              return tree.make_dir("/d") ? 0 : 4;
            }),
            0);
  EXPECT_EQ(dir_.read_file("own/state/a"), "changed");
  struct stat whiteout{};
  ASSERT_EQ(::lstat((dir_ / "own/state/gone").c_str(), &whiteout), 0);
  EXPECT_TRUE(S_ISCHR(whiteout.st_mode)) << "the kernel lets everybody make a whiteout";
  EXPECT_EQ(whiteout.st_rdev, 0U);
  EXPECT_EQ(run_program({"getfattr", "-n", "user.overlay.opaque", "--only-values", dir_ / "own/state/d"}).out,
            "y");
  ASSERT_EQ(compose([](const Tree& tree) {
              if (tree.read_file("/a").value_or("") != "changed") return 1;
              if (tree.stat("/gone").has_value()) return 2;
              if (tree.stat("/d/e").has_value()) return 3;
              return 0;
            }),
            0);
}

TEST_F(UnprivilegedUpper, ANewUpperLooksLikeWhatIsBelowButForItsOwner) {
  ASSERT_EQ(::chown((dir_ / "low").c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod((dir_ / "low").c_str(), 0705), 0);
  const auto looks = [](const Tree& tree) {
    const Result<Attr> root = tree.stat("/");
    if (!root || root->mode != 0705) return 1;
    return root->uid == kNobody ? 0 : 2;
  };
  EXPECT_EQ(compose(looks), 0);
  EXPECT_EQ(compose(looks), 0);
}

TEST_F(UnprivilegedUpper, FilesOfOthersCannotBeChangedForTheirOwnersCannotBeKept) {
  dir_.write_file("low/theirs", "root's");
  dir_.write_file("low/other", "root's");
  ASSERT_EQ(compose([](const Tree& tree) {
              const Status written = tree.write_file("/theirs", "mine");
              if (written) return 1;
              if (written.error() != Errc::eperm) return 2;
              if (tree.read_file("/theirs").value_or("") != "root's") return 3;
              return tree.unlink("/other") ? 0 : 4;
            }),
            0);
  EXPECT_FALSE(dir_.exists("own/state/theirs"));
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "own/state.work/work"));
}

TEST_F(UnprivilegedUpper, DirectoriesOfLowersCannotBeMoved) {
  ASSERT_EQ(compose([](const Tree& tree) {
              const Status moved = tree.rename("/d", "/moved");
              if (moved) return 1;
              if (moved.error() != Errc::exdev) return 2;
              if (tree.read_file("/d/e").value_or("") != "e") return 3;
              if (!tree.make_dir("/new") || !tree.rename("/new", "/moved")) return 4;
              return tree.rename("/a", "/moved/a") ? 0 : 5;
            }),
            0);
}

}  // namespace
}  // namespace wasifs::test
