// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

class Directories : public Conformance {};
WASIFS_ON_EVERY_BACKEND(Directories);

TEST_P(Directories, TheRootIsADirectory) {
  Vfs& fs = given();
  EXPECT_EQ(ok(fs.stat("/")).type, FileType::directory);
  EXPECT_EQ(names(ok(fs.list("/"))), "");
}

TEST_P(Directories, ANewDirectoryIsEmptyAndHasTheModeAsked) {
  Vfs& fs = given();
  ok(fs.mkdir("/d", 0750));
  const Attr attr = ok(fs.stat("/d"));
  EXPECT_EQ(attr.type, FileType::directory);
  EXPECT_EQ(attr.mode, 0750);
  expect_subdirectories("/d", 0);
  EXPECT_EQ(names(ok(fs.list("/d"))), "");
}

TEST_P(Directories, MakingWhatExistsIsEexist) {
  Vfs& fs = given(Fixture().dir("/d").file("/f").symlink("/link", "missing"));
  EXPECT_EQ(error(fs.mkdir("/d")), Errc::eexist);
  EXPECT_EQ(error(fs.mkdir("/f")), Errc::eexist);
  EXPECT_EQ(error(fs.mkdir("/link")), Errc::eexist);
}

TEST_P(Directories, MakingBelowAMissingDirectoryIsEnoent) {
  Vfs& fs = given();
  EXPECT_EQ(error(fs.mkdir("/a/b")), Errc::enoent);
}

TEST_P(Directories, SubdirectoriesCountAsLinks) {
  Vfs& fs = given(Fixture().dir("/d/a").dir("/d/b").file("/d/f"));
  expect_subdirectories("/d", 2);
  ok(fs.mkdir("/d/c"));
  expect_subdirectories("/d", 3);
  ok(fs.rmdir("/d/a"));
  expect_subdirectories("/d", 2);
}

TEST_P(Directories, RemovingANonEmptyDirectoryIsEnotempty) {
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  EXPECT_EQ(error(fs.rmdir("/d")), Errc::enotempty);
  EXPECT_EQ(ok(fs.content("/d/f")), "x");
}

TEST_P(Directories, AnEmptiedDirectoryCanBeRemoved) {
  Vfs& fs = given(Fixture().file("/d/a").file("/d/b").dir("/d/c"));
  ok(fs.unlink("/d/a"));
  ok(fs.unlink("/d/b"));
  EXPECT_EQ(error(fs.rmdir("/d")), Errc::enotempty);
  ok(fs.rmdir("/d/c"));
  ok(fs.rmdir("/d"));
  EXPECT_EQ(error(fs.stat("/d")), Errc::enoent);
  EXPECT_EQ(names(ok(fs.list("/"))), "");
}

TEST_P(Directories, NothingBelowARemovedDirectoryIsReachable) {
  Vfs& fs = given(Fixture().file("/d/sub/f", "x"));
  ok(remove_all(fs, "/d"));
  for (const char* const path : {"/d", "/d/sub", "/d/sub/f"}) {
    EXPECT_EQ(error(fs.stat(path)), Errc::enoent) << path;
    EXPECT_EQ(error(fs.open(path, kRead)), Errc::enoent) << path;
  }
  EXPECT_EQ(error(fs.open_dir("/d")), Errc::enoent);
}

