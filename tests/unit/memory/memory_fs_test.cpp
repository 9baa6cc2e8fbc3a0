// SPDX-License-Identifier: Apache-2.0
#include "fs/memory/memory_fs.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wasifs {
namespace {

constexpr NewNode kDir = {.type = FileType::directory, .mode = 0755};
constexpr OpenFlags kReadWrite = {.read = true, .write = true};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string read_all(Node& node) {
  std::string out(node.attr()->size, '\0');
  const FilePtr file = *node.open({});
  out.resize(*file->read_at(0, std::as_writable_bytes(std::span(out))));
  return out;
}

View view_of(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  return {.bytes = bytes_of(*owner), .owner = owner};
}

class MemoryFsTest : public testing::Test {
 protected:
  std::shared_ptr<Quota> quota_ = std::make_shared<Quota>();
  std::shared_ptr<MemoryFilesystem> fs_ = limited(quota_);
  NodeRef root_ = fs_->root();

  static std::shared_ptr<MemoryFilesystem> limited(std::shared_ptr<Quota> quota) {
    return std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.quota = std::move(quota)});
  }
  void restart(std::uint64_t bytes, std::uint64_t inodes) {
    root_ = nullptr;
    quota_ = std::make_shared<Quota>(bytes, inodes);
    fs_ = limited(quota_);
    root_ = fs_->root();
  }
};

TEST_F(MemoryFsTest, TheRootHasTheOptionsModeAndOwner) {
  MemoryFilesystem fs({.root_mode = 01777, .uid = 7, .gid = 8});
  const Attr attr = *fs.root()->attr();
  EXPECT_EQ(attr.mode, 01777);
  EXPECT_EQ(attr.uid, 7U);
  EXPECT_EQ(attr.gid, 8U);
  EXPECT_EQ(attr.nlink, 2U);
}

TEST_F(MemoryFsTest, DescribesItself) {
  EXPECT_EQ(fs_->describe(), "memory");
  EXPECT_FALSE(fs_->traits().immutable);
  EXPECT_FALSE(fs_->traits().persistent);
}

TEST_F(MemoryFsTest, FindsThePathOfANode) {
  const NodeRef a = *root_->create("a", {.type = FileType::directory, .mode = 0755});
  const NodeRef b = *a->create("b", {.type = FileType::directory, .mode = 0755});
  const NodeRef file = *b->create("f", {});
  EXPECT_EQ(fs_->path_of(*root_), "/");
  EXPECT_EQ(fs_->path_of(*b), "/a/b");
  EXPECT_EQ(fs_->path_of(*file), "/a/b/f");
  ASSERT_TRUE(root_->rename("a", *root_, "z", RenameMode::replace));
  EXPECT_EQ(fs_->path_of(*file), "/z/b/f");
  ASSERT_TRUE(b->unlink("f"));
  EXPECT_EQ(fs_->path_of(*file), "");
  ASSERT_TRUE(a->rmdir("b"));
  EXPECT_EQ(fs_->path_of(*b), "");
  EXPECT_EQ(fs_->path_of(*MemoryFilesystem().root()), "");
  EXPECT_EQ(fs_->origin(*a), (Origin{.source = "memory"}));
}

TEST_F(MemoryFsTest, InodeNumbersCountUpAndAreNeverUsedTwice) {
  EXPECT_EQ(root_->attr()->ino, 1U);
  EXPECT_EQ((*root_->create("a", {}))->attr()->ino, 2U);
  ASSERT_TRUE(root_->unlink("a"));
  EXPECT_EQ((*root_->create("a", {}))->attr()->ino, 3U);
}

TEST_F(MemoryFsTest, LookUpGivesTheSameNodeForEveryName) {
  const NodeRef made = *root_->create("a", {});
  ASSERT_TRUE(root_->link("b", *made));
  EXPECT_EQ((*root_->lookup("a")).get(), made.get());
  EXPECT_EQ((*root_->lookup("b")).get(), made.get());
}

