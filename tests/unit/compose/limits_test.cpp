// SPDX-License-Identifier: Apache-2.0
// What a Tree enforces of [capabilities.fs].
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <thread>
#include <typeinfo>

#include "base/quota.h"
#include "compose/status.h"
#include "layers.h"

namespace wasifs::test {
namespace {

std::shared_ptr<MemoryFilesystem> filled() {
  auto fs = std::make_shared<MemoryFilesystem>();
  file_in(*fs, "/d/a", "aaaa");
  file_in(*fs, "/d/b", "bbbb");
  return fs;
}

class LimitsTest : public testing::Test {
 protected:
  void limit(FsLimits limits) { tree_.emplace(MountTable(fs_), TreeOptions{.limits = limits}); }
  [[nodiscard]] VNode at(std::string_view path) const { return ok(tree_->resolve(path)); }
  [[nodiscard]] FilePtr open(std::string_view path, OpenFlags flags = {}) const {
    return ok(tree_->open(at(path), flags));
  }
  /// The error of opening, nullopt where it works.
  [[nodiscard]] std::optional<Errc> refusal(std::string_view path, OpenFlags flags = {}) const {
    const Result<FilePtr> file = tree_->open(at(path), flags);
    return file ? std::nullopt : std::optional(file.error());
  }

  std::shared_ptr<MemoryFilesystem> fs_ = filled();
  std::optional<Tree> tree_;
};

TEST_F(LimitsTest, FilesAndDirectoriesShareOneLimit) {
  limit({.max_open = 3});
  FilePtr first = open("/d/a");
  const FilePtr second = open("/d/a");
  DirPtr dir = ok(tree_->open_dir(at("/d")));
  EXPECT_EQ(refusal("/d/b"), Errc::enfile);
  EXPECT_EQ(tree_->open_dir(at("/")).error(), Errc::enfile);
  first.reset();
  EXPECT_EQ(refusal("/d/b"), std::nullopt) << "and closed again at once";
  first = open("/d/b");
  dir.reset();
  dir = ok(tree_->open_dir(at("/")));
  EXPECT_EQ(refusal("/d/b"), Errc::enfile);
}

TEST_F(LimitsTest, AnOpenThatFailsDoesNotCount) {
  limit({.max_open = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(tree_->open(at("/d"), {}).error(), Errc::eisdir);
    EXPECT_EQ(tree_->open_dir(at("/d/a")).error(), Errc::enotdir);
    EXPECT_EQ(tree_->create_open(at("/d"), "a", {}, kReadWrite).error(), Errc::eexist);
  }
  EXPECT_EQ(refusal("/d/a"), std::nullopt);
}

TEST_F(LimitsTest, NothingIsTruncatedOrMadeWhereTooMuchIsOpen) {
  limit({.max_open = 1});
  const FilePtr file = open("/d/b");
  EXPECT_EQ(refusal("/d/a", {.write = true, .truncate = true}), Errc::enfile);
  EXPECT_EQ(ok(tree_->attr(at("/d/a"))).size, 4U);
  EXPECT_EQ(tree_->create_open(at("/d"), "new", {}, kReadWrite).error(), Errc::enfile);
  EXPECT_EQ(tree_->resolve("/d/new").error(), Errc::enoent);
}

TEST_F(LimitsTest, AFileThatIsMadeAndOpenedCountsOnce) {
  limit({.max_open = 2});
  const Tree::Created made = ok(tree_->create_open(at("/d"), "new", {.mode = 0600}, kReadWrite));
  EXPECT_EQ(made.node, at("/d/new"));
  ok(made.file->write_at(0, bytes_of("x")));
  const FilePtr other = open("/d/a");
  EXPECT_EQ(refusal("/d/b"), Errc::enfile);
}

TEST_F(LimitsTest, AFurtherWayIntoAnOpenFileDoesNotCount) {
  limit({.max_file_size = 5, .max_open = 1});
  const FilePtr file = open("/d/a", kReadWrite);
  const FilePtr again = ok(tree_->open_again(at("/d/a"), {.write = true, .append = true}));
  EXPECT_EQ(ok(again->write_at(0, bytes_of("12"))), 1U) << "but the other limit holds for it";
}

TEST_F(LimitsTest, NoneMayBeOpenWhereTheLimitIsZero) {
  limit({.max_open = 0});
  EXPECT_EQ(refusal("/d/a"), Errc::enfile);
  EXPECT_EQ(tree_->open_dir(at("/")).error(), Errc::enfile);
}

TEST_F(LimitsTest, ThreadsTogetherOpenNoMoreThanTheLimit) {
  constexpr int kLimit = 8;
  limit({.max_open = kLimit});
  const VNode node = at("/d/a");
  std::atomic<int> open_now{0};
  std::atomic<bool> too_many{false};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          std::vector<FilePtr> files;
          for (int f = 0; f < 4; ++f) {
            Result<FilePtr> file = tree_->open(node, {});
            if (!file) break;
            files.push_back(std::move(*file));
          }
          const int mine = static_cast<int>(files.size());
          if (open_now.fetch_add(mine) + mine > kLimit) too_many = true;
          open_now.fetch_sub(mine);
        }
      });
    }
  }
  EXPECT_FALSE(too_many);
  std::vector<FilePtr> files;
  for (int i = 0; i < kLimit; ++i) files.push_back(open("/d/a"));
  EXPECT_EQ(refusal("/d/a"), Errc::enfile) << "every place was given back, and none twice";
}

