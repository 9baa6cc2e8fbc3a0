// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

class Links : public Conformance {};
WASIFS_ON_EVERY_BACKEND(Links);

TEST_P(Links, ASecondNameIsTheSameFile) {
  Vfs& fs = given(Fixture().file("/a", "x").dir("/d"));
  ok(fs.link("/a", "/d/b"));
  EXPECT_EQ(ok(fs.stat("/a")).ino, ok(fs.stat("/d/b")).ino);
  EXPECT_EQ(ok(fs.stat("/a")).nlink, 2U);
  EXPECT_EQ(ok(fs.stat("/d/b")).nlink, 2U);
}

TEST_P(Links, ExistingLinksShareTheirInodeNumberAndCount) {
  Vfs& fs = given(Fixture().file("/d/a", "x").link("/d/b", "/d/a").link("/c", "/d/a"));
  EXPECT_EQ(ok(fs.stat("/d/a")).nlink, 3U);
  EXPECT_EQ(ok(fs.stat("/d/b")).ino, ok(fs.stat("/d/a")).ino);
  EXPECT_EQ(ok(fs.stat("/c")).ino, ok(fs.stat("/d/a")).ino);
}

TEST_P(Links, AWriteThroughOneNameShowsThroughTheOthers) {
  Vfs& fs = given(Fixture().file("/a", "one").link("/d/b", "/a"));
  ok(fs.put("/a", "two"));
  EXPECT_EQ(ok(fs.content("/d/b")), "two");
  ok(fs.append("/d/b", "!"));
  EXPECT_EQ(ok(fs.content("/a")), "two!");
  EXPECT_EQ(ok(fs.stat("/a")).ino, ok(fs.stat("/d/b")).ino);
}

TEST_P(Links, AttributesAreShared) {
  Vfs& fs = given(Fixture().file("/a", "x").link("/b", "/a"));
  ok(fs.chmod("/a", 0600));
  ok(fs.set_xattr("/b", "user.k", "v", XattrMode::any));
  EXPECT_EQ(ok(fs.stat("/b")).mode, 0600);
  EXPECT_EQ(ok(fs.get_xattr("/a", "user.k")), "v");
}

TEST_P(Links, AnOpenHandleSeesAWriteThroughAnotherName) {
  Vfs& fs = given(Fixture().file("/a", "one").link("/b", "/a"));
  const HandlePtr reader = ok(fs.open("/a", kRead));
  ok(ok(fs.open("/b", kWrite))->write(0, "ONE"));
  EXPECT_EQ(ok(reader->read(0, 10)), "ONE");
}

TEST_P(Links, UnlinkingOneNameKeepsTheOthers) {
  Vfs& fs = given(Fixture().file("/a", "x").link("/b", "/a").link("/c", "/a"));
  ok(fs.unlink("/a"));
  EXPECT_EQ(ok(fs.stat("/b")).nlink, 2U);
  EXPECT_EQ(ok(fs.content("/c")), "x");
  ok(fs.unlink("/b"));
  EXPECT_EQ(ok(fs.stat("/c")).nlink, 1U);
}

TEST_P(Links, ALinkToAnUnchangedFileCanBeUndone) {
  Vfs& fs = given(Fixture().file("/a", "x"));
  ok(fs.link("/a", "/b"));
  ok(fs.unlink("/b"));
  EXPECT_EQ(ok(fs.stat("/a")).nlink, 1U);
  EXPECT_EQ(ok(fs.content("/a")), "x");
}

TEST_P(Links, ALinkKeepsAttributesAndTheMtime) {
  Vfs& fs = given(Fixture().file("/a", "x", 0640).mtime({.sec = 1000, .nsec = 5}).xattr("user.k", "v"));
  const std::uint64_t ino = ok(fs.stat("/a")).ino;
  ok(fs.link("/a", "/b"));
  const Attr attr = ok(fs.stat("/b"));
  EXPECT_EQ(attr.mode, 0640);
  EXPECT_EQ(attr.mtime, (Time{.sec = 1000, .nsec = 5}));
  EXPECT_EQ(attr.ino, ino);
  EXPECT_EQ(ok(fs.get_xattr("/b", "user.k")), "v");
}