TEST_F(MemoryFsTest, EveryChargeComesBackWhenEverythingIsDropped) {
  const NodeRef dir = *root_->create("dir", kDir);
  const NodeRef file = *dir->create("file", {});
  ASSERT_TRUE((*file->open(kReadWrite))->write_at(0, bytes_of(std::string(100'000, 'x'))));
  ASSERT_TRUE(file->set_xattr("user.k", "value", XattrMode::any));
  ASSERT_TRUE(root_->create("link", {.type = FileType::symlink, .target = "some/target"}));
  ASSERT_TRUE(root_->create_anonymous({}));
  ASSERT_TRUE(fs_->create_shared(*root_, "shared", {}, view_of("shared")));
  EXPECT_GT(quota_->bytes_used(), 100'000U);
  EXPECT_EQ(quota_->inodes_used(), 5U);
}

TEST_F(MemoryFsTest, ADroppedFileSystemLeavesNothingCharged) {
  {
    const NodeRef dir = *root_->create("dir", kDir);
    const NodeRef file = *dir->create("file", {});
    ASSERT_TRUE((*file->open(kReadWrite))->write_at(0, bytes_of(std::string(100'000, 'x'))));
    ASSERT_TRUE(file->set_xattr("user.k", "value", XattrMode::any));
    ASSERT_TRUE(dir->set_xattr("user.k", "value", XattrMode::any));
    ASSERT_TRUE(root_->create("link", {.type = FileType::symlink, .target = "some/target"}));
  }
  root_ = nullptr;
  fs_.reset();
  EXPECT_EQ(quota_->bytes_used(), 0U);
  EXPECT_EQ(quota_->inodes_used(), 0U);
}

TEST_F(MemoryFsTest, UnlinkingReleasesOnceTheLastHandleIsClosed) {
  FilePtr file = *(*root_->create("f", {}))->open(kReadWrite);
  ASSERT_TRUE(file->write_at(0, bytes_of("x")));
  ASSERT_TRUE(root_->unlink("f"));
  EXPECT_EQ(quota_->bytes_used(), 4096U);
  file.reset();
  EXPECT_EQ(quota_->bytes_used(), 0U);
  EXPECT_EQ(quota_->inodes_used(), 1U);
}

TEST_F(MemoryFsTest, ReplacingByRenameReleasesTheReplaced) {
  ASSERT_TRUE((*(*root_->create("old", {}))->open(kReadWrite))->write_at(0, bytes_of("x")));
  ASSERT_TRUE(root_->create("new", {}));
  ASSERT_TRUE(root_->rename("new", *root_, "old", RenameMode::replace));
  EXPECT_EQ(quota_->bytes_used(), 0U);
  EXPECT_EQ(quota_->inodes_used(), 2U);
}

TEST_F(MemoryFsTest, AFullInodeLimitRefusesEveryKindOfCreation) {
  restart(Quota::kUnlimited, 2);
  ASSERT_TRUE(root_->create("last", {}));
  EXPECT_EQ(root_->create("f", {}).error(), Errc::enospc);
  EXPECT_EQ(root_->create("d", kDir).error(), Errc::enospc);
  EXPECT_EQ(root_->create("s", {.type = FileType::symlink, .target = "x"}).error(), Errc::enospc);
  EXPECT_EQ(root_->create_anonymous({}).error(), Errc::enospc);
  EXPECT_EQ(root_->lookup("f").error(), Errc::enoent);
  EXPECT_EQ(root_->attr()->nlink, 2U);
  EXPECT_TRUE(root_->link("more", **root_->lookup("last")));  // a name is no inode
}

TEST_F(MemoryFsTest, AWhiteoutNeedsAnInode) {
  restart(Quota::kUnlimited, 2);
  ASSERT_TRUE(root_->create("a", {}));
  EXPECT_EQ(root_->rename("a", *root_, "b", RenameMode::whiteout).error(), Errc::enospc);
  EXPECT_TRUE(root_->lookup("a"));
  EXPECT_EQ(root_->lookup("b").error(), Errc::enoent);
  restart(Quota::kUnlimited, 3);
  ASSERT_TRUE(root_->create("a", {}));
  ASSERT_TRUE(root_->rename("a", *root_, "b", RenameMode::whiteout));
  EXPECT_EQ((*root_->lookup("a"))->type(), FileType::char_device);
  EXPECT_EQ(root_->create("c", {}).error(), Errc::enospc);
  ASSERT_TRUE(root_->unlink("a"));
  EXPECT_TRUE(root_->create("c", {}));
}

TEST_F(MemoryFsTest, TextAndAttributesAreChargedLikeContent) {
  restart(100, Quota::kUnlimited);
  EXPECT_EQ(root_->create("s", {.type = FileType::symlink, .target = std::string(101, 'x')}).error(),
            Errc::enospc);
  EXPECT_EQ(quota_->inodes_used(), 1U);
  ASSERT_TRUE(root_->set_xattr("user.k", std::string(94, 'v'), XattrMode::any));
  EXPECT_EQ(quota_->bytes_used(), 100U);
  EXPECT_EQ(root_->set_xattr("user.k", std::string(95, 'w'), XattrMode::any).error(), Errc::enospc);
  EXPECT_EQ(*root_->get_xattr("user.k"), std::string(94, 'v'));
  ASSERT_TRUE(root_->set_xattr("user.k", "short", XattrMode::any));
  EXPECT_EQ(quota_->bytes_used(), 11U);
  ASSERT_TRUE(root_->remove_xattr("user.k"));
  EXPECT_EQ(quota_->bytes_used(), 0U);
}

TEST_F(MemoryFsTest, ARefusedSizeLeavesTheModeAlone) {
  const NodeRef file = *root_->create("f", {.mode = 0644});
  EXPECT_EQ(file->set_attr({.mode = 0600, .size = File::kMaxSize + 1}).error(), Errc::efbig);
  EXPECT_EQ(file->attr()->mode, 0644);
  EXPECT_EQ(root_->set_attr({.mode = 0700, .size = 0}).error(), Errc::eisdir);
  EXPECT_EQ(root_->attr()->mode, 0755);
}

TEST_F(MemoryFsTest, RoomIsWhatTheQuotaHasLeft) {
  restart(10, 3);
  EXPECT_TRUE(fs_->room_for(10, 2));
  EXPECT_EQ(fs_->room_for(11, 0).error(), Errc::enospc);
  EXPECT_EQ(fs_->room_for(0, 3).error(), Errc::enospc);
  EXPECT_EQ(quota_->inodes_used(), 1U) << "asking charges nothing";
  EXPECT_TRUE(MemoryFilesystem().room_for(Quota::kUnlimited, Quota::kUnlimited));
}

TEST_F(MemoryFsTest, AFullFileSystemRefusesAWriteAndKeepsTheFile) {
  restart(4096, Quota::kUnlimited);
  const NodeRef node = *root_->create("f", {});
  const FilePtr file = *node->open(kReadWrite);
  ASSERT_TRUE(file->write_at(0, bytes_of("abc")));
  EXPECT_EQ(file->write_at(4096, bytes_of("x")).error(), Errc::enospc);
  EXPECT_EQ(file->allocate(AllocateMode::extend, 0, 8192).error(), Errc::enospc);
  EXPECT_EQ(node->attr()->size, 3U);
  ASSERT_TRUE(file->truncate(0));
  EXPECT_EQ(quota_->bytes_used(), 0U);
}

TEST_F(MemoryFsTest, StatfsShowsTheQuota) {
  restart(40'960, 50);
  ASSERT_TRUE((*(*root_->create("f", {}))->open(kReadWrite))->write_at(0, bytes_of("x")));
  const StatFs info = *fs_->statfs();
  EXPECT_EQ(info.block_size, 4096U);
  EXPECT_EQ(info.blocks, 10U);
  EXPECT_EQ(info.blocks_free, 9U);
  EXPECT_EQ(info.files, 50U);
  EXPECT_EQ(info.files_free, 48U);
}

TEST_F(MemoryFsTest, WithoutAQuotaStatfsShowsTheMachinesMemory) {
  MemoryFilesystem fs;
  const StatFs info = *fs.statfs();
  EXPECT_GT(info.blocks, 0U);
  EXPECT_GE(info.blocks, info.blocks_free);
}

TEST_F(MemoryFsTest, FrozenTimeStampsEverything) {
  const Time frozen{.sec = 1'700'000'000, .nsec = 5};
  MemoryFilesystem fs({.frozen_time = frozen});
  const NodeRef root = fs.root();
  const NodeRef file = *root->create("f", {});
  ASSERT_TRUE((*file->open(kReadWrite))->write_at(0, bytes_of("x")));
  ASSERT_TRUE(root->rename("f", *root, "g", RenameMode::replace));
  for (const Attr& attr : {*root->attr(), *file->attr()}) {
    EXPECT_EQ(attr.atime, frozen);
    EXPECT_EQ(attr.mtime, frozen);
    EXPECT_EQ(attr.ctime, frozen);
    EXPECT_EQ(attr.btime, frozen);
  }
}

TEST_F(MemoryFsTest, ThawingStampsWithTheClockAgain) {
  MemoryFilesystem fs({.frozen_time = Time{.sec = 1}});
  const NodeRef before = *fs.root()->create("before", {});
  fs.thaw();
  const NodeRef after = *fs.root()->create("after", {});
  EXPECT_EQ(before->attr()->mtime, (Time{.sec = 1}));
  EXPECT_GT(after->attr()->mtime.sec, 1'600'000'000);
}

TEST_F(MemoryFsTest, SharedContentCostsAnInodeOnly) {
  const View view = view_of(std::string(1'000'000, 's'));
  const NodeRef node = *fs_->create_shared(*root_, "f", {.mode = 0444}, view);
  EXPECT_EQ(quota_->bytes_used(), 0U);
  EXPECT_EQ(node->attr()->size, 1'000'000U);
  EXPECT_EQ(node->attr()->mode, 0444);
  const std::optional<View> shown = (*node->open({}))->view(0, 1'000'000);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->bytes.data(), view.bytes.data());
}

TEST_F(MemoryFsTest, SharedContentIsCopiedByThePageWhenWritten) {
  const View view = view_of(std::string(100'000, 's'));
  const NodeRef node = *fs_->create_shared(*root_, "f", {}, view);
  ASSERT_TRUE((*node->open(kReadWrite))->write_at(50'000, bytes_of("X")));
  EXPECT_EQ(quota_->bytes_used(), 4096U);
  EXPECT_EQ(static_cast<char>(view.bytes[50'000]), 's');
  std::string expected(100'000, 's');
  expected[50'000] = 'X';
  EXPECT_EQ(read_all(*node), expected);
}

TEST_F(MemoryFsTest, OnlyAnEmptyFileTakesSharedContent) {
  const NodeRef node = *root_->create("f", {});
  ASSERT_TRUE((*node->open(kReadWrite))->write_at(0, bytes_of("x")));
  EXPECT_EQ(node->share_content(view_of("shared")).error(), Errc::enotsup);
  EXPECT_EQ(root_->share_content(view_of("shared")).error(), Errc::enotsup);
  EXPECT_EQ(read_all(*node), "x");
}

TEST_F(MemoryFsTest, ATakenNameTakesNoSharedContent) {
  ASSERT_TRUE(root_->create("f", {}));
  EXPECT_EQ(fs_->create_shared(*root_, "f", {}, view_of("shared")).error(), Errc::eexist);
}

TEST_F(MemoryFsTest, NodesOfAnotherFileSystemAreExdev) {
  MemoryFilesystem other;
  const NodeRef theirs = *other.root()->create("f", {});
  ASSERT_TRUE(root_->create("mine", {}));
  EXPECT_EQ(root_->link("f", *theirs).error(), Errc::exdev);
  EXPECT_EQ(root_->rename("mine", *other.root(), "mine", RenameMode::replace).error(), Errc::exdev);
}

TEST_F(MemoryFsTest, AFileIsNoPlaceToMoveTo) {
  const NodeRef file = *root_->create("f", {});
  ASSERT_TRUE(root_->create("g", {}));
  EXPECT_EQ(root_->rename("g", *file, "x", RenameMode::replace).error(), Errc::enotdir);
}

TEST_F(MemoryFsTest, NothingIsMadeInARemovedDirectory) {
  const NodeRef dir = *root_->create("d", kDir);
  ASSERT_TRUE(root_->rmdir("d"));
  const NodeRef file = *root_->create("f", {});
  EXPECT_EQ(dir->create("x", {}).error(), Errc::enoent);
  EXPECT_EQ(dir->link("x", *file).error(), Errc::enoent);
  EXPECT_EQ(root_->rename("f", *dir, "x", RenameMode::replace).error(), Errc::enoent);
  EXPECT_EQ(dir->attr()->nlink, 0U);
}

TEST_F(MemoryFsTest, AFileWithoutANameCannotBeLinkedUnlessItNeverHadOne) {
  const NodeRef file = *root_->create("f", {});
  ASSERT_TRUE(root_->unlink("f"));
  EXPECT_EQ(root_->link("g", *file).error(), Errc::enoent);
  const NodeRef anonymous = *root_->create_anonymous({});
  ASSERT_TRUE(root_->link("g", *anonymous));
  ASSERT_TRUE(root_->unlink("g"));
  EXPECT_EQ(root_->link("h", *anonymous).error(), Errc::enoent);
}

TEST_F(MemoryFsTest, AnAnonymousDirectoryIsEinval) {
  EXPECT_EQ(root_->create_anonymous(kDir).error(), Errc::einval);
}

TEST_F(MemoryFsTest, AListingSinkMayUseTheDirectory) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(root_->create("f" + std::to_string(i), {}));
  const DirPtr dir = *root_->open_dir();
  int seen = 0;
  ASSERT_TRUE(dir->read(0, [&](const DirEntry& entry) {
    ++seen;
    return root_->unlink(entry.name).has_value();
  }));
  EXPECT_EQ(seen, 200);
}

TEST_F(MemoryFsTest, ARefusedEntryIsDeliveredAgain) {
  for (const char* const name : {"a", "b", "c"}) ASSERT_TRUE(root_->create(name, {}));
  const DirPtr dir = *root_->open_dir();
  std::vector<std::string> seen;
  std::uint64_t cookie = 0;
  for (int i = 0; i < 4; ++i) {
    bool taken = false;
    ASSERT_TRUE(dir->read(cookie, [&](const DirEntry& entry) {
      if (taken) return false;
      taken = true;
      seen.emplace_back(entry.name);
      cookie = entry.next;
      return true;
    }));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(MemoryFsTest, AHundredThousandLevelsAreDestroyedWithoutRecursion) {
  NodeRef at = root_;
  for (int level = 0; level < 100'000; ++level) at = *at->create("d", kDir);
  at = nullptr;
  root_ = nullptr;
  fs_.reset();
  EXPECT_EQ(quota_->inodes_used(), 0U);
}

TEST_F(MemoryFsTest, SpecialFilesAreNotOpenedUnlessWasifsServesThem) {
  const NodeRef fifo = *root_->create("fifo", {.type = FileType::fifo});
  const NodeRef device = *root_->create("d", {.type = FileType::char_device, .rdev = 0xffffff});
  EXPECT_EQ(fifo->open({}).error(), Errc::enxio);
  EXPECT_EQ(device->open({}).error(), Errc::enxio);
  EXPECT_EQ(device->attr()->rdev, 0xffffffU);
}

TEST_F(MemoryFsTest, SetAttrIsAllOrNothing) {
  SetAttr change;
  change.mode = 0700;
  change.size = 10;
  EXPECT_EQ(root_->set_attr(change).error(), Errc::eisdir);
  EXPECT_EQ(root_->attr()->mode, 0755);
  const NodeRef link = *root_->create("s", {.type = FileType::symlink, .mode = 0777, .target = "x"});
  EXPECT_EQ(link->set_attr(change).error(), Errc::einval);
  EXPECT_EQ(link->attr()->mode, 0777);
}

}  // namespace
}  // namespace wasifs
