// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

class Rename : public Conformance {};
WASIFS_ON_EVERY_BACKEND(Rename);

constexpr auto kNoReplace = RenameMode::no_replace;
constexpr auto kExchange = RenameMode::exchange;
constexpr auto kWhiteout = RenameMode::whiteout;

/// A backend that makes whiteouts for whoever asks, as renameat2(2) has it.
#define WASIFS_NEED_WHITEOUTS()                                                             \
  if (GetParam().overlay()) GTEST_SKIP() << "an overlay refuses: AnOverlayMakesNoWhiteout"; \
  static_assert(true)

TEST_P(Rename, AFileTakesItsContentAlong) {
  Vfs& fs = given(Fixture().file("/a", "content", 0600));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(error(fs.stat("/a")), Errc::enoent);
  EXPECT_EQ(ok(fs.content("/b")), "content");
  EXPECT_EQ(ok(fs.stat("/b")).mode, 0600);
  EXPECT_EQ(names(ok(fs.list("/"))), "b");
}

TEST_P(Rename, AFileKeepsItsInodeNumberAndMtime) {
  Vfs& fs = given(Fixture().file("/a", "x").mtime({.sec = 1000, .nsec = 7}).dir("/d"));
  const std::uint64_t ino = ok(fs.stat("/a")).ino;
  ok(fs.move("/a", "/d/b"));
  EXPECT_EQ(ok(fs.stat("/d/b")).ino, ino);
  EXPECT_EQ(ok(fs.stat("/d/b")).mtime, (Time{.sec = 1000, .nsec = 7}));
}

TEST_P(Rename, ADirectoryKeepsItsInodeNumber) {
  Vfs& fs = given(Fixture().file("/a/f", "x"));
  const std::uint64_t ino = ok(fs.stat("/a")).ino;
  const std::uint64_t child = ok(fs.stat("/a/f")).ino;
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(ok(fs.stat("/b")).ino, ino);
  EXPECT_EQ(ok(fs.stat("/b/f")).ino, child);
}

