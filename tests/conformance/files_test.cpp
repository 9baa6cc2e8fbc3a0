// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

class Files : public Conformance {};
WASIFS_ON_EVERY_BACKEND(Files);

constexpr std::string_view kHello = "Hello, World!";  // 13 bytes

TEST_P(Files, ContentIsReadBack) {
  Vfs& fs = given(Fixture().file("/dir/f", kHello));
  EXPECT_EQ(ok(fs.content("/dir/f")), kHello);
  EXPECT_EQ(ok(fs.stat("/dir/f")).size, 13U);
}

TEST_P(Files, ANewFileIsEmptyAndHasTheModeAsked) {
  Vfs& fs = given(Fixture().dir("/d"));
  ok(fs.open("/d/new", {.flags = {.read = true, .write = true}, .create = true, .mode = 0640}));
  const Attr attr = ok(fs.stat("/d/new"));
  EXPECT_EQ(attr.size, 0U);
  EXPECT_EQ(attr.mode, 0640);
  EXPECT_EQ(attr.nlink, 1U);
  EXPECT_EQ(attr.type, FileType::regular);
}

TEST_P(Files, CreatingInAnExistingDirectoryLeavesItsOtherFilesAlone) {
  Vfs& fs = given(Fixture().file("/d/old", "old"));
  ok(fs.put("/d/new", "new"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "new old");
  EXPECT_EQ(ok(fs.content("/d/old")), "old");
}

TEST_P(Files, ExclusiveCreationOfAnExistingFileIsEexist) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  EXPECT_EQ(error(fs.open("/f", kCreateNew)), Errc::eexist);
  EXPECT_EQ(ok(fs.content("/f")), kHello);
}

TEST_P(Files, ExclusiveCreationDoesNotFollowASymlink) {
  Vfs& fs = given(Fixture().symlink("/link", "missing"));
  EXPECT_EQ(error(fs.open("/link", kCreateNew)), Errc::eexist);
  EXPECT_EQ(error(fs.lstat("/missing")), Errc::enoent);
}

TEST_P(Files, CreationOpensAnExistingFileAsItIs) {
  Vfs& fs = given(Fixture().file("/f", kHello, 0600));
  ok(fs.open("/f", kCreate));
  EXPECT_EQ(ok(fs.content("/f")), kHello);
  EXPECT_EQ(ok(fs.stat("/f")).mode, 0600);
}

TEST_P(Files, CreationThroughADanglingSymlinkMakesItsTarget) {
  Vfs& fs = given(Fixture().symlink("/link", "target"));
  ok(fs.put("/link", "x"));
  EXPECT_EQ(ok(fs.content("/target")), "x");
  EXPECT_EQ(ok(fs.lstat("/link")).type, FileType::symlink);
}

TEST_P(Files, OpeningWithTruncationEmptiesAnExistingFile) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr file = ok(fs.open("/f", kTruncate));
  EXPECT_EQ(ok(file->attr()).size, 0U);
  ok(file->write(0, "Hi"));
  EXPECT_EQ(ok(fs.content("/f")), "Hi");
}

TEST_P(Files, WritingInTheMiddleKeepsTheRest) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  ok(ok(fs.open("/f", kWrite))->write(7, "There"));
  EXPECT_EQ(ok(fs.content("/f")), "Hello, There!");
}

TEST_P(Files, AppendingMakesThirteenBytesSeventeen) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  ok(fs.append("/f", "1234"));
  EXPECT_EQ(ok(fs.stat("/f")).size, 17U);
  EXPECT_EQ(ok(fs.content("/f")), "Hello, World!1234");
}

TEST_P(Files, AppendingIgnoresTheOffset) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr file = ok(fs.open("/f", kAppend));
  ok(file->write(0, "d"));
  ok(file->write(0, "e"));
  EXPECT_EQ(ok(fs.content("/f")), "abcde");
}

TEST_P(Files, AppendingGoesToTheEndThatAnotherHandleMade) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr appender = ok(fs.open("/f", kAppend));
  ok(ok(fs.open("/f", kWrite))->write(3, "def"));
  ok(appender->write(0, "!"));
  EXPECT_EQ(ok(fs.content("/f")), "abcdef!");
}

TEST_P(Files, TruncatingOnOpenNeedsNoWriting) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr file = ok(fs.open("/f", {.flags = {.read = true, .write = false, .truncate = true}}));
  EXPECT_EQ(ok(file->attr()).size, 0U);
  EXPECT_EQ(ok(fs.stat("/f")).size, 0U);
  EXPECT_EQ(ok(fs.content("/f")), "");
}

