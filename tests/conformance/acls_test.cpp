// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"
#include "support/acl.h"

namespace wasifs::test {

/// POSIX access control lists, as acl(5) has them.
class Acls : public Conformance {
 protected:
  /// False, and the case is skipped, where the host keeps no lists.
  bool supported(Vfs& fs) {
    const Status set = fs.set_xattr("/", kDefaultAclName, minimal_acl(7, 5, 5), XattrMode::any);
    if (error(set) == Errc::enotsup) return false;
    ok(set);
    ok(fs.remove_xattr("/", kDefaultAclName));
    return true;
  }
  void set_acl(Vfs& fs, std::string_view path, const std::string& list) {
    ok(fs.set_xattr(path, kAccessAclName, list, XattrMode::any));
  }
  void set_default(Vfs& fs, std::string_view path, const std::string& list) {
    ok(fs.set_xattr(path, kDefaultAclName, list, XattrMode::any));
  }
};
WASIFS_ON_EVERY_BACKEND(Acls);

#define WASIFS_NEED_ACLS(fs)                                                                     \
  if (!supported(fs)) GTEST_SKIP() << "ACLS MISSING: the host's file system or kernel has none"; \
  static_assert(true)

TEST_P(Acls, AListSetsTheModesPermissions) {
  Vfs& fs = given(Fixture().file("/f", "x", 04644));
  WASIFS_NEED_ACLS(fs);
  set_acl(fs, "/f", acl_of(7, 4, 5, 6, 1));
  EXPECT_EQ(ok(fs.stat("/f")).mode, 04761) << "the group's bits are the mask";
  EXPECT_EQ(ok(fs.get_xattr("/f", kAccessAclName)), acl_of(7, 4, 5, 6, 1));
  EXPECT_EQ(ok(fs.list_xattrs("/f")), std::vector<std::string>{kAccessAclName});
}

TEST_P(Acls, ChmodSetsTheMask) {
  Vfs& fs = given(Fixture().file("/f", "x"));
  WASIFS_NEED_ACLS(fs);
  set_acl(fs, "/f", acl_of(7, 4, 5, 6, 1));
  ok(fs.chmod("/f", 0642));
  EXPECT_EQ(ok(fs.get_xattr("/f", kAccessAclName)), acl_of(6, 4, 5, 4, 2));
  EXPECT_EQ(ok(fs.stat("/f")).mode, 0642);
}

TEST_P(Acls, AListThatSaysNoMoreThanAModeIsOne) {
  Vfs& fs = given(Fixture().file("/f", "x", 0600));
  WASIFS_NEED_ACLS(fs);
  set_acl(fs, "/f", acl_of(7, 4, 5, 6, 1));
  set_acl(fs, "/f", minimal_acl(6, 4, 1));
  EXPECT_EQ(ok(fs.stat("/f")).mode, 0641);
  EXPECT_EQ(names(ok(fs.list("/"))), "f");
  EXPECT_TRUE(ok(fs.list_xattrs("/f")).empty());
}

TEST_P(Acls, WithoutItsListAFileKeepsItsMode) {
  Vfs& fs = given(Fixture().file("/f", "x"));
  WASIFS_NEED_ACLS(fs);
  set_acl(fs, "/f", acl_of(7, 4, 5, 6, 1));
  ok(fs.remove_xattr("/f", kAccessAclName));
  EXPECT_EQ(ok(fs.stat("/f")).mode, 0761);
  EXPECT_EQ(error(fs.get_xattr("/f", kAccessAclName)), Errc::enodata);
}

TEST_P(Acls, WhatIsMadeInADirectoryStartsWithItsDefaultList) {
  Vfs& fs = given(Fixture().dir("/d"));
  WASIFS_NEED_ACLS(fs);
  set_default(fs, "/d", acl_of(7, 7, 5, 7, 4));
  EXPECT_EQ(ok(fs.stat("/d")).mode, 0755) << "it says nothing about the directory itself";
  ok(fs.make("/d/f", {.mode = 0666}));
  EXPECT_EQ(ok(fs.stat("/d/f")).mode, 0664);
  EXPECT_EQ(ok(fs.get_xattr("/d/f", kAccessAclName)), acl_of(6, 7, 5, 6, 4));
  EXPECT_EQ(error(fs.get_xattr("/d/f", kDefaultAclName)), Errc::enodata);
  ok(fs.mkdir("/d/sub", 0750));
  EXPECT_EQ(ok(fs.stat("/d/sub")).mode, 0750);
  EXPECT_EQ(ok(fs.get_xattr("/d/sub", kAccessAclName)), acl_of(7, 7, 5, 5, 0));
  EXPECT_EQ(ok(fs.get_xattr("/d/sub", kDefaultAclName)), acl_of(7, 7, 5, 7, 4));
  ok(fs.symlink("f", "/d/l"));
  EXPECT_TRUE(ok(fs.list_xattrs("/d/l")).empty());
}

TEST_P(Acls, AnOpenedFileStartsWithTheDefaultListToo) {
  Vfs& fs = given(Fixture().dir("/d"));
  WASIFS_NEED_ACLS(fs);
  set_default(fs, "/d", acl_of(7, 7, 5, 7, 4));
  OpenMode create = kCreateNew;
  create.mode = 0600;
  ok(ok(fs.open("/d/f", create))->write(0, "x"));
  EXPECT_EQ(ok(fs.get_xattr("/d/f", kAccessAclName)), acl_of(6, 7, 5, 0, 0));
  Result<HandlePtr> unnamed = fs.open_anonymous("/d", 0640);
  if (error(unnamed) == Errc::enotsup) return;
  ok(fs.name_anonymous(**unnamed, "/d/g"));
  EXPECT_EQ(ok(fs.get_xattr("/d/g", kAccessAclName)), acl_of(6, 7, 5, 4, 0));
}

TEST_P(Acls, AMinimalDefaultListIsALimitOfModes) {
  Vfs& fs = given(Fixture().dir("/d"));
  WASIFS_NEED_ACLS(fs);
  set_default(fs, "/d", minimal_acl(7, 5, 0));
  ok(fs.make("/d/f", {.mode = 0666}));
  EXPECT_EQ(ok(fs.stat("/d/f")).mode, 0640);
  EXPECT_TRUE(ok(fs.list_xattrs("/d/f")).empty());
}

TEST_P(Acls, OnlyADirectoryHasADefaultList) {
  Vfs& fs = given(Fixture().file("/f", "x"));
  WASIFS_NEED_ACLS(fs);
  EXPECT_EQ(error(fs.set_xattr("/f", kDefaultAclName, minimal_acl(7, 5, 5), XattrMode::any)), Errc::eacces);
}

TEST_P(Acls, WhatIsNoListIsEinval) {
  Vfs& fs = given(Fixture().dir("/d", 0755));
  WASIFS_NEED_ACLS(fs);
  const std::string missing_mask =
      acl_value({{kAclUserObj, 7}, {kAclUser, 7, 1000}, {kAclGroupObj, 5}, {kAclOther, 5}});
  const std::string wrong_order = acl_value({{kAclGroupObj, 5}, {kAclUserObj, 7}, {kAclOther, 5}});
  const std::string cut_short = minimal_acl(7, 5, 5).substr(0, 27);
  for (const std::string& bad : {missing_mask, wrong_order, cut_short}) {
    EXPECT_EQ(error(fs.set_xattr("/d", kAccessAclName, bad, XattrMode::any)), Errc::einval);
    EXPECT_EQ(error(fs.set_xattr("/d", kDefaultAclName, bad, XattrMode::any)), Errc::einval);
  }
  EXPECT_EQ(ok(fs.stat("/d")).mode, 0755);
  EXPECT_TRUE(ok(fs.list_xattrs("/d")).empty());
}

TEST_P(Acls, ListsAreStillThereAfterAChange) {
  Vfs& fs = given(Fixture().file("/d/f", "x").dir("/d"));
  WASIFS_NEED_ACLS(fs);
  set_acl(fs, "/d/f", acl_of(6, 4, 4, 6, 0));
  set_default(fs, "/d", acl_of(7, 7, 5, 7, 4));
  ok(fs.append("/d/f", "y"));
  ok(fs.move("/d", "/e"));
  EXPECT_EQ(ok(fs.get_xattr("/e/f", kAccessAclName)), acl_of(6, 4, 4, 6, 0));
  EXPECT_EQ(ok(fs.get_xattr("/e", kDefaultAclName)), acl_of(7, 7, 5, 7, 4));
  EXPECT_EQ(ok(fs.stat("/e/f")).mode, 0660);
}

}  // namespace wasifs::test
