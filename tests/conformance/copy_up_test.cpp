// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

/// The first change of an existing object must show that change and nothing else.
/// For overlays that is copy-up; for everything else it goes without saying.
class CopyUp : public Conformance {
 protected:
  static constexpr Time kPast{.sec = 1'000'000, .nsec = 123'456'789};

  /// A file with everything that a careless copy loses.
  static Fixture rich_file() {
    return Fixture().file("/d/f", "content", 06751).mtime(kPast).xattr("user.k", "v").dir("/d").mtime(kPast);
  }
};
WASIFS_ON_EVERY_BACKEND(CopyUp);

TEST_P(CopyUp, AnAttributeChangeKeepsTheRest) {
  Vfs& fs = given(rich_file());
  const Attr before = ok(fs.stat("/d/f"));
  ok(fs.set_xattr("/d/f", "user.new", "n", XattrMode::any));
  const Attr after = ok(fs.stat("/d/f"));
  EXPECT_EQ(after.ino, before.ino);
  EXPECT_EQ(after.mode, 06751);
  EXPECT_EQ(after.mtime, kPast);
  EXPECT_EQ(after.nlink, 1U);
  EXPECT_EQ(ok(fs.get_xattr("/d/f", "user.k")), "v");
  EXPECT_EQ(ok(fs.content("/d/f")), "content");
}

TEST_P(CopyUp, AnAttributeChangeCopiesNoContent) {
  const std::string large(1 << 20, 'x');
  Vfs& fs = given(Fixture().file("/f", large).file("/g", large).file("/h", large));
  const std::uint64_t before = quota() != nullptr ? quota()->bytes_used() : 0;
  const HandlePtr early = ok(fs.open("/f", kReadWrite));
  ok(fs.chmod("/f", 0600));
  ok(fs.set_times("/f", Time{1, 2}, Time{3, 4}));
  ok(fs.move("/f", "/moved"));
  ok(fs.link("/g", "/linked"));
  ok(fs.chmod("/h", 0600));
  if (quota() != nullptr) {
    EXPECT_LT(quota()->bytes_used() - before, 1U << 16);
  }
  const Attr attr = ok(fs.stat("/moved"));
  EXPECT_EQ(attr.size, large.size());
  EXPECT_EQ(attr.mtime, (Time{3, 4}));
  EXPECT_EQ(ok(fs.content("/moved")), large);
  EXPECT_EQ(ok(fs.content("/linked")), large);
  // The first byte that changes brings the others.
  ok(early->write(5, "y"));
  std::string changed = large;
  changed[5] = 'y';
  EXPECT_EQ(ok(fs.content("/moved")), changed);
  ok(fs.append("/linked", "z"));
  EXPECT_EQ(ok(fs.content("/g")), large + "z");
  ok(fs.truncate("/h", 3));
  EXPECT_EQ(ok(fs.content("/h")), "xxx");
}

TEST_P(CopyUp, TheOwnerIsKept) {
  WASIFS_NEED_PRIVILEGES();
  Vfs& fs = given(Fixture().file("/d/f", "x").owner(12, 34).dir("/d").owner(56, 78));
  ok(fs.append("/d/f", "y"));
  EXPECT_EQ(ok(fs.stat("/d/f")).uid, 12U);
  EXPECT_EQ(ok(fs.stat("/d/f")).gid, 34U);
  EXPECT_EQ(ok(fs.stat("/d")).uid, 56U);
  EXPECT_EQ(ok(fs.stat("/d")).gid, 78U);
}

TEST_P(CopyUp, AWriteKeepsTheInodeNumber) {
  Vfs& fs = given(rich_file());
  const std::uint64_t ino = ok(fs.stat("/d/f")).ino;
  const HandlePtr before = ok(fs.open("/d/f", kRead));
  ok(fs.append("/d/f", "!"));
  EXPECT_EQ(ok(fs.stat("/d/f")).ino, ino);
  EXPECT_EQ(ok(before->attr()).ino, ino);
  EXPECT_EQ(ok(fs.list("/d")).front().ino, ino);
}