TEST_F(LimitsTest, AWriteThatCrossesTheSizeLimitWritesWhatFits) {
  limit({.max_file_size = 6});
  const FilePtr file = open("/d/a", kReadWrite);
  EXPECT_EQ(ok(file->write_at(3, bytes_of("12345"))), 3U);
  EXPECT_EQ(read(*file), "aaa123");
  EXPECT_EQ(file->write_at(6, bytes_of("x")).error(), Errc::efbig);
  EXPECT_EQ(file->write_at(7, bytes_of("x")).error(), Errc::efbig);
  EXPECT_EQ(ok(file->write_at(0, bytes_of("A"))), 1U);
}

TEST_F(LimitsTest, AnAppendingWriteCrossesItAsWell) {
  limit({.max_file_size = 6});
  const FilePtr file = open("/d/a", {.read = true, .write = true, .append = true});
  EXPECT_EQ(ok(file->write_at(0, bytes_of("12345"))), 2U);
  EXPECT_EQ(read(*file), "aaaa12");
  EXPECT_EQ(file->write_at(0, bytes_of("x")).error(), Errc::efbig);
}

TEST_F(LimitsTest, ThreadsThatAppendMeetTheLimitExactly) {
  constexpr std::uint64_t kLimit = 10'001;
  limit({.max_file_size = kLimit});
  std::atomic<std::uint64_t> written{4};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const FilePtr file = open("/d/a", {.read = false, .write = true, .append = true});
        while (const Result<std::size_t> count = file->write_at(0, bytes_of("0123456"))) written += *count;
      });
    }
  }
  EXPECT_EQ(ok(tree_->attr(at("/d/a"))).size, kLimit);
  EXPECT_EQ(written, kLimit);
}

TEST_F(LimitsTest, GrowingPastTheSizeLimitChangesNothing) {
  limit({.max_file_size = 6});
  const FilePtr file = open("/d/a", kReadWrite);
  const Attr before = ok(tree_->attr(at("/d/a")));
  EXPECT_EQ(file->truncate(7).error(), Errc::efbig);
  EXPECT_EQ(file->allocate(AllocateMode::extend, 0, 7).error(), Errc::efbig);
  EXPECT_EQ(file->allocate(AllocateMode::keep_size, 6, 1).error(), Errc::efbig);
  EXPECT_EQ(file->allocate(AllocateMode::zero, 3, 4).error(), Errc::efbig);
  EXPECT_EQ(tree_->set_attr(at("/d/a"), {.mode = 0600, .size = 7}).error(), Errc::efbig);
  const Attr after = ok(tree_->attr(at("/d/a")));
  EXPECT_EQ(after.size, before.size);
  EXPECT_EQ(after.mode, before.mode);
  EXPECT_EQ(after.blocks, before.blocks);
  EXPECT_EQ(after.mtime, before.mtime);
  EXPECT_EQ(after.ctime, before.ctime);

  EXPECT_TRUE(file->allocate(AllocateMode::punch, 0, 100)) << "frees";
  EXPECT_TRUE(file->allocate(AllocateMode::extend, 0, 6));
  EXPECT_TRUE(tree_->set_attr(at("/d/a"), {.size = 5}));
  EXPECT_TRUE(file->truncate(6));
}

TEST_F(LimitsTest, WhatIsLongerAlreadyMayBeReadAndCut) {
  limit({.max_file_size = 2});
  const FilePtr file = open("/d/a", kReadWrite);
  EXPECT_EQ(read(*file), "aaaa");
  EXPECT_EQ(file->write_at(2, bytes_of("x")).error(), Errc::efbig) << "as RLIMIT_FSIZE has it";
  EXPECT_TRUE(file->truncate(3));
  EXPECT_EQ(file->truncate(4).error(), Errc::efbig);
}

TEST_F(LimitsTest, AWriteThatIsTooLongCopiesNothingUp) {
  const auto upper = std::make_shared<MemoryFilesystem>();
  fs_ = nullptr;
  const Tree tree(MountTable(std::make_shared<Overlay>(upper, std::vector<FilesystemPtr>{filled()})),
                  TreeOptions{.limits = {.max_file_size = 6}});
  const VNode node = ok(tree.resolve("/d/a"));
  EXPECT_EQ(ok(tree.open(node, kReadWrite))->write_at(6, bytes_of("x")).error(), Errc::efbig);
  EXPECT_EQ(tree.set_attr(node, {.size = 7}).error(), Errc::efbig);
  EXPECT_EQ(names(*upper->root()), "");
}

TEST_F(LimitsTest, DevicesHaveNoSize) {
  ok(fs_->root()->create("null", {.type = FileType::char_device, .rdev = 0x103}));
  limit({.max_file_size = 1});
  EXPECT_EQ(ok(open("/null", kReadWrite)->write_at(100, bytes_of("abc"))), 3U);
}