TEST_P(Links, LinkingOntoATakenNameIsEexist) {
  Vfs& fs = given(Fixture().file("/a", "1").file("/b", "2").dir("/d"));
  EXPECT_EQ(error(fs.link("/a", "/b")), Errc::eexist);
  EXPECT_EQ(error(fs.link("/a", "/d")), Errc::eexist);
  EXPECT_EQ(error(fs.link("/a", "/a")), Errc::eexist);
  EXPECT_EQ(ok(fs.stat("/a")).nlink, 1U);
}

TEST_P(Links, ADirectoryHasNoSecondName) {
  Vfs& fs = given(Fixture().dir("/d"));
  EXPECT_EQ(error(fs.link("/d", "/e")), Errc::eperm);
}

TEST_P(Links, AMissingFileHasNoSecondName) {
  Vfs& fs = given();
  EXPECT_EQ(error(fs.link("/none", "/a")), Errc::enoent);
}

TEST_P(Links, ASymlinkCanHaveASecondName) {
  Vfs& fs = given(Fixture().symlink("/s", "target"));
  ok(fs.link("/s", "/t"));
  EXPECT_EQ(ok(fs.read_link("/t")), "target");
  EXPECT_EQ(ok(fs.lstat("/s")).nlink, 2U);
}

TEST_P(Links, RenamingOneNameKeepsTheFileShared) {
  Vfs& fs = given(Fixture().file("/a", "x").link("/b", "/a").dir("/d"));
  ok(fs.move("/a", "/d/c"));
  ok(fs.put("/d/c", "y"));
  EXPECT_EQ(ok(fs.content("/b")), "y");
  EXPECT_EQ(ok(fs.stat("/b")).nlink, 2U);
}

TEST_P(Links, ReplacingOneNameLeavesTheOther) {
  Vfs& fs = given(Fixture().file("/a", "x").link("/b", "/a").file("/new", "n"));
  ok(fs.move("/new", "/a"));
  EXPECT_EQ(ok(fs.content("/a")), "n");
  EXPECT_EQ(ok(fs.content("/b")), "x");
  EXPECT_EQ(ok(fs.stat("/b")).nlink, 1U);
}

TEST_P(Links, LinkingChangesTheCtimeOfTheFileAndTheMtimeOfTheDirectory) {
  Vfs& fs = given(Fixture().file("/a", "x").dir("/d").mtime({.sec = 1000}));
  const Time before = ok(fs.stat("/a")).ctime;
  let_the_clock_tick();
  ok(fs.link("/a", "/d/b"));
  EXPECT_GT(ok(fs.stat("/a")).ctime, before);
  EXPECT_GT(ok(fs.stat("/d")).mtime.sec, 1000);
}

TEST_P(Links, ASymlinkShowsItsTextVerbatim) {
  Vfs& fs = given(Fixture().symlink("/s", "../x/./y//z"));
  EXPECT_EQ(ok(fs.read_link("/s")), "../x/./y//z");
  const Attr attr = ok(fs.lstat("/s"));
  EXPECT_EQ(attr.type, FileType::symlink);
  EXPECT_EQ(attr.size, 11U);
}

TEST_P(Links, ANewSymlinkShowsItsTextVerbatim) {
  Vfs& fs = given(Fixture().dir("/d"));
  const std::string text(4000, 'x');
  ok(fs.symlink(text, "/d/s"));
  EXPECT_EQ(ok(fs.read_link("/d/s")), text);
}

TEST_P(Links, StatFollowsASymlinkAndLstatDoesNot) {
  Vfs& fs = given(Fixture().file("/d/f", "abc").symlink("/s", "d/f").symlink("/dir", "d"));
  EXPECT_EQ(ok(fs.stat("/s")).size, 3U);
  EXPECT_EQ(ok(fs.stat("/s")).ino, ok(fs.stat("/d/f")).ino);
  EXPECT_EQ(ok(fs.lstat("/dir")).type, FileType::symlink);
  EXPECT_EQ(ok(fs.content("/dir/f")), "abc");
  EXPECT_EQ(names(ok(fs.list("/dir"))), "f");
}