TEST_P(Files, AppendingAfterTruncationStartsAtTheNewEnd) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr file = ok(fs.open("/f", kAppend));
  ok(file->truncate(5));
  ok(file->write(0, "!"));
  EXPECT_EQ(ok(fs.content("/f")), "Hello!");
}

TEST_P(Files, TruncatingAHandleKeepsTheFirstBytes) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  ok(ok(fs.open("/f", kWrite))->truncate(5));
  EXPECT_EQ(ok(fs.content("/f")), "Hello");
}

TEST_P(Files, TruncatingAPathKeepsTheFirstBytes) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  ok(fs.truncate("/f", 5));
  EXPECT_EQ(ok(fs.content("/f")), "Hello");
}

TEST_P(Files, GrowingByTruncationAddsZeros) {
  Vfs& fs = given(Fixture().file("/f", "ab"));
  ok(fs.truncate("/f", 5));
  EXPECT_EQ(ok(fs.content("/f")), std::string_view("ab\0\0\0", 5));
}

TEST_P(Files, BytesCutOffDoNotComeBack) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  ok(file->truncate(2));
  ok(file->truncate(6));
  EXPECT_EQ(ok(file->read(0, 100)), std::string_view("He\0\0\0\0", 6));
}

TEST_P(Files, WritingPastTheEndFillsTheGapWithZeros) {
  Vfs& fs = given(Fixture().file("/f", "ab"));
  ok(ok(fs.open("/f", kWrite))->write(5, "z"));
  EXPECT_EQ(ok(fs.content("/f")), std::string_view("ab\0\0\0z", 6));
}

TEST_P(Files, ReadingAtOrPastTheEndGivesNothing) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr file = ok(fs.open("/f", kRead));
  EXPECT_EQ(ok(file->read(13, 10)), "");
  EXPECT_EQ(ok(file->read(1'000'000, 10)), "");
  EXPECT_EQ(ok(file->read(10, 10)), "ld!");
}

TEST_P(Files, AReadOnlyHandleRefusesWrites) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr file = ok(fs.open("/f", kRead));
  EXPECT_EQ(error(file->write(0, "x")), Errc::ebadf);
  EXPECT_EQ(error(file->allocate(AllocateMode::extend, 0, 10)), Errc::ebadf);
  EXPECT_EQ(ok(fs.content("/f")), kHello);
}

TEST_P(Files, AWriteOnlyHandleRefusesReads) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  EXPECT_EQ(error(ok(fs.open("/f", kWrite))->read(0, 1)), Errc::ebadf);
}

TEST_P(Files, OpeningForWritingWithoutAWriteChangesNothing) {
  Vfs& fs = given(Fixture().file("/f", kHello).mtime({.sec = 1000}));
  ok(fs.open("/f", kReadWrite));
  EXPECT_EQ(ok(fs.content("/f")), kHello);
  EXPECT_EQ(ok(fs.stat("/f")).mtime, (Time{.sec = 1000}));
}

TEST_P(Files, TwoWritersOfOneFileBothArrive) {
  Vfs& fs = given(Fixture().file("/f", "......"));
  const HandlePtr first = ok(fs.open("/f", kReadWrite));
  const HandlePtr second = ok(fs.open("/f", kReadWrite));
  ok(first->write(0, "ab"));
  ok(second->write(4, "yz"));
  EXPECT_EQ(ok(first->read(0, 6)), "ab..yz");
  EXPECT_EQ(ok(second->read(0, 6)), "ab..yz");
}

TEST_P(Files, AReaderOpenedBeforeTheFirstWriteSeesIt) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr reader = ok(fs.open("/f", kRead));
  EXPECT_EQ(ok(reader->read(0, 5)), "Hello");
  ok(ok(fs.open("/f", kWrite))->write(0, "J"));
  EXPECT_EQ(ok(reader->read(0, 5)), "Jello");
}

TEST_P(Files, AReaderSeesATruncationByPath) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr reader = ok(fs.open("/f", kRead));
  ok(fs.truncate("/f", 3));
  EXPECT_EQ(ok(reader->attr()).size, 3U);
  EXPECT_EQ(ok(reader->read(0, 100)), "Hel");
}

TEST_P(Files, ALargeFileSurvivesAOneByteWrite) {
  std::string big(3 * 1024 * 1024 + 17, 'x');
  for (std::size_t i = 0; i < big.size(); i += 997) big[i] = static_cast<char>('a' + i % 26);
  Vfs& fs = given(Fixture().file("/big", big));
  ok(ok(fs.open("/big", kWrite))->write(1'500'000, "!"));
  big[1'500'000] = '!';
  EXPECT_TRUE(ok(fs.content("/big")) == big);
}

