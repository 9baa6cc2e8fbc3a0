// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <vector>

#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

class HostNames : public HostTest {
 protected:
  NodeRef make_dir(std::string_view name) const {
    return must(root_->create(name, mine({.type = FileType::directory, .mode = 0755})));
  }
};

TEST_F(HostNames, LookupFindsWhatTheHostHas) {
  temp_.make_dirs("root/d");
  temp_.write_file("root/d/f", "x");
  EXPECT_EQ(must(at("d")->lookup("f"))->type(), FileType::regular);
  EXPECT_EQ(error_of(root_->lookup("nothing")), Errc::enoent);
  EXPECT_EQ(error_of(must(at("d")->lookup("f"))->lookup("x")), Errc::enotdir);
}

TEST_F(HostNames, ChangesOfOthersShowAtOnce) {
  EXPECT_EQ(error_of(root_->lookup("f")), Errc::enoent);
  temp_.write_file("root/f", "x");
  EXPECT_EQ(content_of(*at("f")), "x");
  ASSERT_EQ(::unlink((temp_ / "root/f").c_str()), 0);
  EXPECT_EQ(error_of(root_->lookup("f")), Errc::enoent);
}

TEST_F(HostNames, HardLinksAreOneNode) {
  const NodeRef file = make("a");
  must(root_->link("b", *file));
  EXPECT_EQ(at("a"), at("b"));
  EXPECT_EQ(must(file->attr()).nlink, 2U);
}

TEST_F(HostNames, LinkNeedsNoPrivilegeForAFileOfOnesOwn) {
  WASIFS_NEEDS_ROOT();
  must(root_->set_attr({.mode = 0777}));
  // Opened by another user than the one who links.
  const NodeRef file = must(root_->create("a", {.mode = 0644, .uid = ScopedUser::kUser, .gid = 0}));
  const ScopedUser user;
  must(root_->link("b", *file));
  EXPECT_EQ(at("b"), file);
}

TEST_F(HostNames, LinkRefusesWhatCannotHaveASecondName) {
  const NodeRef file = make("f");
  const NodeRef dir = make_dir("d");
  EXPECT_EQ(error_of(root_->link("f", *file)), Errc::eexist);
  EXPECT_EQ(error_of(root_->link("e", *dir)), Errc::eperm);
  must(root_->unlink("f"));
  EXPECT_EQ(error_of(root_->link("g", *file)), Errc::enoent);
}

TEST_F(HostNames, LinkingASymlinkNamesTheLinkItself) {
  temp_.make_symlink("root/l", "../outside/secret");
  const NodeRef link = at("l");
  must(root_->link("m", *link));
  EXPECT_EQ(at("m"), link);
  EXPECT_EQ(host_stat("outside/secret").st_nlink, 1U);
}

TEST_F(HostNames, UnlinkAndRmdirTakeTheirOwnKindOnly) {
  make("f");
  const NodeRef dir = make_dir("d");
  must(dir->create("x", mine({})));
  EXPECT_EQ(error_of(root_->rmdir("f")), Errc::enotdir);
  EXPECT_EQ(error_of(root_->unlink("d")), Errc::eisdir);
  EXPECT_EQ(error_of(root_->rmdir("d")), Errc::enotempty);
  EXPECT_EQ(error_of(root_->unlink("nothing")), Errc::enoent);
  must(dir->unlink("x"));
  must(root_->rmdir("d"));
  must(root_->unlink("f"));
  EXPECT_TRUE(list(*root_).empty());
}

TEST_F(HostNames, UnlinkingASymlinkLeavesItsTarget) {
  temp_.make_symlink("root/l", "../outside/secret");
  must(root_->unlink("l"));
  EXPECT_TRUE(temp_.exists("outside/secret"));
}

TEST_F(HostNames, RenameMovesAndReplaces) {
  temp_.write_file("root/a", "a");
  temp_.write_file("root/b", "b");
  const NodeRef dir = make_dir("d");
  const NodeRef file = at("a");
  must(root_->rename("a", *root_, "b", RenameMode::replace));
  EXPECT_EQ(at("b"), file);
  must(root_->rename("b", *dir, "c", RenameMode::replace));
  EXPECT_EQ(temp_.read_file("root/d/c"), "a");
  EXPECT_EQ(must(dir->lookup("c")), file);
}

