// SPDX-License-Identifier: Apache-2.0
#include "compose/mount_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "layers.h"

namespace wasifs::test {
namespace {

class MountTableTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryFilesystem> root_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> a_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> b_ = std::make_shared<MemoryFilesystem>();
  int bridges_ = 0;
  std::optional<MountTable> table_;

  Status mount(std::string_view guest, const FilesystemPtr& fs, std::string_view subpath = "",
               MountOptions options = {}) {
    if (!table_) table_.emplace(root_);
    return table_->mount(guest, fs, subpath, options, [&]() -> FilesystemPtr {
      ++bridges_;
      return std::make_shared<MemoryFilesystem>();
    });
  }
  /// The tree; nothing can be mounted any more.
  const Tree& tree() {
    if (!table_) table_.emplace(root_);
    if (!tree_) tree_.emplace(*std::move(table_));
    return *tree_;
  }
  VNode at(std::string_view path) { return ok(tree().resolve(path)); }
  Errc missing(std::string_view path) {
    const Result<VNode> node = tree().resolve(path);
    return node ? Errc{} : node.error();
  }
  std::string listing(std::string_view path) { return names(*ok(tree().open_dir(at(path)))); }
  std::string text(std::string_view path) { return read(*ok(tree().open(at(path), {}))); }