TEST_P(Links, ASymlinkIsRelativeToItsDirectory) {
  Vfs& fs = given(
      Fixture().file("/a/f", "inner").file("/f", "outer").symlink("/a/s", "f").symlink("/a/up", "../f"));
  EXPECT_EQ(ok(fs.content("/a/s")), "inner");
  EXPECT_EQ(ok(fs.content("/a/up")), "outer");
}

TEST_P(Links, AWriteThroughASymlinkChangesItsTarget) {
  Vfs& fs = given(Fixture().file("/d/f", "old").symlink("/s", "d/f"));
  ok(fs.put("/s", "new"));
  EXPECT_EQ(ok(fs.content("/d/f")), "new");
  EXPECT_EQ(ok(fs.lstat("/s")).type, FileType::symlink);
}

TEST_P(Links, UnlinkRemovesTheSymlinkNotItsTarget) {
  Vfs& fs = given(Fixture().file("/f", "x").symlink("/s", "f"));
  ok(fs.unlink("/s"));
  EXPECT_EQ(error(fs.lstat("/s")), Errc::enoent);
  EXPECT_EQ(ok(fs.content("/f")), "x");
}

TEST_P(Links, ADanglingSymlinkIsThereButLeadsNowhere) {
  Vfs& fs = given(Fixture().symlink("/s", "missing"));
  EXPECT_EQ(ok(fs.lstat("/s")).type, FileType::symlink);
  EXPECT_EQ(error(fs.stat("/s")), Errc::enoent);
  EXPECT_EQ(error(fs.open("/s", kRead)), Errc::enoent);
}

TEST_P(Links, ALoopOfSymlinksIsEloop) {
  Vfs& fs = given(Fixture().symlink("/a", "b").symlink("/b", "a").symlink("/self", "self"));
  EXPECT_EQ(error(fs.stat("/a")), Errc::eloop);
  EXPECT_EQ(error(fs.stat("/self")), Errc::eloop);
  EXPECT_EQ(error(fs.stat("/self/x")), Errc::eloop);
}

TEST_P(Links, FortySymlinksAreFollowedAndFortyOneAreNot) {
  Fixture fixture;
  fixture.file("/link0", "end");
  for (int i = 1; i <= 41; ++i) fixture.symlink("/link" + std::to_string(i), "link" + std::to_string(i - 1));
  Vfs& fs = given(fixture);
  EXPECT_EQ(ok(fs.content("/link40")), "end");
  EXPECT_EQ(error(fs.stat("/link41")), Errc::eloop);
}

TEST_P(Links, OnlyASymlinkHasAText) {
  Vfs& fs = given(Fixture().file("/f", "x").dir("/d"));
  EXPECT_EQ(error(fs.read_link("/f")), Errc::einval);
  EXPECT_EQ(error(fs.read_link("/d")), Errc::einval);
  EXPECT_EQ(error(fs.read_link("/none")), Errc::enoent);
}

TEST_P(Links, ASymlinkDoesNotReplaceWhatExists) {
  Vfs& fs = given(Fixture().file("/f", "x").symlink("/s", "f"));
  EXPECT_EQ(error(fs.symlink("y", "/f")), Errc::eexist);
  EXPECT_EQ(error(fs.symlink("y", "/s")), Errc::eexist);
  EXPECT_EQ(ok(fs.read_link("/s")), "f");
}

TEST_P(Links, ASymlinkHasItsOwnTimesAndOwner) {
  WASIFS_NEED_PRIVILEGES();
  Vfs& fs = given(Fixture().file("/f", "x").mtime({.sec = 500}).symlink("/s", "f"));
  ok(fs.set_times("/s", Time{.sec = 11}, Time{.sec = 12, .nsec = 34}));
  ok(fs.chown("/s", 7, 8));
  const Attr attr = ok(fs.lstat("/s"));
  EXPECT_EQ(attr.mtime, (Time{.sec = 12, .nsec = 34}));
  EXPECT_EQ(attr.uid, 7U);
  EXPECT_EQ(ok(fs.read_link("/s")), "f");
  EXPECT_EQ(ok(fs.stat("/f")).mtime, (Time{.sec = 500}));
}

}  // namespace wasifs::test