TEST_F(HostNames, RenameNoReplaceAndExchangeAreAtomicVariants) {
  temp_.write_file("root/a", "a");
  temp_.write_file("root/b", "b");
  EXPECT_EQ(error_of(root_->rename("a", *root_, "b", RenameMode::no_replace)), Errc::eexist);
  must(root_->rename("a", *root_, "b", RenameMode::exchange));
  EXPECT_EQ(temp_.read_file("root/a"), "b");
  EXPECT_EQ(temp_.read_file("root/b"), "a");
  EXPECT_EQ(error_of(root_->rename("a", *root_, "c", RenameMode::exchange)), Errc::enoent);
}

TEST_F(HostNames, RenameOfTwoNamesOfOneFileDoesNothing) {
  const NodeRef file = make("a");
  must(root_->link("b", *file));
  must(root_->rename("a", *root_, "b", RenameMode::replace));
  EXPECT_EQ(at("a"), at("b"));
}

TEST_F(HostNames, RenameRefusesWhatPosixRefuses) {
  make("f");
  const NodeRef dir = make_dir("d");
  const NodeRef full = make_dir("full");
  const NodeRef inner = must(full->create("x", mine({.type = FileType::directory, .mode = 0755})));
  EXPECT_EQ(error_of(root_->rename("nothing", *root_, "x", RenameMode::replace)), Errc::enoent);
  EXPECT_EQ(error_of(root_->rename("f", *root_, "d", RenameMode::replace)), Errc::eisdir);
  EXPECT_EQ(error_of(root_->rename("d", *root_, "f", RenameMode::replace)), Errc::enotdir);
  EXPECT_EQ(error_of(root_->rename("d", *root_, "full", RenameMode::replace)), Errc::enotempty);
  EXPECT_EQ(error_of(root_->rename("full", *inner, "y", RenameMode::replace)), Errc::einval);
  EXPECT_EQ(error_of(root_->rename("f", *at("f"), "y", RenameMode::replace)), Errc::enotdir);
}

TEST_F(HostNames, NodesOfAnotherFilesystemAreExdev) {
  make("f");
  const auto other = open_host(temp_ / "outside");
  const NodeRef theirs = must(other->root()->lookup("secret"));
  EXPECT_EQ(error_of(root_->link("l", *theirs)), Errc::exdev);
  EXPECT_EQ(error_of(root_->rename("f", *other->root(), "g", RenameMode::replace)), Errc::exdev);
  // Even where both map the same directory: identity is per Filesystem.
  const auto same = open_host(temp_ / "root");
  EXPECT_EQ(error_of(root_->rename("f", *same->root(), "g", RenameMode::replace)), Errc::exdev);
  EXPECT_TRUE(temp_.exists("root/f"));
}

/// A node of a layer that is no host directory at all.
class ForeignNode final : public Node {
 public:
  ForeignNode() : Node(FileType::directory) {}
  [[nodiscard]] Result<Attr> attr() override { return Attr{}; }
};

TEST_F(HostNames, NodesOfAnotherLayerAreExdev) {
  make("f");
  const auto foreign = make_ref<ForeignNode>();
  EXPECT_EQ(error_of(root_->rename("f", *foreign, "g", RenameMode::replace)), Errc::exdev);
  EXPECT_EQ(error_of(root_->link("g", *foreign)), Errc::exdev);
}

TEST_F(HostNames, ReadDirTellsWhatAttrTells) {
  make("f");
  make_dir("d");
  temp_.make_symlink("root/l", "nowhere");
  must(root_->create("p", mine({.type = FileType::fifo})));
  const auto entries = list(*root_);
  ASSERT_EQ(entries.size(), 4U);
  for (const auto& [name, entry] : entries) {
    const Attr attr = must(at(name)->attr());
    EXPECT_EQ(entry.ino, attr.ino) << name;
    EXPECT_EQ(entry.type, attr.type) << name;
  }
}

