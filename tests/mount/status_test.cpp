// SPDX-License-Identifier: Apache-2.0
// "wasifs status". Without DIR it looks at every mount of the machine, and would
// be in the way of tests that unmount theirs: so it does that in a mount namespace
// of its own.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <regex>

#include "fuse/mount_info.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

using nlohmann::json;

class StatusVerb : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    source_.write_file("data/file", "x");
    source_.write_file(
        "site.toml",
        "[root]\nmemory-limit = \"64KiB\"\ninode-limit = 100\n[capabilities.fs]\nmax-open = 9\n"
        "[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"data\"\naccess = \"ro\"\n");
  }
  void TearDown() override {
    static_cast<void>(::umount2(point_.path().c_str(), MNT_DETACH));
    EXPECT_TRUE(eventually([this] { return processes_with(point_.path()).empty(); }));
    for (const pid_t pid : processes_with(point_.path())) ::kill(pid, SIGKILL);
  }
  void mount(const std::string& options = "rw") {
    const Finished run = run_wasifs({"mount", source_ / "site.toml", point_.path(), "-o", options});
    ASSERT_EQ(run.status, 0) << run.err;
  }
  [[nodiscard]] pid_t daemon() const {
    const std::vector<pid_t> found = processes_with(point_.path());
    return found.size() == 1 ? found[0] : -1;
  }
  /// What the listing of all mounts says of ours.
  [[nodiscard]] json listed(const std::string& before = "true") const {
    const Finished run =
        run_program({"unshare", "-m", "sh", "-c", before + " && exec \"$0\" status --json", WASIFS_PROGRAM});
    EXPECT_EQ(run.err, "");
    const json all = json::parse(run.out);
    EXPECT_EQ(all["schema"], 1);
    for (const json& each : all["mounts"]) {
      if (each["mount_point"] == point_.path()) return each;
    }
    return nullptr;
  }

  TempDir source_;
  MountPoint point_;
};

TEST_F(StatusVerb, ShowsWhatAMountHoldsAndMayHold) {
  mount();
  ASSERT_EQ(run_shell("head -c 5000 /dev/zero > tmp/new", point_.path()).status, 0);
  const std::string expected =
      point_.path() + "\n  source:  " + source_ / "site.toml" + "\n  state:   serving, process " +
      std::to_string(daemon()) +
      "\n  access:  read-write\n  memory:  8192 of 65536 bytes\n  inodes:  16 of 100\n  open:    0 of 9\n"
      "  kernel:  knows # inodes, has made # requests\n           opens asked for, listings asked for,\n"
      "           writeback off, passthrough #\n"
      "  mounts:\n    /  cow: base root\n    /data  ro: host \"data\"\n";
  // The kernel tells of the close of "new" a moment later.
  const auto status = [&] {
    const std::string told = run_wasifs({"status", point_.path()}).out;
    return std::regex_replace(
        std::regex_replace(told, std::regex("knows [0-9]+ inodes, has made [0-9]+ requests"),
                           "knows # inodes, has made # requests"),
        std::regex("passthrough [a-z]+"), "passthrough #");
  };
  EXPECT_TRUE(eventually([&] { return status() == expected; })) << status() << "\nexpected\n" << expected;
  EXPECT_EQ(run_wasifs({"status", point_.path()}).status, 0);
}

TEST_F(StatusVerb, JsonHasTheSame) {
  mount("ro");
  const Finished run = run_wasifs({"status", "--json", point_.path()});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.err, "");
  const json all = json::parse(run.out);
  ASSERT_EQ(all["mounts"].size(), 1U);
  const json& mount = all["mounts"][0];
  EXPECT_EQ(mount["mount_point"], point_.path());
  EXPECT_EQ(mount["source"], source_ / "site.toml");
  EXPECT_EQ(mount["read_only"], true);
  EXPECT_EQ(mount["state"], "serving");
  EXPECT_EQ(mount["pid"], daemon());
  EXPECT_EQ(mount["memory"], json::parse(R"({"used": 0, "limit": 65536})"));
  EXPECT_EQ(mount["inodes"], json::parse(R"({"used": 15, "limit": 100})"));
  EXPECT_EQ(mount["open"]["limit"], 9);
  EXPECT_EQ(mount["mounts"][1], json::parse(R"({"guest": "/data", "access": "ro", "layers": ["host \"data\""],
                                               "quota": null})"));
}

TEST_F(StatusVerb, FollowsASymlinkAndARelativePathAsUnmountDoes) {
  mount();
  source_.make_symlink("link", point_.path());
  EXPECT_EQ(run_wasifs({"status", source_ / "link"}).status, 0);
  EXPECT_EQ(
      run_program({"sh", "-c", "cd \"$1/..\" && \"$0\" status mnt/", WASIFS_PROGRAM, point_.path()}).status,
      0);
}

