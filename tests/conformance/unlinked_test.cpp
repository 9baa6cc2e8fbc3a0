// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

/// Files that are open and have no name, or another one than they were opened by.
class Unlinked : public Conformance {};
WASIFS_ON_EVERY_BACKEND(Unlinked);

TEST_P(Unlinked, AnOpenFileStaysReadable) {
  Vfs& fs = given(Fixture().file("/f", "content"));
  const HandlePtr file = ok(fs.open("/f", kRead));
  ok(fs.unlink("/f"));
  EXPECT_EQ(ok(file->read(0, 100)), "content");
}

TEST_P(Unlinked, AnOpenFileStaysWritable) {
  Vfs& fs = given(Fixture().file("/f", "content"));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  ok(fs.unlink("/f"));
  ok(file->write(7, " and more"));
  EXPECT_EQ(ok(file->read(0, 100)), "content and more");
  ok(file->truncate(3));
  EXPECT_EQ(ok(file->read(0, 100)), "con");
  EXPECT_EQ(names(ok(fs.list("/"))), "");
}

TEST_P(Unlinked, ItsLinkCountIsZero) {
  Vfs& fs = given(Fixture().file("/f", "content").file("/g", "g"));
  const HandlePtr file = ok(fs.open("/f", kRead));
  const HandlePtr written = ok(fs.open("/g", kReadWrite));
  ok(written->write(0, "G"));
  ok(fs.unlink("/f"));
  ok(fs.unlink("/g"));
  EXPECT_EQ(ok(file->attr()).nlink, 0U);
  EXPECT_EQ(ok(written->attr()).nlink, 0U);
}

TEST_P(Unlinked, ItKeepsItsInodeNumber) {
  Vfs& fs = given(Fixture().file("/f", "content"));
  const std::uint64_t ino = ok(fs.stat("/f")).ino;
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  ok(fs.unlink("/f"));
  EXPECT_EQ(ok(file->attr()).ino, ino);
  ok(file->write(0, "x"));
  EXPECT_EQ(ok(file->attr()).ino, ino);
}

TEST_P(Unlinked, AttributesCanBeChanged) {
  Vfs& fs = given(Fixture().file("/f", "content"));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  ok(fs.unlink("/f"));
  SetAttr change;
  change.mode = 0600;
  change.mtime = Time{.sec = 77};
  ok(file->set_attr(change));
  EXPECT_EQ(ok(file->attr()).mode, 0600);
  EXPECT_EQ(ok(file->attr()).mtime, (Time{.sec = 77}));
}

TEST_P(Unlinked, AFileRecreatedAtItsNameIsAnotherOne) {
  Vfs& fs = given(Fixture().file("/f", "old"));
  const HandlePtr old_file = ok(fs.open("/f", kReadWrite));
  ok(fs.unlink("/f"));
  ok(fs.put("/f", "new"));
  EXPECT_NE(ok(old_file->attr()).ino, ok(fs.stat("/f")).ino);
  ok(old_file->write(0, "OLD"));
  EXPECT_EQ(ok(fs.content("/f")), "new");
  EXPECT_EQ(ok(old_file->read(0, 10)), "OLD");
}

TEST_P(Unlinked, ManyRecreationsNeverLeakIntoAnOldHandle) {
  Vfs& fs = given(Fixture().file("/f", "0"));
  std::vector<HandlePtr> handles;
  for (int i = 1; i <= 20; ++i) {
    handles.push_back(ok(fs.open("/f", kRead)));
    ok(fs.unlink("/f"));
    ok(fs.put("/f", std::to_string(i)));
  }
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ok(handles[static_cast<std::size_t>(i)]->read(0, 10)), std::to_string(i));
}

TEST_P(Unlinked, TwoHandlesStillShareTheFile) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr reader = ok(fs.open("/f", kRead));
  const HandlePtr writer = ok(fs.open("/f", kReadWrite));
  ok(fs.unlink("/f"));
  ok(writer->write(0, "X"));
  EXPECT_EQ(ok(reader->read(0, 10)), "Xbc");
}

TEST_P(Unlinked, ADirectoryRemovedWithItsFileLeavesTheHandle) {
  Vfs& fs = given(Fixture().file("/d/f", "content"));
  const HandlePtr file = ok(fs.open("/d/f", kReadWrite));
  ok(remove_all(fs, "/d"));
  ok(file->write(0, "C"));
  EXPECT_EQ(ok(file->read(0, 100)), "Content");
  EXPECT_EQ(error(fs.stat("/d")), Errc::enoent);
}

TEST_P(Unlinked, AnotherNameKeepsTheFile) {
  Vfs& fs = given(Fixture().file("/a", "abc").link("/b", "/a"));
  const HandlePtr file = ok(fs.open("/a", kReadWrite));
  ok(fs.unlink("/a"));
  ok(file->write(0, "X"));
  EXPECT_EQ(ok(fs.content("/b")), "Xbc");
  EXPECT_EQ(ok(file->attr()).nlink, 1U);
}

TEST_P(Unlinked, AnAnonymousFileHasNoNameAndNoLinks) {
  Vfs& fs = given(Fixture().dir("/d"));
  const Result<HandlePtr> made = fs.open_anonymous("/d", 0600);
  if (error(made) == Errc::enotsup) GTEST_SKIP() << "O_TMPFILE MISSING: not supported below";
  const HandlePtr& file = *made;
  ok(file->write(0, "hidden"));
  EXPECT_EQ(ok(file->read(0, 10)), "hidden");
  EXPECT_EQ(ok(file->attr()).nlink, 0U);
  EXPECT_EQ(ok(file->attr()).mode, 0600);
  EXPECT_EQ(names(ok(fs.list("/d"))), "");
}

TEST_P(Unlinked, AnAnonymousFileCanBeNamed) {
  Vfs& fs = given(Fixture().dir("/d"));
  Result<HandlePtr> made = fs.open_anonymous("/d", 0600);
  if (error(made) == Errc::enotsup) GTEST_SKIP() << "O_TMPFILE MISSING: not supported below";
  ok((*made)->write(0, "shown"));
  ok(fs.name_anonymous(**made, "/d/f"));
  EXPECT_EQ(ok(fs.content("/d/f")), "shown");
  EXPECT_EQ(ok(fs.stat("/d/f")).nlink, 1U);
}

}  // namespace wasifs::test