TEST_P(CopyUp, AChangeBelowKeepsADirectorysInodeNumber) {
  Vfs& fs = given(Fixture().file("/a/b/c/f", "x"));
  const std::uint64_t a = ok(fs.stat("/a")).ino;
  const std::uint64_t c = ok(fs.stat("/a/b/c")).ino;
  ok(fs.put("/a/b/c/new", "n"));
  ok(fs.chmod("/a", 0700));
  EXPECT_EQ(ok(fs.stat("/a")).ino, a);
  EXPECT_EQ(ok(fs.stat("/a/b/c")).ino, c);
}

TEST_P(CopyUp, InodeNumbersStayOverEveryChange) {
  Vfs& fs = given(Fixture().file("/d/f", "x").dir("/e"));
  const std::uint64_t ino = ok(fs.stat("/d/f")).ino;
  ok(fs.chmod("/d/f", 0600));
  ok(fs.move("/d/f", "/e/g"));
  ok(fs.append("/e/g", "y"));
  ok(fs.link("/e/g", "/d/h"));
  ok(fs.unlink("/e/g"));
  EXPECT_EQ(ok(fs.stat("/d/h")).ino, ino);
}

TEST_P(CopyUp, TheDirectoriesAboveKeepTheirTimesAndMode) {
  Vfs& fs = given(Fixture().file("/a/b/f", "x").dir("/a", 0711).mtime(kPast).dir("/a/b", 0750).mtime(kPast));
  ok(fs.append("/a/b/f", "y"));
  EXPECT_EQ(ok(fs.stat("/a")).mtime, kPast);
  EXPECT_EQ(ok(fs.stat("/a")).mode, 0711);
  EXPECT_EQ(ok(fs.stat("/a/b")).mtime, kPast);
  EXPECT_EQ(ok(fs.stat("/a/b")).mode, 0750);
}

TEST_P(CopyUp, CreatingDeepDownTouchesTheLastDirectoryOnly) {
  Vfs& fs = given(Fixture().dir("/a/b").dir("/a").mtime(kPast).dir("/a/b").mtime(kPast));
  ok(fs.put("/a/b/new", "n"));
  EXPECT_EQ(ok(fs.stat("/a")).mtime, kPast);
  EXPECT_GT(ok(fs.stat("/a/b")).mtime, kPast);
}

TEST_P(CopyUp, TwoHandlesOpenedBeforeTheFirstWriteBothSeeIt) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr first = ok(fs.open("/f", kReadWrite));
  const HandlePtr second = ok(fs.open("/f", kReadWrite));
  ok(first->write(0, "A"));
  EXPECT_EQ(ok(second->read(0, 3)), "Abc");
  ok(second->write(2, "C"));
  EXPECT_EQ(ok(first->read(0, 3)), "AbC");
  EXPECT_EQ(ok(fs.content("/f")), "AbC");
}

TEST_P(CopyUp, AHandleOpenedBeforeASetAttrSeesLaterWrites) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr reader = ok(fs.open("/f", kRead));
  ok(fs.chmod("/f", 0600));
  ok(ok(fs.open("/f", kWrite))->write(1, "X"));
  EXPECT_EQ(ok(reader->read(0, 10)), "aXc");
}

TEST_P(CopyUp, AHandleOpenedBeforeARenameSeesLaterWrites) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr reader = ok(fs.open("/f", kRead));
  ok(fs.move("/f", "/g"));
  ok(ok(fs.open("/g", kWrite))->write(1, "X"));
  EXPECT_EQ(ok(reader->read(0, 10)), "aXc");
}

TEST_P(CopyUp, AHandleInAMovedDirectorySeesLaterWrites) {
  Vfs& fs = given(Fixture().file("/d/f", "abc"));
  const HandlePtr reader = ok(fs.open("/d/f", kRead));
  ok(fs.move("/d", "/e"));
  ok(ok(fs.open("/e/f", kWrite))->write(1, "X"));
  EXPECT_EQ(ok(reader->read(0, 10)), "aXc");
}