TEST_P(Directories, ARecreatedDirectoryIsEmpty) {
  Vfs& fs = given(Fixture().file("/d/f", "x").file("/d/sub/g", "y"));
  ok(remove_all(fs, "/d"));
  ok(fs.mkdir("/d"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "");
  EXPECT_EQ(error(fs.stat("/d/f")), Errc::enoent);
  EXPECT_EQ(error(fs.stat("/d/sub")), Errc::enoent);
  expect_subdirectories("/d", 0);
}

TEST_P(Directories, ARecreatedSubtreeIsEmptyAllTheWayDown) {
  Vfs& fs = given(Fixture().file("/a/b/c/f", "x"));
  ok(remove_all(fs, "/a"));
  ok(fs.mkdir("/a"));
  ok(fs.mkdir("/a/b"));
  ok(fs.mkdir("/a/b/c"));
  EXPECT_EQ(names(ok(fs.list("/a/b/c"))), "");
  ok(fs.put("/a/b/c/new", "n"));
  EXPECT_EQ(names(ok(fs.list("/a/b/c"))), "new");
}

TEST_P(Directories, ARecreatedDirectoryCanBeRemovedAgain) {
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  ok(remove_all(fs, "/d"));
  ok(fs.mkdir("/d"));
  ok(fs.rmdir("/d"));
  EXPECT_EQ(error(fs.stat("/d")), Errc::enoent);
}

TEST_P(Directories, AFileMayTakeTheNameOfARemovedDirectory) {
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  ok(remove_all(fs, "/d"));
  ok(fs.put("/d", "file"));
  EXPECT_EQ(ok(fs.content("/d")), "file");
  EXPECT_EQ(error(fs.stat("/d/f")), Errc::enotdir);
}

TEST_P(Directories, ADirectoryMayTakeTheNameOfARemovedFile) {
  Vfs& fs = given(Fixture().file("/x", "file"));
  ok(fs.unlink("/x"));
  ok(fs.mkdir("/x"));
  ok(fs.put("/x/f", "inside"));
  EXPECT_EQ(names(ok(fs.list("/x"))), "f");
}

TEST_P(Directories, AnythingMayTakeTheNameOfARemovedFileInTurn) {
  Vfs& fs = given(Fixture().file("/d/x", "file"));
  ok(fs.unlink("/d/x"));
  ok(fs.symlink("elsewhere", "/d/x"));
  EXPECT_EQ(ok(fs.read_link("/d/x")), "elsewhere");
  ok(fs.unlink("/d/x"));
  ok(fs.mkdir("/d/x"));
  ok(fs.rmdir("/d/x"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "");
}

TEST_P(Directories, AWholeTreeCanBeRemoved) {
  Fixture fixture;
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      fixture.file("/t/" + std::to_string(i) + "/" + std::to_string(j) + "/f", "x");
    }
  }
  Vfs& fs = given(fixture);
  ok(remove_all(fs, "/t"));
  EXPECT_EQ(names(ok(fs.list("/"))), "");
}

TEST_P(Directories, UnlinkDoesNotRemoveADirectory) {
  Vfs& fs = given(Fixture().dir("/d"));
  EXPECT_EQ(error(fs.unlink("/d")), Errc::eisdir);
  EXPECT_EQ(ok(fs.stat("/d")).type, FileType::directory);
}

TEST_P(Directories, RmdirDoesNotRemoveAFile) {
  Vfs& fs = given(Fixture().file("/f", "x").symlink("/link", "d").dir("/d"));
  EXPECT_EQ(error(fs.rmdir("/f")), Errc::enotdir);
  EXPECT_EQ(error(fs.rmdir("/link")), Errc::enotdir);
  EXPECT_EQ(error(fs.rmdir("/none")), Errc::enoent);
}

TEST_P(Directories, NothingCanBeMadeInARemovedDirectoryThatIsStillOpen) {
  Vfs& fs = given(Fixture().dir("/d"));
  const ListingPtr listing = ok(fs.open_dir("/d"));
  ok(fs.rmdir("/d"));
  EXPECT_EQ(names(ok(listing->next(10))), "");
  EXPECT_EQ(error(fs.put("/d/f", "x")), Errc::enoent);
}

TEST_P(Directories, SixHundredLevelsCanBeMadeAndRemoved) {
  Vfs& fs = given();
  std::string path;
  for (int level = 0; level < 600; ++level) ok(fs.mkdir(path += "/d"));
  ok(fs.put(path + "/f", "deep"));
  EXPECT_EQ(ok(fs.content(path + "/f")), "deep");
  ok(remove_all(fs, "/d"));
  EXPECT_EQ(names(ok(fs.list("/"))), "");
}

TEST_P(Directories, ADeepExistingTreeIsReachable) {
  std::string path;
  for (int level = 0; level < 100; ++level) path += "/level";
  Vfs& fs = given(Fixture().file(path + "/f", "deep"));
  EXPECT_EQ(ok(fs.content(path + "/f")), "deep");
  ok(fs.append(path + "/f", "er"));
  EXPECT_EQ(ok(fs.content(path + "/f")), "deeper");
}

TEST_P(Directories, TheSetGroupIdBitPassesTheGroupOn) {
  WASIFS_NEED_PRIVILEGES();
  Vfs& fs = given(Fixture().dir("/d", 02775).owner(0, 1234));
  ok(fs.chmod("/d", 02775));  // chown may have cleared the bit
  ok(fs.mkdir("/d/sub"));
  ok(fs.put("/d/f", "x"));
  EXPECT_EQ(ok(fs.stat("/d/sub")).gid, 1234U);
  EXPECT_EQ(ok(fs.stat("/d/sub")).mode, 02755);
  EXPECT_EQ(ok(fs.stat("/d/f")).gid, 1234U);
}

}  // namespace wasifs::test