TEST_P(Files, AMissingFileIsEnoent) {
  Vfs& fs = given(Fixture().dir("/d"));
  EXPECT_EQ(error(fs.open("/d/none", kRead)), Errc::enoent);
  EXPECT_EQ(error(fs.open("/none/f", kCreate)), Errc::enoent);
  EXPECT_EQ(error(fs.unlink("/d/none")), Errc::enoent);
  EXPECT_EQ(error(fs.stat("/d/none")), Errc::enoent);
}

TEST_P(Files, APathThroughAFileIsEnotdir) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  EXPECT_EQ(error(fs.stat("/f/x")), Errc::enotdir);
  EXPECT_EQ(error(fs.open("/f/x", kCreate)), Errc::enotdir);
  EXPECT_EQ(error(fs.unlink("/f/x")), Errc::enotdir);
  EXPECT_EQ(error(fs.mkdir("/f/x")), Errc::enotdir);
  EXPECT_EQ(error(fs.open_dir("/f")), Errc::enotdir);
}

TEST_P(Files, ADirectoryIsNotOpenedForWriting) {
  Vfs& fs = given(Fixture().dir("/d"));
  EXPECT_EQ(error(fs.open("/d", kWrite)), Errc::eisdir);
  EXPECT_EQ(error(fs.open("/d", kCreate)), Errc::eisdir);
}

TEST_P(Files, AnUnlinkedFileIsGone) {
  Vfs& fs = given(Fixture().file("/d/f", kHello).file("/d/g", "g"));
  ok(fs.unlink("/d/f"));
  EXPECT_EQ(error(fs.stat("/d/f")), Errc::enoent);
  EXPECT_EQ(error(fs.open("/d/f", kRead)), Errc::enoent);
  EXPECT_EQ(error(fs.unlink("/d/f")), Errc::enoent);
  EXPECT_EQ(names(ok(fs.list("/d"))), "g");
}

TEST_P(Files, AFileMadeInPlaceOfAnUnlinkedOneIsNew) {
  Vfs& fs = given(Fixture().file("/f", kHello, 0600).xattr("user.a", "1"));
  ok(fs.unlink("/f"));
  ok(fs.open("/f", kCreateNew));
  EXPECT_EQ(ok(fs.content("/f")), "");
  EXPECT_EQ(ok(fs.stat("/f")).mode, 0644);
  EXPECT_EQ(error(fs.get_xattr("/f", "user.a")), Errc::enodata);
}

TEST_P(Files, RemovingAndRecreatingAgainAndAgainWorks) {
  Vfs& fs = given(Fixture().file("/d/f", kHello));
  for (int round = 0; round < 5; ++round) {
    ok(fs.unlink("/d/f"));
    EXPECT_EQ(names(ok(fs.list("/d"))), "");
    ok(fs.put("/d/f", std::to_string(round)));
    EXPECT_EQ(ok(fs.content("/d/f")), std::to_string(round));
  }
}

TEST_P(Files, AnEmptyWriteChangesNothing) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  EXPECT_EQ(ok(ok(fs.open("/f", kWrite))->write(100, "")), 0U);
  EXPECT_EQ(ok(fs.stat("/f")).size, 13U);
}

TEST_P(Files, SyncSucceeds) {
  Vfs& fs = given(Fixture().file("/f", kHello));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  ok(file->write(0, "x"));
  EXPECT_EQ(error(file->sync()), kOk);
}

TEST_P(Files, SpecialFilesKeepTheirTypeAndNumber) {
  WASIFS_NEED_PRIVILEGES();
  Vfs& fs = given(Fixture().dir("/d"));
  constexpr std::uint64_t kNull = (1U << 8U) | 3U;
  ok(fs.make("/d/fifo", {.type = FileType::fifo, .mode = 0600}));
  ok(fs.make("/d/socket", {.type = FileType::socket, .mode = 0600}));
  ok(fs.make("/d/null", {.type = FileType::char_device, .mode = 0666, .rdev = kNull}));
  EXPECT_EQ(ok(fs.lstat("/d/fifo")).type, FileType::fifo);
  EXPECT_EQ(ok(fs.lstat("/d/socket")).type, FileType::socket);
  EXPECT_EQ(ok(fs.lstat("/d/null")).type, FileType::char_device);
  EXPECT_EQ(ok(fs.lstat("/d/null")).rdev, kNull);
}

}  // namespace wasifs::test
