// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "conformance.h"

namespace wasifs::test {

class Attributes : public Conformance {};
WASIFS_ON_EVERY_BACKEND(Attributes);

constexpr Time kPast{.sec = 1'000'000, .nsec = 123'456'789};

TEST_P(Attributes, ChmodChangesTheModeAndNothingElse) {
  Vfs& fs = given(Fixture().file("/f", "content", 0644).mtime(kPast));
  ok(fs.chmod("/f", 0500));
  const Attr attr = ok(fs.stat("/f"));
  EXPECT_EQ(attr.mode, 0500);
  EXPECT_EQ(attr.mtime, kPast);
  EXPECT_EQ(ok(fs.content("/f")), "content");
}

TEST_P(Attributes, ChmodOfADirectoryKeepsItsContent) {
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  ok(fs.chmod("/d", 01700));
  EXPECT_EQ(ok(fs.stat("/d")).mode, 01700);
  EXPECT_EQ(ok(fs.content("/d/f")), "x");
}

TEST_P(Attributes, TheRootCanBeChanged) {
  Vfs& fs = given();
  ok(fs.chmod("/", 0711));
  ok(fs.set_times("/", Time{.sec = 5}, Time{.sec = 6}));
  EXPECT_EQ(ok(fs.stat("/")).mode, 0711);
  EXPECT_EQ(ok(fs.stat("/")).mtime, (Time{.sec = 6}));
}

TEST_P(Attributes, SpecialModeBitsAreKept) {
  Vfs& fs = given(Fixture().file("/f", "x").dir("/d"));
  ok(fs.chmod("/f", 06755));
  ok(fs.chmod("/d", 01777));
  EXPECT_EQ(ok(fs.stat("/f")).mode, 06755);
  EXPECT_EQ(ok(fs.stat("/d")).mode, 01777);
}

TEST_P(Attributes, ChownChangesWhatIsGiven) {
  WASIFS_NEED_PRIVILEGES();
  Vfs& fs = given(Fixture().file("/f", "x").owner(10, 20));
  ok(fs.chown("/f", 11, {}));
  EXPECT_EQ(ok(fs.stat("/f")).uid, 11U);
  EXPECT_EQ(ok(fs.stat("/f")).gid, 20U);
  ok(fs.chown("/f", {}, 21));
  EXPECT_EQ(ok(fs.stat("/f")).uid, 11U);
  EXPECT_EQ(ok(fs.stat("/f")).gid, 21U);
}

TEST_P(Attributes, OwnersHave32Bits) {
  WASIFS_NEED_PRIVILEGES();
  Vfs& fs = given(Fixture().file("/f", "x"));
  ok(fs.chown("/f", 4'000'000'000U, 3'999'999'999U));
  EXPECT_EQ(ok(fs.stat("/f")).uid, 4'000'000'000U);
  EXPECT_EQ(ok(fs.stat("/f")).gid, 3'999'999'999U);
}

TEST_P(Attributes, TimesAreKeptToTheNanosecond) {
  Vfs& fs = given(Fixture().file("/f", "x").dir("/d"));
  const Time atime{.sec = 1'234'567'890, .nsec = 999'999'999};
  for (const char* const path : {"/f", "/d"}) {
    ok(fs.set_times(path, atime, kPast));
    EXPECT_EQ(ok(fs.stat(path)).mtime, kPast) << path;
    EXPECT_EQ(ok(fs.stat(path)).atime, atime) << path;
  }
}

TEST_P(Attributes, TimesMayLieBefore1970AndAfter2038) {
  Vfs& fs = given(Fixture().file("/f", "x"));
  ok(fs.set_times("/f", Time{.sec = -1'000'000, .nsec = 1}, Time{.sec = 5'000'000'000, .nsec = 2}));
  EXPECT_EQ(ok(fs.stat("/f")).atime, (Time{.sec = -1'000'000, .nsec = 1}));
  EXPECT_EQ(ok(fs.stat("/f")).mtime, (Time{.sec = 5'000'000'000, .nsec = 2}));
}

TEST_P(Attributes, AnOmittedTimeStays) {
  Vfs& fs = given(Fixture().file("/f", "x").mtime(kPast));
  ok(fs.set_times("/f", Time{.sec = 7}, {}));
  EXPECT_EQ(ok(fs.stat("/f")).atime, (Time{.sec = 7}));
  EXPECT_EQ(ok(fs.stat("/f")).mtime, kPast);
}

TEST_P(Attributes, SettingTheMtimeOfAFileLeavesItsDirectoryAlone) {
  Vfs& fs = given(Fixture().file("/d/f", "x").dir("/d").mtime(kPast));
  ok(fs.set_times("/d/f", {}, Time{.sec = 9}));
  EXPECT_EQ(ok(fs.stat("/d")).mtime, kPast);
}

TEST_P(Attributes, AWriteChangesTheMtime) {
  Vfs& fs = given(Fixture().file("/f", "x").mtime(kPast));
  ok(ok(fs.open("/f", kWrite))->write(0, "y"));
  EXPECT_GT(ok(fs.stat("/f")).mtime, kPast);
}

TEST_P(Attributes, ATruncationChangesTheMtime) {
  Vfs& fs = given(Fixture().file("/f", "x").mtime(kPast).file("/g", "x").mtime(kPast));
  ok(fs.truncate("/f", 0));
  ok(fs.open("/g", kTruncate));
  EXPECT_GT(ok(fs.stat("/f")).mtime, kPast);
  EXPECT_GT(ok(fs.stat("/g")).mtime, kPast);
}

TEST_P(Attributes, AWriteLeavesTheMtimeOfTheDirectoryAlone) {
  Vfs& fs = given(Fixture().file("/d/f", "x").dir("/d").mtime(kPast));
  ok(fs.append("/d/f", "y"));
  EXPECT_EQ(ok(fs.stat("/d")).mtime, kPast);
}

TEST_P(Attributes, EveryChangeOfNamesChangesTheMtimeOfTheDirectory) {
  Vfs& fs = given(Fixture().file("/d/f", "x").dir("/d/sub").dir("/d"));
  const auto expect_touched = [&](Status done, const char* what) {
    ok(done);
    EXPECT_GT(ok(fs.stat("/d")).mtime, kPast) << what;
    ok(fs.set_times("/d", {}, kPast));
  };
  ok(fs.set_times("/d", {}, kPast));
  expect_touched(fs.put("/d/new", "n"), "create");
  expect_touched(fs.mkdir("/d/newdir"), "mkdir");
  expect_touched(fs.symlink("x", "/d/link"), "symlink");
  expect_touched(fs.link("/d/f", "/d/hard"), "link");
  expect_touched(fs.move("/d/f", "/d/g"), "rename");
  expect_touched(fs.unlink("/d/g"), "unlink");
  expect_touched(fs.rmdir("/d/sub"), "rmdir");
}

TEST_P(Attributes, EveryChangeOfAFileChangesItsCtime) {
  Vfs& fs = given(Fixture().file("/f", "x"));
  const auto expect_changed = [&](const auto& change, const char* what) {
    const Time before = ok(fs.stat("/f")).ctime;
    let_the_clock_tick();
    ok(change());
    EXPECT_GT(ok(fs.stat("/f")).ctime, before) << what;
  };
  expect_changed([&] { return fs.chmod("/f", 0600); }, "chmod");
  expect_changed([&] { return fs.set_times("/f", kPast, kPast); }, "utimens");
  expect_changed([&] { return fs.set_xattr("/f", "user.k", "v", XattrMode::any); }, "setxattr");
  expect_changed([&] { return fs.remove_xattr("/f", "user.k"); }, "removexattr");
  expect_changed([&] { return fs.truncate("/f", 10); }, "truncate");
  expect_changed([&] { return fs.append("/f", "x"); }, "write");
  expect_changed([&] { return fs.link("/f", "/g"); }, "link");
  expect_changed([&] { return fs.unlink("/g"); }, "unlink");
}

TEST_P(Attributes, ReadingChangesNeitherMtimeNorCtime) {
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  const Attr file = ok(fs.stat("/d/f"));
  const Attr dir = ok(fs.stat("/d"));
  let_the_clock_tick();
  ok(fs.content("/d/f"));
  ok(fs.list("/d"));
  EXPECT_EQ(ok(fs.stat("/d/f")).ctime, file.ctime);
  EXPECT_EQ(ok(fs.stat("/d/f")).mtime, file.mtime);
  EXPECT_EQ(ok(fs.stat("/d")).ctime, dir.ctime);
}

TEST_P(Attributes, NewObjectsAreStampedWithTheirCreation) {
  Vfs& fs = given(Fixture().file("/old", "x"));
  const Time before = ok(fs.stat("/old")).ctime;
  let_the_clock_tick();
  ok(fs.put("/new", "x"));
  EXPECT_GT(ok(fs.stat("/new")).mtime, before);
  EXPECT_GT(ok(fs.stat("/new")).atime, before);
}

TEST_P(Attributes, AnOpenHandleShowsAndMakesChanges) {
  Vfs& fs = given(Fixture().file("/f", "content", 0644));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  ok(fs.chmod("/f", 0600));
  EXPECT_EQ(ok(file->attr()).mode, 0600);
  SetAttr change;
  change.mode = 0640;
  change.mtime = kPast;
  ok(file->set_attr(change));
  EXPECT_EQ(ok(fs.stat("/f")).mode, 0640);
  EXPECT_EQ(ok(fs.stat("/f")).mtime, kPast);
}

TEST_P(Attributes, ADirectoryHasNoSizeToSet) {
  Vfs& fs = given(Fixture().dir("/d"));
  EXPECT_EQ(error(fs.truncate("/d", 0)), Errc::eisdir);
}

TEST_P(Attributes, InodeNumbersTellObjectsApart) {
  Vfs& fs = given(Fixture().file("/a").file("/b").dir("/c").symlink("/d", "a").file("/c/e"));
  std::set<std::uint64_t> seen;
  for (const char* const path : {"/", "/a", "/b", "/c", "/d", "/c/e"}) {
    const std::uint64_t ino = ok(fs.lstat(path)).ino;
    EXPECT_NE(ino, 0U) << path;
    EXPECT_TRUE(seen.insert(ino).second) << path;
  }
}

TEST_P(Attributes, StatfsMakesSense) {
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  for (const char* const path : {"/", "/d/f"}) {
    const StatFs info = ok(fs.statfs(path));
    EXPECT_GT(info.block_size, 0U);
    EXPECT_GE(info.blocks, info.blocks_free);
    EXPECT_GE(info.files, info.files_free);
    EXPECT_EQ(info.name_max, 255U);
  }
}

TEST_P(Attributes, BlocksCountTheData) {
  Vfs& fs = given(Fixture().file("/f", std::string(100'000, 'x')).file("/empty"));
  EXPECT_GE(ok(fs.stat("/f")).blocks * 512, 100'000U);
  EXPECT_LE(ok(fs.stat("/f")).blocks * 512, 120'000U);
  EXPECT_EQ(ok(fs.stat("/empty")).blocks, 0U);
}

}  // namespace wasifs::test
