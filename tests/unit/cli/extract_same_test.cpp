// SPDX-License-Identifier: Apache-2.0
// Copies of a tree, read again: the same times and devices, and the same bytes each time.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "demo_package.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

using nlohmann::json;

class ExtractSame : public testing::Test {
 protected:
  /// Makes a file of site with that time.
  void file(const std::string& name, timespec time) {
    dir_.write_file("site/" + name, name);
    set_time(name, time);
  }
  void set_time(const std::string& name, timespec time) {
    const std::array<timespec, 2> times{time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (dir_ / ("site/" + name)).c_str(), times.data(), AT_SYMLINK_NOFOLLOW), 0);
  }
  /// What `wasifs export` tells of a source, by path, without what no copy keeps.
  [[nodiscard]] std::map<std::string, json> entries_of(const std::string& source) const {
    std::map<std::string, json> entries;
    const json all = json::parse(run_cli({"export", dir_ / source}).out);
    for (json entry : all.at("entries")) {
      const auto path = entry.at("path").get<std::string>();
      for (const char* key : {"nlink", "ino"}) entry.erase(key);
      // Of a directory it is what the file system makes of it.
      if (entry.at("type") == "directory") entry.erase("size");
      entries[path] = std::move(entry);
    }
    return entries;
  }
  [[nodiscard]] std::int64_t time_in(const std::string& source, const std::string& path) const {
    return entries_of(source).at(path).at("mtime_ns").get<std::int64_t>();
  }

  TempDir dir_;
};