TEST_P(CopyUp, TruncationThroughAHandleOpenedEarlierKeepsTheFront) {
  Vfs& fs = given(Fixture().file("/f", "Hello, World!"));
  const HandlePtr reader = ok(fs.open("/f", kRead));
  const HandlePtr writer = ok(fs.open("/f", kReadWrite));
  ok(writer->truncate(5));
  EXPECT_EQ(ok(reader->read(0, 100)), "Hello");
  EXPECT_EQ(ok(fs.content("/f")), "Hello");
}

TEST_P(CopyUp, TruncationOnOpenShowsInEarlierHandles) {
  Vfs& fs = given(Fixture().file("/f", "Hello, World!"));
  const HandlePtr reader = ok(fs.open("/f", kRead));
  ok(ok(fs.open("/f", kTruncate))->write(0, "Hi"));
  EXPECT_EQ(ok(reader->read(0, 100)), "Hi");
}

TEST_P(CopyUp, HardLinksShareIt) {
  Vfs& fs = given(Fixture().file("/a", "abc", 0640).link("/d/b", "/a").link("/d/c", "/a"));
  const std::uint64_t ino = ok(fs.stat("/a")).ino;
  ok(ok(fs.open("/d/b", kWrite))->write(0, "X"));
  for (const char* const path : {"/a", "/d/b", "/d/c"}) {
    EXPECT_EQ(ok(fs.content(path)), "Xbc") << path;
    EXPECT_EQ(ok(fs.stat(path)).ino, ino) << path;
    EXPECT_EQ(ok(fs.stat(path)).nlink, 3U) << path;
  }
}

TEST_P(CopyUp, HardLinksCanBeUnlinkedOneByOneAfterIt) {
  Vfs& fs = given(Fixture().file("/a", "abc").link("/b", "/a").link("/c", "/a"));
  ok(fs.unlink("/b"));
  ok(fs.append("/a", "!"));
  EXPECT_EQ(ok(fs.content("/c")), "abc!");
  ok(fs.unlink("/a"));
  EXPECT_EQ(ok(fs.stat("/c")).nlink, 1U);
  EXPECT_EQ(ok(fs.content("/c")), "abc!");
}

TEST_P(CopyUp, AHardLinkUnlinkedBeforeItStaysAway) {
  Vfs& fs = given(Fixture().file("/d/a", "abc").link("/d/b", "/d/a"));
  ok(fs.unlink("/d/b"));
  ok(fs.append("/d/a", "!"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "a");
  EXPECT_EQ(ok(fs.stat("/d/a")).nlink, 1U);
}

TEST_P(CopyUp, AnUnlinkedOpenFileIsCopiedWithoutItsName) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  ok(fs.unlink("/f"));
  ok(file->write(0, "X"));
  EXPECT_EQ(ok(file->read(0, 10)), "Xbc");
  EXPECT_EQ(error(fs.stat("/f")), Errc::enoent);
  EXPECT_EQ(ok(file->attr()).nlink, 0U);
}

TEST_P(CopyUp, ASymlinkKeepsItsText) {
  Vfs& fs = given(Fixture().symlink("/d/s", "some/where"));
  const std::uint64_t ino = ok(fs.lstat("/d/s")).ino;
  ok(fs.set_times("/d/s", Time{.sec = 1}, Time{.sec = 2}));
  EXPECT_EQ(ok(fs.read_link("/d/s")), "some/where");
  EXPECT_EQ(ok(fs.lstat("/d/s")).ino, ino);
  EXPECT_EQ(ok(fs.lstat("/d/s")).mtime, (Time{.sec = 2}));
}

TEST_P(CopyUp, HolesStayZeros) {
  Vfs& fs = given(Fixture().file("/f", std::string(100'000, '\0') + "end"));
  ok(ok(fs.open("/f", kWrite))->write(50'000, "mid"));
  std::string expected = std::string(100'000, '\0') + "end";
  expected.replace(50'000, 3, "mid");
  EXPECT_TRUE(ok(fs.content("/f")) == expected);
}

}  // namespace wasifs::test
