// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

class Names : public Conformance {};
WASIFS_ON_EVERY_BACKEND(Names);

TEST_P(Names, TwoHundredFiftyFiveBytesAreAllowed) {
  const std::string path = "/d/" + std::string(255, 'n');
  Vfs& fs = given(Fixture().file("/d/" + std::string(255, 'o'), "old"));
  ok(fs.put(path, "new"));
  EXPECT_EQ(ok(fs.content(path)), "new");
  EXPECT_EQ(ok(fs.content("/d/" + std::string(255, 'o'))), "old");
  EXPECT_EQ(ok(fs.list("/d")).size(), 2U);
}

TEST_P(Names, TwoHundredFiftySixBytesAreEnametoolong) {
  const std::string path = "/d/" + std::string(256, 'n');
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  EXPECT_EQ(error(fs.put(path, "x")), Errc::enametoolong);
  EXPECT_EQ(error(fs.mkdir(path)), Errc::enametoolong);
  EXPECT_EQ(error(fs.symlink("x", path)), Errc::enametoolong);
  EXPECT_EQ(error(fs.link("/d/f", path)), Errc::enametoolong);
  EXPECT_EQ(error(fs.move("/d/f", path)), Errc::enametoolong);
  EXPECT_EQ(error(fs.stat(path)), Errc::enametoolong);
  EXPECT_EQ(error(fs.unlink(path)), Errc::enametoolong);
}

TEST_P(Names, WhiteoutLookingNamesAreOrdinary) {
  Vfs& fs = given(Fixture().file("/d/.wh.f", "1").file("/d/f", "2").file("/d/.wh..wh..opq", "3"));
  EXPECT_EQ(names(ok(fs.list("/d"))), ".wh..wh..opq .wh.f f");
  EXPECT_EQ(ok(fs.content("/d/.wh.f")), "1");
  ok(fs.put("/d/.wh.new", "4"));
  ok(fs.mkdir("/d/.wh.dir"));
  ok(fs.move("/d/.wh.f", "/d/.wh.g"));
  ok(fs.unlink("/d/.wh..wh..opq"));
  EXPECT_EQ(names(ok(fs.list("/d"))), ".wh.dir .wh.g .wh.new f");
  EXPECT_EQ(ok(fs.content("/d/f")), "2");
}

TEST_P(Names, RemovingAFileLeavesNoWhiteoutToSee) {
  Vfs& fs = given(Fixture().file("/d/f", "x").file("/d/sub/g", "y"));
  ok(fs.unlink("/d/f"));
  ok(remove_all(fs, "/d/sub"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "");
  EXPECT_EQ(error(fs.lstat("/d/.wh.f")), Errc::enoent);
  ok(fs.rmdir("/d"));
  EXPECT_EQ(names(ok(fs.list("/"))), "");
}

TEST_P(Names, ADeviceThatLooksLikeAWhiteoutIsOrdinary) {
  WASIFS_NEED_PRIVILEGES();
  Vfs& fs = given(Fixture().file("/d/f", "x"));
  if (GetParam().lasting()) {
    // There it would be one.
    EXPECT_EQ(error(fs.make("/d/device", {.type = FileType::char_device, .mode = 0600, .rdev = 0})),
              Errc::eperm);
    return;
  }
  ok(fs.make("/d/device", {.type = FileType::char_device, .mode = 0600, .rdev = 0}));
  EXPECT_EQ(names(ok(fs.list("/d"))), "device f");
  EXPECT_EQ(ok(fs.lstat("/d/device")).type, FileType::char_device);
}

TEST_P(Names, AnyByteButSlashAndNulMayStandInAName) {
  Vfs& fs = given(Fixture().file("/d/old \xff\xfe\n*"));
  std::string all;
  for (int byte = 1; byte < 256; ++byte) {
    if (byte != '/') all += static_cast<char>(byte);
  }
  ok(fs.put("/d/" + all.substr(0, 200), "a"));
  ok(fs.put("/d/" + all.substr(200), "b"));
  EXPECT_EQ(ok(fs.content("/d/" + all.substr(0, 200))), "a");
  EXPECT_EQ(ok(fs.content("/d/" + all.substr(200))), "b");
  EXPECT_EQ(ok(fs.list("/d")).size(), 3U);
}

TEST_P(Names, CaseAndNormalisationTellNamesApart) {
  Vfs& fs = given(Fixture().file("/d/name", "1").file("/d/NAME", "2").file("/d/\u00e9", "3"));
  ok(fs.put("/d/e\u0301", "4"));
  EXPECT_EQ(ok(fs.content("/d/NAME")), "2");
  EXPECT_EQ(ok(fs.content("/d/\u00e9")), "3");
  EXPECT_EQ(ok(fs.list("/d")).size(), 4U);
}

TEST_P(Names, DotsAreOrdinaryUnlessOneOrTwo) {
  Vfs& fs = given(Fixture().file("/d/...", "1").file("/d/..x", "2").file("/d/.hidden", "3"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "... ..x .hidden");
  EXPECT_EQ(ok(fs.content("/d/...")), "1");
}

TEST_P(Names, DotAndDotDotCannotBeMadeOrRemoved) {
  Vfs& fs = given(Fixture().dir("/d/sub"));
  EXPECT_EQ(ok(fs.stat("/d/.")).ino, ok(fs.stat("/d")).ino);
  EXPECT_EQ(ok(fs.stat("/d/sub/..")).ino, ok(fs.stat("/d")).ino);
  EXPECT_EQ(error(fs.rmdir("/d/sub/.")), Errc::einval);
  EXPECT_NE(error(fs.mkdir("/d/.")), kOk);
  EXPECT_NE(error(fs.move("/d/sub", "/d/..")), kOk);
  EXPECT_EQ(ok(fs.stat("/d/sub")).type, FileType::directory);
}

TEST_P(Names, ATrailingSlashWantsADirectory) {
  Vfs& fs = given(Fixture().dir("/d").file("/f", "x").symlink("/s", "d"));
  EXPECT_EQ(ok(fs.stat("/d/")).type, FileType::directory);
  EXPECT_EQ(ok(fs.lstat("/s/")).type, FileType::directory);
  EXPECT_EQ(error(fs.stat("/f/")), Errc::enotdir);
  EXPECT_EQ(error(fs.open("/f/", kRead)), Errc::enotdir);
}

TEST_P(Names, RepeatedSlashesCountAsOne) {
  Vfs& fs = given(Fixture().file("/d/sub/f", "x"));
  EXPECT_EQ(ok(fs.content("//d///sub//f")), "x");
}

TEST_P(Names, APathLongerThanPathMaxIsEnametoolong) {
  Vfs& fs = given(Fixture().dir("/d"));
  std::string path = "/d";
  while (path.size() < 4096) path += "/.";
  EXPECT_EQ(error(fs.stat(path)), Errc::enametoolong);
}

}  // namespace wasifs::test