TEST_F(HostNames, ReadDirContinuesFromEveryCookie) {
  std::set<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    const std::string name = "file-with-a-rather-long-name-" + std::to_string(i) + std::string(200, 'x');
    temp_.write_file("root/" + name, "");
    expected.insert(name);
  }
  const DirPtr dir = must(root_->open_dir());
  std::set<std::string> seen;
  std::uint64_t cookie = 0;
  for (bool more = true; more;) {
    more = false;
    int room = 7;
    must(dir->read(cookie, [&](const DirEntry& entry) {
      if (room-- == 0) return !(more = true);
      EXPECT_TRUE(seen.insert(std::string(entry.name)).second);
      EXPECT_LT(entry.next, std::uint64_t{1} << 62U);
      cookie = entry.next;
      return true;
    }));
  }
  EXPECT_EQ(seen, expected);
  must(dir->read(cookie, [](const DirEntry&) { return ADD_FAILURE() << "past the end", true; }));
  must(dir->read(std::uint64_t{1} << 61U,
                 [](const DirEntry&) { return ADD_FAILURE() << "past the end", true; }));
}

TEST_F(HostNames, ReadDirDeliversEachNameOnceWhileOthersComeAndGo) {
  for (int i = 0; i < 200; ++i) temp_.write_file("root/keep" + std::to_string(i), "");
  for (int i = 0; i < 200; ++i) temp_.write_file("root/drop" + std::to_string(i), "");
  const DirPtr dir = must(root_->open_dir());
  std::map<std::string, int> seen;
  std::uint64_t cookie = 0;
  must(dir->read(0, [&](const DirEntry& entry) {
    ++seen[std::string(entry.name)];
    cookie = entry.next;
    return seen.size() < 50;
  }));
  for (int i = 0; i < 200; ++i) must(root_->unlink("drop" + std::to_string(i)));
  for (int i = 0; i < 200; ++i) temp_.write_file("root/new" + std::to_string(i), "");
  must(dir->read(cookie - 1, [&](const DirEntry& entry) {
    if (entry.next > cookie) ++seen[std::string(entry.name)];
    return true;
  }));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(seen["keep" + std::to_string(i)], 1) << i;
  for (const auto& [name, times] : seen) EXPECT_EQ(times, 1) << name;
}

TEST_F(HostNames, ReadDirFromTheStartLooksAgain) {
  const DirPtr dir = must(root_->open_dir());
  const auto count = [&] {
    int entries = 0;
    must(dir->read(0, [&](const DirEntry&) { return ++entries > 0; }));
    return entries;
  };
  EXPECT_EQ(count(), 0);
  make("f");
  EXPECT_EQ(count(), 1);
  must(root_->unlink("f"));
  EXPECT_EQ(count(), 0);
}

TEST_F(HostNames, ARemovedDirectoryReadsAsEmpty) {
  const NodeRef held = make_dir("d");
  const DirPtr dir = must(held->open_dir());
  must(root_->rmdir("d"));
  EXPECT_TRUE(dir->read(0, [](const DirEntry&) { return true; }));
  EXPECT_EQ(error_of(held->lookup("x")), Errc::enoent);
}

TEST_F(HostNames, ReadDirTellsTypesWhereTheEntriesMayNotBeLookedAt) {
  WASIFS_NEEDS_ROOT();
  make("f");
  make_dir("d");
  must(root_->set_attr({.mode = 0744}));
  const ScopedUser user;
  const auto entries = list(*root_);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries.at("d").type, FileType::directory);
  EXPECT_EQ(error_of(root_->lookup("f")), Errc::eacces);
}

TEST_F(HostNames, AMountPointIsListedWithTheNumberThatStatTells) {
  make_dir("mnt");
  const ScopedTmpfs tmpfs(temp_ / "root/mnt");
  if (!tmpfs.mounted()) GTEST_SKIP() << "may not mount";
  temp_.write_file("root/mnt/f", "inside");
  const NodeRef mnt = at("mnt");
  EXPECT_EQ(content_of(*must(mnt->lookup("f"))), "inside");
  EXPECT_EQ(list(*root_).at("mnt").ino, must(mnt->attr()).ino);
  EXPECT_GE(must(mnt->attr()).ino, std::uint64_t{1} << 47U);
  EXPECT_EQ(list(*mnt).at("f").ino, must(must(mnt->lookup("f"))->attr()).ino);
  make("g");
  EXPECT_EQ(error_of(root_->rename("g", *mnt, "g", RenameMode::replace)), Errc::exdev);
  EXPECT_EQ(error_of(root_->rmdir("mnt")), Errc::ebusy);
}

}  // namespace
}  // namespace wasifs::test
