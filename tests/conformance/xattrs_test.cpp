// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "conformance.h"

namespace wasifs::test {

class Xattrs : public Conformance {
 protected:
  /// The names in the user namespace, sorted, separated by spaces.
  static std::string user_names(Vfs& fs, std::string_view path) {
    std::vector<std::string> all = ok(fs.list_xattrs(path));
    std::ranges::sort(all);
    std::string joined;
    for (const std::string& name : all) {
      if (name.starts_with("user.")) joined += (joined.empty() ? "" : " ") + name;
    }
    return joined;
  }
};
WASIFS_ON_EVERY_BACKEND(Xattrs);

TEST_P(Xattrs, AValueIsReadBack) {
  Vfs& fs = given(Fixture().file("/f").xattr("user.k", "value"));
  EXPECT_EQ(ok(fs.get_xattr("/f", "user.k")), "value");
  EXPECT_EQ(user_names(fs, "/f"), "user.k");
}

TEST_P(Xattrs, AnExistingFileTakesANewOne) {
  Vfs& fs = given(Fixture().file("/f", "content").xattr("user.old", "1").mtime({.sec = 1000}));
  ok(fs.set_xattr("/f", "user.new", "2", XattrMode::any));
  EXPECT_EQ(user_names(fs, "/f"), "user.new user.old");
  EXPECT_EQ(ok(fs.content("/f")), "content");
  EXPECT_EQ(ok(fs.stat("/f")).mtime, (Time{.sec = 1000}));
}

TEST_P(Xattrs, AValueCanBeReplaced) {
  Vfs& fs = given(Fixture().file("/f").xattr("user.k", "a longer value"));
  ok(fs.set_xattr("/f", "user.k", "short", XattrMode::replace));
  EXPECT_EQ(ok(fs.get_xattr("/f", "user.k")), "short");
}

TEST_P(Xattrs, CreateRefusesAnExistingName) {
  Vfs& fs = given(Fixture().file("/f").xattr("user.k", "1"));
  EXPECT_EQ(error(fs.set_xattr("/f", "user.k", "2", XattrMode::create)), Errc::eexist);
  EXPECT_EQ(ok(fs.get_xattr("/f", "user.k")), "1");
}

TEST_P(Xattrs, ReplaceRefusesAMissingName) {
  Vfs& fs = given(Fixture().file("/f"));
  EXPECT_EQ(error(fs.set_xattr("/f", "user.k", "2", XattrMode::replace)), Errc::enodata);
  EXPECT_EQ(user_names(fs, "/f"), "");
}

TEST_P(Xattrs, ARemovedOneIsGone) {
  Vfs& fs = given(Fixture().file("/f").xattr("user.a", "1").xattr("user.b", "2"));
  ok(fs.remove_xattr("/f", "user.a"));
  EXPECT_EQ(error(fs.get_xattr("/f", "user.a")), Errc::enodata);
  EXPECT_EQ(error(fs.remove_xattr("/f", "user.a")), Errc::enodata);
  EXPECT_EQ(user_names(fs, "/f"), "user.b");
}

TEST_P(Xattrs, AMissingOneIsEnodata) {
  Vfs& fs = given(Fixture().file("/f"));
  EXPECT_EQ(error(fs.get_xattr("/f", "user.k")), Errc::enodata);
  EXPECT_EQ(error(fs.remove_xattr("/f", "user.k")), Errc::enodata);
}

TEST_P(Xattrs, ValuesMayBeEmptyOrHoldAnyByte) {
  Vfs& fs = given(Fixture().file("/f"));
  std::string bytes(256, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  ok(fs.set_xattr("/f", "user.empty", "", XattrMode::any));
  ok(fs.set_xattr("/f", "user.bytes", bytes, XattrMode::any));
  EXPECT_EQ(ok(fs.get_xattr("/f", "user.empty")), "");
  EXPECT_EQ(ok(fs.get_xattr("/f", "user.bytes")), bytes);
}

TEST_P(Xattrs, DirectoriesHaveThem) {
  Vfs& fs = given(Fixture().file("/d/f").dir("/d").xattr("user.k", "1"));
  ok(fs.set_xattr("/d", "user.l", "2", XattrMode::create));
  EXPECT_EQ(user_names(fs, "/d"), "user.k user.l");
  EXPECT_EQ(names(ok(fs.list("/d"))), "f");
}

TEST_P(Xattrs, TheRootHasThem) {
  Vfs& fs = given();
  ok(fs.set_xattr("/", "user.k", "1", XattrMode::any));
  EXPECT_EQ(ok(fs.get_xattr("/", "user.k")), "1");
}

TEST_P(Xattrs, AWriteAndARenameKeepThem) {
  Vfs& fs =
      given(Fixture().file("/f", "x").xattr("user.k", "1").file("/d/g", "y").dir("/d").xattr("user.l", "2"));
  ok(fs.append("/f", "y"));
  ok(fs.move("/f", "/g"));
  ok(fs.move("/d", "/e"));
  EXPECT_EQ(ok(fs.get_xattr("/g", "user.k")), "1");
  EXPECT_EQ(ok(fs.get_xattr("/e", "user.l")), "2");
}

TEST_P(Xattrs, ManyAreListedOnce) {
  Vfs& fs = given(Fixture().file("/f").xattr("user.0", "old"));
  std::string expected;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "user." + std::to_string(i);
    ok(fs.set_xattr("/f", name, "v" + name, XattrMode::any));
    expected += (i == 0 ? "" : " ") + name;
  }
  EXPECT_EQ(user_names(fs, "/f"), expected);
  EXPECT_EQ(ok(fs.get_xattr("/f", "user.7")), "vuser.7");
}

TEST_P(Xattrs, OfAMissingFileAreEnoent) {
  Vfs& fs = given();
  EXPECT_EQ(error(fs.get_xattr("/none", "user.k")), Errc::enoent);
  EXPECT_EQ(error(fs.set_xattr("/none", "user.k", "v", XattrMode::any)), Errc::enoent);
  EXPECT_EQ(error(fs.list_xattrs("/none")), Errc::enoent);
}

}  // namespace wasifs::test