 private:
  std::optional<Tree> tree_;
};

TEST_F(MountTableTest, AMountShowsItsFileSystem) {
  file_in(*a_, "/f", "a");
  ASSERT_TRUE(mount("/app", a_));
  EXPECT_EQ(text("/app/f"), "a");
  EXPECT_EQ(listing("/"), "app");
}

TEST_F(MountTableTest, AMountHidesWhatLiesBelowIt) {
  file_in(*root_, "/app/hidden", "r");
  file_in(*root_, "/app2/shown", "r");
  file_in(*a_, "/f", "a");
  ASSERT_TRUE(mount("/app", a_));
  EXPECT_EQ(listing("/app"), "f");
  EXPECT_EQ(missing("/app/hidden"), Errc::enoent);
  EXPECT_EQ(listing("/"), "app app2");
}

TEST_F(MountTableTest, AnOccupiedPathIsEexist) {
  ASSERT_TRUE(mount("/app", a_));
  EXPECT_EQ(mount("/app", b_).error(), Errc::eexist);
  EXPECT_EQ(mount("/", b_).error(), Errc::eexist);
}

TEST_F(MountTableTest, MountsNest) {
  file_in(*a_, "/inner/hidden", "a");
  file_in(*a_, "/f", "a");
  file_in(*b_, "/g", "b");
  ASSERT_TRUE(mount("/app", a_));
  ASSERT_TRUE(mount("/app/inner", b_));
  EXPECT_EQ(text("/app/f"), "a");
  EXPECT_EQ(listing("/app/inner"), "g");
  EXPECT_EQ(listing("/app"), "f inner");
}

TEST_F(MountTableTest, MountsOfOneDirectoryKeepEachOther) {
  ASSERT_TRUE(mount("/app/a", a_));
  ASSERT_TRUE(mount("/app/b", b_));
  EXPECT_EQ(listing("/app"), "a b");
  EXPECT_EQ(bridges_, 0);
}

TEST_F(MountTableTest, DirectoriesOnTheWayAreMadeInAWritableRootAndAreReal) {
  ASSERT_TRUE(mount("/opt/deep/app", a_));
  EXPECT_EQ(bridges_, 0);
  EXPECT_TRUE(find(*root_, "/opt/deep"));
  ok(tree().create(at("/opt/deep"), "f", {}));
  EXPECT_EQ(listing("/opt/deep"), "app f");
  EXPECT_EQ(ok(tree().attr(at("/opt/deep"))).mode, 0755);
}

TEST_F(MountTableTest, DirectoriesOnTheWayAreMadeInABridgeWhereTheHostWouldSeeThem) {
  dir_in(*a_, "/kept");
  const auto host = std::make_shared<LayerWithTraits>(a_, Traits{.shared = true, .persistent = true});
  ASSERT_TRUE(mount("/data", host));
  ASSERT_TRUE(mount("/data/x/y", b_));
  EXPECT_EQ(bridges_, 1);
  EXPECT_EQ(names(*a_->root()), "kept");
  EXPECT_EQ(listing("/data"), "kept x");
  ok(tree().create(at("/data/x"), "f", {}));
  EXPECT_EQ(listing("/data/x"), "f y");
  EXPECT_EQ(names(*a_->root()), "kept");
}

TEST_F(MountTableTest, AMountPointItselfNeedsNoBridge) {
  const auto host = std::make_shared<LayerWithTraits>(a_, Traits{.shared = true, .persistent = true});
  ASSERT_TRUE(mount("/data", host));
  ASSERT_TRUE(mount("/data/x", b_));
  EXPECT_EQ(bridges_, 0);
  EXPECT_EQ(names(*a_->root()), "");
  EXPECT_EQ(listing("/data"), "x");
}

TEST_F(MountTableTest, DirectoriesOnTheWayAreMadeInABridgeWhereNothingCanBeMade) {
  const auto immutable = std::make_shared<LayerWithTraits>(a_, Traits{.immutable = true});
  ASSERT_TRUE(mount("/pkg", immutable));
  ASSERT_TRUE(mount("/pkg/x/y/z", b_));
  EXPECT_EQ(bridges_, 1);
  EXPECT_EQ(names(*a_->root()), "");
  EXPECT_EQ(listing("/pkg/x/y"), "z");
}

TEST_F(MountTableTest, AFileOnTheWayIsEnotdir) {
  file_in(*root_, "/f", "x");
  EXPECT_EQ(mount("/f/app", a_).error(), Errc::enotdir);
}

TEST_F(MountTableTest, ASubdirectoryCanBeShown) {
  file_in(*a_, "/lib/python/os.py", "import");
  ASSERT_TRUE(mount("/opt", a_, "/lib/python"));
  EXPECT_EQ(listing("/opt"), "os.py");
}

TEST_F(MountTableTest, ASingleFileCanBeShown) {
  file_in(*a_, "/bin/tool",
          "\x7f"
          "ELF");
  file_in(*root_, "/usr/bin/tool", "hidden");
  ASSERT_TRUE(mount("/usr/bin/tool", a_, "bin/tool"));
  EXPECT_EQ(text("/usr/bin/tool"),
            "\x7f"
            "ELF");
  EXPECT_EQ(listing("/usr/bin"), "tool");
  EXPECT_EQ(missing("/usr/bin/tool/x"), Errc::enotdir);
}

TEST_F(MountTableTest, AMissingSubpathIsEnoent) {
  EXPECT_EQ(mount("/x", a_, "/no/such").error(), Errc::enoent);
  EXPECT_EQ(missing("/x"), Errc::enoent);
}

TEST_F(MountTableTest, AMountPointCannotBeRemovedOrMoved) {
  dir_in(*root_, "/app");
  file_in(*root_, "/f", "x");
  ASSERT_TRUE(mount("/app", a_));
  const VNode root = tree().root();
  EXPECT_EQ(tree().rmdir(root, "app").error(), Errc::ebusy);
  EXPECT_EQ(tree().unlink(root, "app").error(), Errc::ebusy);
  EXPECT_EQ(tree().rename(root, "app", root, "x", RenameMode::replace).error(), Errc::ebusy);
  EXPECT_EQ(tree().rename(root, "f", root, "app", RenameMode::replace).error(), Errc::ebusy);
  EXPECT_EQ(tree().rename(root, "f", root, "app", RenameMode::exchange).error(), Errc::ebusy);
  EXPECT_EQ(tree().create(root, "app", kDirectory).error(), Errc::eexist);
  EXPECT_EQ(tree().link(root, "app", at("/f")).error(), Errc::eexist);
}

TEST_F(MountTableTest, ADirectoryThatHoldsAMountIsNotEmpty) {
  dir_in(*root_, "/srv");
  dir_in(*root_, "/empty");
  ASSERT_TRUE(mount("/srv/app", a_));
  const VNode root = tree().root();
  EXPECT_EQ(tree().rmdir(root, "srv").error(), Errc::enotempty);
  EXPECT_EQ(tree().rename(root, "empty", root, "srv", RenameMode::replace).error(), Errc::enotempty);
  EXPECT_EQ(listing("/srv"), "app");
}

TEST_F(MountTableTest, ADirectoryThatHoldsAMountCanBeMovedWithIt) {
  file_in(*a_, "/f", "a");
  ASSERT_TRUE(mount("/srv/app", a_));
  const VNode root = tree().root();
  ok(tree().rename(root, "srv", root, "moved", RenameMode::replace));
  EXPECT_EQ(text("/moved/app/f"), "a");
  EXPECT_EQ(missing("/srv"), Errc::enoent);
}

TEST_F(MountTableTest, RenamesAndLinksAcrossMountsAreExdev) {
  file_in(*root_, "/f", "x");
  ASSERT_TRUE(mount("/app", a_));
  const VNode root = tree().root();
  EXPECT_EQ(tree().rename(root, "f", at("/app"), "f", RenameMode::replace).error(), Errc::exdev);
  EXPECT_EQ(tree().link(at("/app"), "f", at("/f")).error(), Errc::exdev);
  EXPECT_EQ(text("/f"), "x");
}

TEST_F(MountTableTest, TwoMountsOfOneFileSystemAreStillTwoMounts) {
  file_in(*a_, "/f", "x");
  ASSERT_TRUE(mount("/one", a_));
  ASSERT_TRUE(mount("/two", a_));
  EXPECT_EQ(tree().rename(at("/one"), "f", at("/two"), "g", RenameMode::replace).error(), Errc::exdev);
  ok(ok(tree().open(at("/one/f"), kReadWrite))->write_at(0, bytes_of("y")));
  EXPECT_EQ(text("/two/f"), "y");
}

TEST_F(MountTableTest, AReadOnlyMountRefusesEveryChange) {
  file_in(*a_, "/d/f", "x");
  ASSERT_TRUE(mount("/ro", a_, "", {.read_only = true}));
  const VNode dir = at("/ro/d");
  const VNode file = at("/ro/d/f");
  EXPECT_TRUE(tree().read_only(file));
  EXPECT_FALSE(tree().read_only(tree().root()));
  EXPECT_EQ(text("/ro/d/f"), "x");
  EXPECT_EQ(tree().open(file, kReadWrite).error(), Errc::erofs);
  EXPECT_EQ(tree().set_attr(file, {}).error(), Errc::erofs);
  EXPECT_EQ(tree().create(dir, "new", {}).error(), Errc::erofs);
  EXPECT_EQ(tree().create_anonymous(dir, {}).error(), Errc::erofs);
  EXPECT_EQ(tree().unlink(dir, "f").error(), Errc::erofs);
  EXPECT_EQ(tree().rmdir(at("/ro"), "d").error(), Errc::erofs);
  EXPECT_EQ(tree().rename(dir, "f", dir, "g", RenameMode::replace).error(), Errc::erofs);
  EXPECT_EQ(tree().link(dir, "g", file).error(), Errc::erofs);
  EXPECT_EQ(tree().set_xattr(file, "user.k", "v", XattrMode::any).error(), Errc::erofs);
  EXPECT_EQ(tree().remove_xattr(file, "user.k").error(), Errc::erofs);
  EXPECT_EQ(content(*ok(find(*a_, "/d/f"))), "x");
}

TEST_F(MountTableTest, AReadOnlyRootStillShowsWritableMounts) {
  table_.emplace(root_, MountOptions{.read_only = true});
  ASSERT_TRUE(mount("/rw", a_));
  EXPECT_EQ(tree().create(tree().root(), "x", {}).error(), Errc::erofs);
  EXPECT_TRUE(tree().create(at("/rw"), "x", {}));
}

TEST_F(MountTableTest, InodeNumbersOfAllMountsDiffer) {
  file_in(*root_, "/f", "");
  file_in(*a_, "/f", "");
  file_in(*b_, "/f", "");
  ASSERT_TRUE(mount("/a", a_));
  ASSERT_TRUE(mount("/b", b_));
  std::vector<std::uint64_t> seen;
  for (const char* const path : {"/", "/f", "/a", "/a/f", "/b", "/b/f"}) {
    seen.push_back(ok(tree().attr(at(path))).ino);
  }
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
}

TEST_F(MountTableTest, ListingsTellTheInodeNumberOfWhatIsMounted) {
  dir_in(*root_, "/app");
  ASSERT_TRUE(mount("/app", a_));
  ASSERT_TRUE(mount("/synthetic", b_));
  int seen = 0;
  ok(ok(tree().open_dir(tree().root()))->read(0, [&](const DirEntry& entry) {
    ++seen;
    EXPECT_EQ(entry.ino, ok(tree().attr(at("/" + std::string(entry.name)))).ino) << entry.name;
    return true;
  }));
  EXPECT_EQ(seen, 2);
}

TEST_F(MountTableTest, AListingInPiecesShowsMountPointsOnce) {
  for (const char* const name : {"x", "y"}) dir_in(*root_, name);
  ASSERT_TRUE(mount("/m", a_));
  ASSERT_TRUE(mount("/n", b_));
  const DirPtr dir = ok(tree().open_dir(tree().root()));
  std::vector<std::string> seen;
  std::uint64_t cookie = 0;
  for (bool more = true; more;) {
    more = false;
    ok(dir->read(cookie, [&](const DirEntry& entry) {
      if (more) return false;
      more = true;
      seen.emplace_back(entry.name);
      cookie = entry.next;
      return true;
    }));
  }
  std::ranges::sort(seen);
  EXPECT_EQ(seen, (std::vector<std::string>{"m", "n", "x", "y"}));
}

TEST_F(MountTableTest, DirectoryLinkCountsIncludeMountPoints) {
  ASSERT_TRUE(mount("/srv/a", a_));
  ASSERT_TRUE(mount("/srv/b", b_));
  EXPECT_EQ(listing("/srv"), "a b");
  EXPECT_EQ(ok(tree().attr(at("/srv"))).nlink, 4U);
}

TEST_F(MountTableTest, DotDotLeavesAMount) {
  file_in(*root_, "/f", "root");
  ASSERT_TRUE(mount("/srv/app", a_));
  EXPECT_EQ(text("/srv/app/../../f"), "root");
}

TEST_F(MountTableTest, TraitsAndStatfsAreThoseOfTheMount) {
  const auto immutable = std::make_shared<LayerWithTraits>(a_, Traits{.immutable = true});
  b_ = std::make_shared<MemoryFilesystem>(
      MemoryFilesystem::Options{.quota = std::make_shared<Quota>(40'960, 10)});
  ASSERT_TRUE(mount("/pkg", immutable));
  ASSERT_TRUE(mount("/small", b_));
  EXPECT_TRUE(tree().traits(at("/pkg")).immutable);
  EXPECT_FALSE(tree().traits(tree().root()).immutable);
  EXPECT_EQ(ok(tree().statfs(at("/small"))).blocks, 10U);
}

}  // namespace
}  // namespace wasifs::test