TEST_F(LimitsTest, ImmutableBytesAreStillShownInPlace) {
  const auto bytes = std::make_shared<std::string>("shared");
  ok(fs_->create_shared(*fs_->root(), "s", {}, {.bytes = bytes_of(*bytes), .owner = bytes}));
  limit({.max_file_size = 100, .max_open = 5});
  const std::optional<View> view = open("/s")->view(1, 3);
  ASSERT_TRUE(view);
  EXPECT_EQ(static_cast<const void*>(view->bytes.data()), bytes->data() + 1);
}

TEST_F(LimitsTest, SpecialFilesCanBeForbidden) {
  ok(fs_->root()->create("null", {.type = FileType::char_device, .rdev = 0x103}));
  limit({.special_files = false});
  for (const FileType type :
       {FileType::char_device, FileType::block_device, FileType::fifo, FileType::socket}) {
    EXPECT_EQ(tree_->create(at("/d"), "new", {.type = type}).error(), Errc::eperm);
    EXPECT_EQ(tree_->create(at("/d"), "a", {.type = type}).error(), Errc::eexist);
    EXPECT_EQ(tree_->create_anonymous(at("/d"), {.type = type}).error(), Errc::eperm);
  }
  EXPECT_TRUE(tree_->create(at("/d"), "file", {}));
  EXPECT_TRUE(tree_->create(at("/d"), "dir", kDirectory));
  EXPECT_TRUE(tree_->create(at("/d"), "link", {.type = FileType::symlink, .target = "x"}));
  EXPECT_EQ(refusal("/null"), std::nullopt) << "what is there stays";
}

TEST_F(LimitsTest, AWhiteoutIsASpecialFile) {
  const auto rename = [&] { return tree_->rename(at("/d"), "a", at("/d"), "c", RenameMode::whiteout); };
  limit({.special_files = false});
  EXPECT_EQ(rename().error(), Errc::eperm);
  EXPECT_EQ(refusal("/d/a"), std::nullopt);
  limit({});
  ok(rename());
  EXPECT_EQ(at("/d/a").type(), FileType::char_device);
}

TEST_F(LimitsTest, WithoutLimitsNothingStandsBeforeTheLayersFile) {
  limit({});
  const FilePtr served = open("/d/a");
  const FilePtr of_layer = ok(at("/d/a").node->open({}));
  const File& one = *served;
  const File& other = *of_layer;
  EXPECT_EQ(typeid(one), typeid(other));
}

TEST_F(LimitsTest, WhatIsOpenMayOutliveTheTree) {
  limit({.max_open = 2});
  const FilePtr file = open("/d/a");
  tree_.reset();
  EXPECT_EQ(read(*file), "aaaa");
}

TEST(Status, TellsWhatIsUsedAndWhatMayBe) {
  const auto quota = std::make_shared<Quota>(1000, Quota::kUnlimited);
  ASSERT_TRUE(quota->charge(10, 3));
  const Tree tree(MountTable(filled()),
                  TreeOptions{.limits = {.max_open = 7}, .quota = quota, .mounts = "[{\"guest\":\"/\"}]"});
  const FilePtr file = ok(tree.open(ok(tree.resolve("/d/a")), {}));
  EXPECT_EQ(ok(tree.get_xattr(tree.root(), kStatusXattr)),
            "{\"schema\":1,\"pid\":" + std::to_string(::getpid()) +
                ",\"memory\":{\"used\":10,\"limit\":1000},\"inodes\":{\"used\":3,\"limit\":null},"
                "\"open\":{\"used\":1,\"limit\":7},\"mounts\":[{\"guest\":\"/\"}]}");
}

TEST(Status, LeavesOutWhatIsNotLimitedOrNotKnown) {
  const Tree tree(MountTable(filled()), TreeOptions{.limits = {.max_file_size = 1}});
  EXPECT_EQ(ok(tree.get_xattr(tree.root(), kStatusXattr)),
            "{\"schema\":1,\"pid\":" + std::to_string(::getpid()) + ",\"mounts\":[]}");
}

TEST(Status, IsTheRootsAloneAndNeverListedSetOrRemoved) {
  const auto fs = filled();
  ok(fs->root()->set_xattr(kStatusXattr, "from a layer", XattrMode::any));
  const Tree tree{MountTable(fs)};
  const VNode root = tree.root();
  EXPECT_NE(ok(tree.get_xattr(root, kStatusXattr)), "from a layer");
  EXPECT_TRUE(ok(tree.list_xattrs(root)).empty());
  EXPECT_EQ(tree.set_xattr(root, kStatusXattr, "x", XattrMode::any).error(), Errc::enotsup);
  EXPECT_EQ(tree.remove_xattr(root, kStatusXattr).error(), Errc::enotsup);
  EXPECT_EQ(tree.get_xattr(ok(tree.resolve("/d")), kStatusXattr).error(), Errc::enodata);
  EXPECT_EQ(tree.set_xattr(ok(tree.resolve("/d")), kStatusXattr, "x", XattrMode::any).error(), Errc::enotsup);
}

}  // namespace
}  // namespace wasifs::test