TEST_F(StatusVerb, RefusesWhatIsNotOurs) {
  const Finished nothing = run_wasifs({"status", point_.path()});
  EXPECT_EQ(nothing.status, 7);
  EXPECT_EQ(nothing.out, "");
  EXPECT_EQ(nothing.err, "error: nothing is mounted on \"" + point_.path() + "\"\n");
  const Finished absent = run_wasifs({"status", point_ / "no/such"});
  EXPECT_EQ(absent.status, 7);
  EXPECT_EQ(absent.err, "error: cannot show \"" + (point_ / "no/such") + "\": No such file or directory\n");
  ASSERT_EQ(::mount("tmpfs", point_.path().c_str(), "tmpfs", 0, nullptr), 0);
  const Finished other = run_wasifs({"status", point_.path()});
  EXPECT_EQ(other.status, 7);
  EXPECT_EQ(other.err, "error: \"" + point_.path() + "\" is not a mount of wasifs but of type \"tmpfs\"\n");
}

TEST_F(StatusVerb, ListsAllMountsWithoutADirectory) {
  mount();
  const json ours = listed();
  ASSERT_FALSE(ours.is_null());
  EXPECT_EQ(ours["state"], "serving");
  EXPECT_EQ(ours["pid"], daemon());
}

TEST_F(StatusVerb, SaysThatAnotherMountLiesOverOne) {
  mount();
  const json ours = listed("mount -t tmpfs none " + point_.path());
  ASSERT_FALSE(ours.is_null());
  EXPECT_EQ(ours["state"], "hidden");
}

TEST_F(StatusVerb, ListsNothingWhereNothingIsMounted) {
  const Finished run =
      run_program({"unshare", "-m", "sh", "-c",
                   "while umount -l -t fuse.wasifs -a 2>/dev/null && "
                   "grep -q fuse.wasifs /proc/self/mountinfo; do :; done; exec \"$0\" status",
                   WASIFS_PROGRAM});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "nothing is mounted\n");
}

TEST_F(StatusVerb, ReportsADeadDaemon) {
  mount();
  ASSERT_EQ(::kill(daemon(), SIGKILL), 0);
  ASSERT_TRUE(eventually([this] { return fuse::is_dead_mount(point_.path()); }));
  const Finished run = run_wasifs({"status", point_.path()});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out, point_.path() + "\n  source:  " + source_ / "site.toml" +
                         "\n  state:   dead: its daemon has ended; \"wasifs unmount\" clears it\n"
                         "  access:  read-write\n");
  EXPECT_EQ(listed()["state"], "dead");
}

TEST_F(StatusVerb, DoesNotWaitForADaemonThatHangs) {
  mount();
  const pid_t pid = daemon();
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  const auto start = std::chrono::steady_clock::now();
  // Through a pipe, whose end would not come while the asking process held it.
  const Finished run = run_shell("\"" WASIFS_PROGRAM "\" status " + point_.path() + " | cat");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  ::kill(pid, SIGCONT);
  EXPECT_EQ(run.out, point_.path() + "\n  source:  " + source_ / "site.toml" +
                         "\n  state:   silent: its daemon does not answer\n  access:  read-write\n");
}

TEST_F(StatusVerb, LeavesTheMountFreeToBeUnmounted) {
  mount();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(run_wasifs({"status", point_.path()}).status, 0);
  EXPECT_EQ(::umount2(point_.path().c_str(), 0), 0) << errno;
}

TEST_F(StatusVerb, TheAttributeItselfIsReadButNeverListedOrWritten) {
  mount();
  std::array<char, 65536> value{};
  const ssize_t size = ::getxattr(point_.path().c_str(), "user.wasifs.status", value.data(), value.size());
  ASSERT_GT(size, 0);
  EXPECT_EQ(json::parse(std::string_view(value.data(), static_cast<std::size_t>(size)))["pid"], daemon());
  EXPECT_EQ(::listxattr(point_.path().c_str(), value.data(), value.size()), 0);
  EXPECT_EQ(::setxattr(point_.path().c_str(), "user.wasifs.status", "x", 1, 0), -1);
  EXPECT_EQ(errno, ENOTSUP);
  EXPECT_EQ(::removexattr(point_.path().c_str(), "user.wasifs.status"), -1);
  EXPECT_EQ(errno, ENOTSUP);
  EXPECT_EQ(::getxattr((point_ / "tmp").c_str(), "user.wasifs.status", value.data(), value.size()), -1);
  EXPECT_EQ(errno, ENODATA);
}

}  // namespace
}  // namespace wasifs::test