TEST_F(ExtractSame, TimesBefore1970AreTheSameInEveryCopy) {
  file("whole", {.tv_sec = -2, .tv_nsec = 0});
  file("part", {.tv_sec = -2, .tv_nsec = 500'000'000});
  file("last", {.tv_sec = -100'000, .tv_nsec = 999'999'999});
  file("after", {.tv_sec = 0, .tv_nsec = 1});
  for (const char* copy : {"copy", "copy.tar", "copy.tar.gz"}) {
    const Ran ran = run_cli({"extract", dir_ / "site", "-o", dir_ / copy});
    ASSERT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(time_in(copy, "/whole"), -2'000'000'000) << copy;
    EXPECT_EQ(time_in(copy, "/part"), -1'500'000'000) << copy;
    EXPECT_EQ(time_in(copy, "/last"), -99'999'000'000'001) << copy;
    EXPECT_EQ(time_in(copy, "/after"), 1) << copy;
  }
}

TEST_F(ExtractSame, OtherTarsHaveTheSameTimesBefore1970) {
  file("part", {.tv_sec = -2, .tv_nsec = 250'000'000});
  ASSERT_EQ(run_cli({"extract", dir_ / "site", "-o", dir_ / "ours.tar"}).status, 0);
  const Finished theirs = run_shell(
      "tar --format=posix -C site -cf theirs.tar part && mkdir x && tar -C x -xf ours.tar part && "
      "stat -c %.9Y x/part",
      dir_.string());
  EXPECT_EQ(theirs.out, "-1.750000000\n") << theirs.err;
  EXPECT_EQ(time_in("theirs.tar", "/part"), -1'750'000'000);
}

TEST_F(ExtractSame, AFractionOfTheLastSecondBefore1970IsALossOfTars) {
  file("f", {.tv_sec = -1, .tv_nsec = 500'000'000});
  const Ran tar = run_cli({"extract", dir_ / "site", "/f", "-o", dir_ / "copy.tar"});
  EXPECT_EQ(tar.status, 0);
  EXPECT_EQ(tar.err,
            "warning: time of 1 entry cannot be kept: Numerical result out of range; the first is \"/f\"\n");
  EXPECT_EQ(time_in("copy.tar", "/f"), -1'000'000'000);
  const Ran copy = run_cli({"extract", dir_ / "site", "/f", "-o", dir_ / "copy"});
  EXPECT_EQ(copy.err, "");
  EXPECT_EQ(time_in("copy", "/f"), -500'000'000);
  const Ran mtree = run_cli({"export", dir_ / "site", "/f", "--format", "mtree"});
  EXPECT_NE(mtree.out.find(" time=-1.500000000"), std::string::npos) << "as stat(2) has it";
}

TEST_F(ExtractSame, DevicesWithTwoNamesAreOneInATar) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a device";
  dir_.make_dirs("site");
  ASSERT_EQ(::mknod((dir_ / "site/null").c_str(), S_IFCHR | 0640, makedev(1, 3)), 0);
  ASSERT_EQ(::mkfifo((dir_ / "site/pipe").c_str(), 0600), 0);
  ASSERT_EQ(::link((dir_ / "site/null").c_str(), (dir_ / "site/zero").c_str()), 0);
  ASSERT_EQ(::link((dir_ / "site/pipe").c_str(), (dir_ / "site/queue").c_str()), 0);
  ASSERT_EQ(run_cli({"extract", dir_ / "site", "-o", dir_ / "copy.tar"}).status, 0);
  const auto entries = entries_of("copy.tar");
  EXPECT_EQ(entries.at("/null").at("rdev"), makedev(1, 3));
  EXPECT_EQ(entries.at("/zero").at("link"), "/null");
  EXPECT_EQ(entries.at("/queue").at("link"), "/pipe");
  ASSERT_EQ(run_cli({"extract", dir_ / "copy.tar", "-o", dir_ / "copy"}).status, 0);
  EXPECT_EQ(entries_of("copy"), entries);
}

TEST_F(ExtractSame, ATarOfTheSameSourceHasTheSameBytes) {
  dir_.write_file("demo.webc", demo_package());
  dir_.write_file("site.toml", "[root]\nbase = \"empty\"\n[[mount]]\nguest = \"/a/b\"\ntype = \"memory\"\n");
  for (const std::string source : {"demo.webc", "site.toml"}) {
    std::string first;
    for (const mode_t mask : {022U, 077U, 0U}) {
      const mode_t before = ::umask(mask);
      const Ran ran = run_cli({"extract", dir_ / source, "-o", "-"});
      ::umask(before);
      ASSERT_EQ(ran.status, 0) << ran.err;
      if (first.empty()) first = ran.out;
      EXPECT_TRUE(ran.out == first) << source << " with umask " << mask;
      ::usleep(20'000);  // a clock would have gone on
    }
  }
}

TEST_F(ExtractSame, AnMtreeSaysAllThatAnotherProgramNeedsForTheSameTar) {
  if (run_shell("command -v bsdtar").status != 0) GTEST_SKIP() << "no bsdtar; install libarchive-tools";
  const std::vector<std::string> names{"a b",       "#c",       "d=e", "f\\g", "new\nline", "*",  "[x]?",
                                       "back\\040", "\xff\xfe", "~",   "ü",    "tab\t",     " s "};
  for (const std::string& name : names) {
    file("d/" + name, {.tv_sec = 7, .tv_nsec = 5});
    dir_.make_symlink("site/d/link to " + name, name);
    set_time("d/link to " + name, {.tv_sec = 8, .tv_nsec = 0});
  }
  if (::geteuid() == 0) {
    ASSERT_EQ(::mknod((dir_ / "site/d/null").c_str(), S_IFCHR | 0640, makedev(1, 300)), 0);
    ASSERT_EQ(::mknod((dir_ / "site/d/disk").c_str(), S_IFBLK | 0640, makedev(259, 70'000)), 0);
  }
  set_time("d", {.tv_sec = 9, .tv_nsec = 0});
  const Ran list = run_cli({"export", dir_ / "site", "--format", "mtree", "-o", dir_ / "list.mtree"});
  ASSERT_EQ(list.status, 0) << list.err;
  const Finished made = run_shell(
      "export LC_ALL=C.UTF-8; cd site && bsdtar --format pax -cf ../made.tar @../list.mtree", dir_.string());
  EXPECT_EQ(made.status, 0) << made.err;
  const auto was = entries_of("site");
  const auto is = entries_of("made.tar");
  for (const auto& [path, entry] : was) {
    // What every root has beside it is as old as the source.
    if (path != "/d" && !path.starts_with("/d/")) continue;
    ASSERT_TRUE(is.contains(path)) << path << made.err;
    EXPECT_EQ(is.at(path), entry) << path;
  }
  EXPECT_EQ(is.size(), was.size());
}

}  // namespace
}  // namespace wasifs::test