TEST_P(Rename, AFileMovesIntoAndOutOfAnExistingDirectory) {
  Vfs& fs = given(Fixture().file("/d/inner", "i").file("/outer", "o"));
  ok(fs.move("/outer", "/d/outer"));
  ok(fs.move("/d/inner", "/inner"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "outer");
  EXPECT_EQ(ok(fs.content("/d/outer")), "o");
  EXPECT_EQ(ok(fs.content("/inner")), "i");
}

TEST_P(Rename, AFileMovesBetweenExistingDirectories) {
  Vfs& fs = given(Fixture().file("/a/f", "x").file("/b/g", "y"));
  ok(fs.move("/a/f", "/b/f"));
  EXPECT_EQ(names(ok(fs.list("/a"))), "");
  EXPECT_EQ(names(ok(fs.list("/b"))), "f g");
  EXPECT_EQ(ok(fs.content("/b/f")), "x");
}

TEST_P(Rename, ADirectoryTakesAllItsContentAlong) {
  Vfs& fs = given(Fixture().file("/a/f", "1").file("/a/sub/g", "2").symlink("/a/link", "f").dir("/a/empty"));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(error(fs.stat("/a")), Errc::enoent);
  EXPECT_EQ(names(ok(fs.list("/b"))), "empty f link sub");
  EXPECT_EQ(ok(fs.content("/b/f")), "1");
  EXPECT_EQ(ok(fs.content("/b/sub/g")), "2");
  EXPECT_EQ(ok(fs.content("/b/link")), "1");
}

TEST_P(Rename, APartlyChangedDirectoryTakesAllItsContentAlong) {
  Vfs& fs = given(Fixture().file("/a/old", "1").file("/a/changed", "2").file("/a/gone", "3"));
  ok(fs.put("/a/new", "4"));
  ok(fs.put("/a/changed", "5"));
  ok(fs.unlink("/a/gone"));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(names(ok(fs.list("/b"))), "changed new old");
  EXPECT_EQ(ok(fs.content("/b/old")) + ok(fs.content("/b/changed")) + ok(fs.content("/b/new")), "154");
}

TEST_P(Rename, ADirectoryMovesIntoAnother) {
  Vfs& fs = given(Fixture().file("/a/f", "x").file("/b/g", "y"));
  ok(fs.move("/a", "/b/a"));
  EXPECT_EQ(names(ok(fs.list("/"))), "b");
  EXPECT_EQ(ok(fs.content("/b/a/f")), "x");
  expect_subdirectories("/b", 1);
}

TEST_P(Rename, ADirectoryMovesUp) {
  Vfs& fs = given(Fixture().file("/a/b/c/f", "x"));
  ok(fs.move("/a/b/c", "/c"));
  EXPECT_EQ(ok(fs.content("/c/f")), "x");
  EXPECT_EQ(names(ok(fs.list("/a/b"))), "");
}

TEST_P(Rename, DotDotFollowsAMovedDirectory) {
  Vfs& fs = given(Fixture().dir("/a/sub").file("/a/x", "a").file("/b/x", "b"));
  ok(fs.move("/a/sub", "/b/sub"));
  EXPECT_EQ(ok(fs.content("/b/sub/../x")), "b");
}

TEST_P(Rename, AMovedDirectoryCanBeChanged) {
  Vfs& fs = given(Fixture().file("/a/f", "x").file("/a/sub/g", "y"));
  ok(fs.move("/a", "/b"));
  ok(fs.append("/b/sub/g", "!"));
  ok(fs.unlink("/b/f"));
  ok(fs.put("/b/new", "n"));
  EXPECT_EQ(names(ok(fs.list("/b"))), "new sub");
  EXPECT_EQ(ok(fs.content("/b/sub/g")), "y!");
}

TEST_P(Rename, AMovedDirectoryCanBeMovedAgainAndBack) {
  Vfs& fs = given(Fixture().file("/a/sub/f", "x").dir("/d"));
  ok(fs.move("/a", "/d/b"));
  ok(fs.move("/d/b/sub", "/sub"));
  ok(fs.move("/d/b", "/a"));
  ok(fs.move("/sub", "/a/sub"));
  EXPECT_EQ(ok(fs.content("/a/sub/f")), "x");
  EXPECT_EQ(names(ok(fs.list("/"))), "a d");
}

TEST_P(Rename, ADirectoryMadeAtTheOldNameIsEmpty) {
  Vfs& fs = given(Fixture().file("/a/f", "x"));
  ok(fs.move("/a", "/b"));
  ok(fs.mkdir("/a"));
  EXPECT_EQ(names(ok(fs.list("/a"))), "");
  EXPECT_EQ(error(fs.stat("/a/f")), Errc::enoent);
  EXPECT_EQ(ok(fs.content("/b/f")), "x");
}

TEST_P(Rename, AMovedDirectoryCanBeRemoved) {
  Vfs& fs = given(Fixture().file("/a/f", "x").file("/a/sub/g", "y"));
  ok(fs.move("/a", "/b"));
  ok(remove_all(fs, "/b"));
  EXPECT_EQ(names(ok(fs.list("/"))), "");
}

TEST_P(Rename, AFileReplacesAFile) {
  Vfs& fs = given(Fixture().file("/a", "new").file("/b", "old"));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(ok(fs.content("/b")), "new");
  EXPECT_EQ(names(ok(fs.list("/"))), "b");
}

TEST_P(Rename, ASavedFileReplacesTheOriginal) {
  Vfs& fs = given(Fixture().file("/d/config", "old"));
  ok(fs.put("/d/config.tmp", "new"));
  ok(fs.move("/d/config.tmp", "/d/config"));
  EXPECT_EQ(ok(fs.content("/d/config")), "new");
  EXPECT_EQ(names(ok(fs.list("/d"))), "config");
}

TEST_P(Rename, TheReplacedFileStaysReadableWhereItIsOpen) {
  Vfs& fs = given(Fixture().file("/a", "new").file("/b", "old"));
  const HandlePtr open = ok(fs.open("/b", kRead));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(ok(open->read(0, 10)), "old");
  EXPECT_EQ(ok(open->attr()).nlink, 0U);
}

TEST_P(Rename, AHandleStaysWithItsFile) {
  Vfs& fs = given(Fixture().file("/a", "abc"));
  const HandlePtr file = ok(fs.open("/a", kReadWrite));
  ok(fs.move("/a", "/b"));
  ok(file->write(0, "X"));
  EXPECT_EQ(ok(fs.content("/b")), "Xbc");
}

TEST_P(Rename, ADirectoryReplacesAnEmptyOne) {
  Vfs& fs = given(Fixture().file("/a/f", "x").dir("/b"));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(names(ok(fs.list("/"))), "b");
  EXPECT_EQ(ok(fs.content("/b/f")), "x");
}

TEST_P(Rename, ADirectoryReplacesAnEmptiedOne) {
  Vfs& fs = given(Fixture().file("/a/f", "x").file("/b/old", "y"));
  ok(fs.unlink("/b/old"));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(names(ok(fs.list("/b"))), "f");
}

TEST_P(Rename, ADirectoryDoesNotReplaceANonEmptyOne) {
  Vfs& fs = given(Fixture().file("/a/f", "x").file("/b/g", "y"));
  EXPECT_EQ(error(fs.move("/a", "/b")), Errc::enotempty);
  EXPECT_EQ(ok(fs.content("/a/f")), "x");
  EXPECT_EQ(names(ok(fs.list("/b"))), "g");
}

TEST_P(Rename, FilesAndDirectoriesDoNotReplaceEachOther) {
  Vfs& fs = given(Fixture().file("/f", "x").dir("/d"));
  EXPECT_EQ(error(fs.move("/f", "/d")), Errc::eisdir);
  EXPECT_EQ(error(fs.move("/d", "/f")), Errc::enotdir);
}

TEST_P(Rename, OntoItselfChangesNothing) {
  Vfs& fs = given(Fixture().file("/f", "x").file("/d/g", "y"));
  ok(fs.move("/f", "/f"));
  ok(fs.move("/d", "/d"));
  EXPECT_EQ(ok(fs.content("/f")), "x");
  EXPECT_EQ(ok(fs.content("/d/g")), "y");
}

TEST_P(Rename, HardLinksOfOneFileOntoEachOtherBothStay) {
  Vfs& fs = given(Fixture().file("/a", "x").link("/b", "/a"));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(names(ok(fs.list("/"))), "a b");
  EXPECT_EQ(ok(fs.stat("/a")).nlink, 2U);
}

TEST_P(Rename, ADirectoryIntoItselfIsEinval) {
  Vfs& fs = given(Fixture().file("/a/b/f", "x"));
  EXPECT_EQ(error(fs.move("/a", "/a/x")), Errc::einval);
  EXPECT_EQ(error(fs.move("/a", "/a/b/x")), Errc::einval);
  EXPECT_EQ(error(fs.move("/a", "/a/b")), Errc::einval);
  EXPECT_EQ(ok(fs.content("/a/b/f")), "x");
}

TEST_P(Rename, OntoAnAncestorIsEnotempty) {
  Vfs& fs = given(Fixture().file("/a/b/f", "x").dir("/a/b/d"));
  EXPECT_EQ(error(fs.move("/a/b/d", "/a")), Errc::enotempty);
  EXPECT_EQ(error(fs.move("/a/b/f", "/a")), Errc::enotempty);
}

TEST_P(Rename, AMissingSourceOrParentIsEnoent) {
  Vfs& fs = given(Fixture().file("/f", "x").dir("/d"));
  EXPECT_EQ(error(fs.move("/none", "/x")), Errc::enoent);
  EXPECT_EQ(error(fs.move("/none", "/f")), Errc::enoent);
  EXPECT_EQ(error(fs.move("/f", "/none/f")), Errc::enoent);
  EXPECT_EQ(error(fs.move("/f", "/f/x")), Errc::enotdir);
}

TEST_P(Rename, ARemovedNameCannotBeMoved) {
  Vfs& fs = given(Fixture().file("/f", "x"));
  ok(fs.unlink("/f"));
  EXPECT_EQ(error(fs.move("/f", "/g")), Errc::enoent);
  EXPECT_EQ(error(fs.stat("/g")), Errc::enoent);
}

TEST_P(Rename, OntoARemovedNameWorks) {
  Vfs& fs = given(Fixture().file("/f", "x").file("/g/old", "y"));
  ok(remove_all(fs, "/g"));
  ok(fs.move("/f", "/g"));
  EXPECT_EQ(ok(fs.content("/g")), "x");
}

TEST_P(Rename, ADirectoryOntoTheNameOfARemovedOneHidesItsContent) {
  Vfs& fs = given(Fixture().file("/a/f", "x").file("/b/old", "y"));
  ok(remove_all(fs, "/b"));
  ok(fs.move("/a", "/b"));
  EXPECT_EQ(names(ok(fs.list("/b"))), "f");
  EXPECT_EQ(error(fs.stat("/b/old")), Errc::enoent);
}

TEST_P(Rename, ANewDirectoryOntoTheNameOfARemovedOneHidesItsContent) {
  Vfs& fs = given(Fixture().file("/b/old", "y"));
  ok(remove_all(fs, "/b"));
  ok(fs.mkdir("/new"));
  ok(fs.move("/new", "/b"));
  EXPECT_EQ(names(ok(fs.list("/b"))), "");
}

TEST_P(Rename, ASymlinkIsMovedNotFollowed) {
  Vfs& fs = given(Fixture().symlink("/link", "f").file("/f", "x"));
  ok(fs.move("/link", "/moved"));
  EXPECT_EQ(ok(fs.read_link("/moved")), "f");
  ok(fs.move("/f", "/moved"));
  EXPECT_EQ(ok(fs.lstat("/moved")).type, FileType::regular);
}

TEST_P(Rename, BothParentsAndTheChildShowTheChange) {
  const Time past{.sec = 1000};
  Vfs& fs = given(Fixture().file("/a/f", "x").dir("/a").mtime(past).dir("/b").mtime(past));
  const Time before = ok(fs.stat("/a/f")).ctime;
  let_the_clock_tick();
  ok(fs.move("/a/f", "/b/f"));
  EXPECT_GT(ok(fs.stat("/a")).mtime, past);
  EXPECT_GT(ok(fs.stat("/b")).mtime, past);
  EXPECT_GT(ok(fs.stat("/b/f")).ctime, before);
}

TEST_P(Rename, NoReplaceRefusesATakenName) {
  Vfs& fs = given(Fixture().file("/a", "1").file("/b", "2").dir("/d"));
  EXPECT_EQ(error(fs.rename("/a", "/b", kNoReplace)), Errc::eexist);
  EXPECT_EQ(error(fs.rename("/a", "/d", kNoReplace)), Errc::eexist);
  EXPECT_EQ(ok(fs.content("/b")), "2");
}

TEST_P(Rename, NoReplaceMovesToAFreeName) {
  Vfs& fs = given(Fixture().file("/a", "1").file("/gone", "2"));
  ok(fs.unlink("/gone"));
  ok(fs.rename("/a", "/gone", kNoReplace));
  EXPECT_EQ(ok(fs.content("/gone")), "1");
}

TEST_P(Rename, ExchangeSwapsFiles) {
  Vfs& fs = given(Fixture().file("/a", "1").file("/d/b", "2"));
  const std::uint64_t ino = ok(fs.stat("/a")).ino;
  ok(fs.rename("/a", "/d/b", kExchange));
  EXPECT_EQ(ok(fs.content("/a")), "2");
  EXPECT_EQ(ok(fs.content("/d/b")), "1");
  EXPECT_EQ(ok(fs.stat("/d/b")).ino, ino);
}

TEST_P(Rename, ExchangeSwapsAFileWithADirectory) {
  Vfs& fs = given(Fixture().file("/a", "1").file("/p/d/f", "2"));
  ok(fs.rename("/a", "/p/d", kExchange));
  EXPECT_EQ(ok(fs.content("/a/f")), "2");
  EXPECT_EQ(ok(fs.content("/p/d")), "1");
  expect_subdirectories("/p", 0);
}

TEST_P(Rename, ExchangeSwapsDirectories) {
  Vfs& fs = given(Fixture().file("/a/f", "1").file("/b/g", "2"));
  ok(fs.rename("/a", "/b", kExchange));
  EXPECT_EQ(names(ok(fs.list("/a"))), "g");
  EXPECT_EQ(names(ok(fs.list("/b"))), "f");
}

TEST_P(Rename, ExchangeNeedsBothNames) {
  Vfs& fs = given(Fixture().file("/a", "1"));
  EXPECT_EQ(error(fs.rename("/a", "/none", kExchange)), Errc::enoent);
  EXPECT_EQ(error(fs.rename("/none", "/a", kExchange)), Errc::enoent);
}

TEST_P(Rename, ExchangeWithAnAncestorOrDescendantIsEinval) {
  Vfs& fs = given(Fixture().file("/a/b/f", "1"));
  EXPECT_EQ(error(fs.rename("/a", "/a/b", kExchange)), Errc::einval);
  EXPECT_EQ(error(fs.rename("/a/b", "/a", kExchange)), Errc::einval);
}

TEST_P(Rename, AWhiteoutLiesAtTheOldName) {
  WASIFS_NEED_WHITEOUTS();
  Vfs& fs = given(Fixture().file("/d/a", "content").dir("/e"));
  const std::uint64_t ino = ok(fs.stat("/d/a")).ino;
  ok(fs.rename("/d/a", "/e/b", kWhiteout));
  EXPECT_EQ(ok(fs.content("/e/b")), "content");
  EXPECT_EQ(ok(fs.stat("/e/b")).ino, ino);
  const Attr left = ok(fs.lstat("/d/a"));
  EXPECT_EQ(left.type, FileType::char_device);
  EXPECT_EQ(left.rdev, 0U);
  EXPECT_EQ(left.mode, 0U);
  EXPECT_EQ(left.nlink, 1U);
  EXPECT_NE(left.ino, ino);
  EXPECT_EQ(names(ok(fs.list("/d"))), "a");
  EXPECT_EQ(error(fs.mkdir("/d/a")), Errc::eexist);
  ok(fs.unlink("/d/a"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "");
}

TEST_P(Rename, AWhiteoutIsLeftWhereAFileIsReplaced) {
  WASIFS_NEED_WHITEOUTS();
  Vfs& fs = given(Fixture().file("/a", "new").file("/b", "old"));
  ok(fs.rename("/a", "/b", kWhiteout));
  EXPECT_EQ(ok(fs.content("/b")), "new");
  EXPECT_EQ(ok(fs.lstat("/a")).type, FileType::char_device);
}

TEST_P(Rename, AWhiteoutIsLeftByADirectory) {
  WASIFS_NEED_WHITEOUTS();
  Vfs& fs = given(Fixture().file("/p/d/f", "x").dir("/q/empty"));
  ok(fs.rename("/p/d", "/q/empty", kWhiteout));
  EXPECT_EQ(ok(fs.content("/q/empty/f")), "x");
  EXPECT_EQ(ok(fs.lstat("/p/d")).type, FileType::char_device);
  expect_subdirectories("/p", 0);
  expect_subdirectories("/q", 1);
}

TEST_P(Rename, ARefusedRenameLeavesNoWhiteout) {
  WASIFS_NEED_WHITEOUTS();
  Vfs& fs = given(Fixture().file("/a", "x").file("/d/f", "y").dir("/e").link("/b", "/a"));
  EXPECT_EQ(error(fs.rename("/none", "/x", kWhiteout)), Errc::enoent);
  EXPECT_EQ(error(fs.rename("/e", "/d", kWhiteout)), Errc::enotempty);
  EXPECT_EQ(error(fs.rename("/a", "/d", kWhiteout)), Errc::eisdir);
  EXPECT_EQ(error(fs.rename("/d", "/d/x", kWhiteout)), Errc::einval);
  ok(fs.rename("/a", "/b", kWhiteout));
  EXPECT_EQ(names(ok(fs.list("/"))), "a b d e");
  EXPECT_EQ(ok(fs.content("/a")), "x") << "both names of one file stay";
}

TEST_P(Rename, AnOverlayMakesNoWhiteout) {
  if (!GetParam().overlay()) GTEST_SKIP() << "makes one: AWhiteoutLiesAtTheOldName";
  Vfs& fs = given(Fixture().file("/a", "1").file("/b", "2"));
  EXPECT_EQ(error(fs.rename("/a", "/new", kWhiteout)), Errc::einval);
  EXPECT_EQ(error(fs.rename("/a", "/b", kWhiteout)), Errc::einval);
  EXPECT_EQ(names(ok(fs.list("/"))), "a b");
}

}  // namespace wasifs::test
