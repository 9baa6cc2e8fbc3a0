// SPDX-License-Identifier: Apache-2.0
#include "compose/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "layers.h"

namespace wasifs::test {
namespace {

class OverlayTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryFilesystem> upper_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> first_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> second_ = std::make_shared<MemoryFilesystem>();

  std::shared_ptr<Overlay> overlay() {
    return std::make_shared<Overlay>(upper_, std::vector<FilesystemPtr>{first_, second_});
  }
  std::shared_ptr<Overlay> read_only_overlay() {
    return std::make_shared<Overlay>(nullptr, std::vector<FilesystemPtr>{first_, second_});
  }
};

TEST_F(OverlayTest, TheFirstLayerThatHasANameWins) {
  file_in(*upper_, "/a", "upper");
  for (const char* const name : {"/a", "/b"}) file_in(*first_, name, "first");
  for (const char* const name : {"/a", "/b", "/c"}) file_in(*second_, name, "second");
  const auto fs = overlay();
  EXPECT_EQ(content(*ok(find(*fs, "/a"))), "upper");
  EXPECT_EQ(content(*ok(find(*fs, "/b"))), "first");
  EXPECT_EQ(content(*ok(find(*fs, "/c"))), "second");
  EXPECT_EQ(names(*fs->root()), "a b c");
}

TEST_F(OverlayTest, DirectoriesOfAllLayersMerge) {
  file_in(*upper_, "/d/u", "");
  file_in(*first_, "/d/f", "");
  file_in(*second_, "/d/s", "");
  file_in(*second_, "/d/sub/x", "");
  const auto fs = overlay();
  EXPECT_EQ(names(*ok(find(*fs, "/d"))), "f s sub u");
  EXPECT_EQ(ok(ok(find(*fs, "/d"))->attr()).nlink, 3U);
}

TEST_F(OverlayTest, AFileHidesTheDirectoryBelowIt) {
  file_in(*first_, "/x", "file");
  file_in(*second_, "/x/child", "hidden");
  const auto fs = overlay();
  EXPECT_EQ(content(*ok(find(*fs, "/x"))), "file");
  EXPECT_EQ(find(*fs, "/x/child").error(), Errc::enotdir);
}

TEST_F(OverlayTest, ADirectoryHidesTheFileBelowIt) {
  file_in(*first_, "/x/child", "shown");
  file_in(*second_, "/x", "hidden");
  EXPECT_EQ(names(*ok(find(*overlay(), "/x"))), "child");
}

TEST_F(OverlayTest, AFileBetweenTwoDirectoriesEndsTheMerge) {
  file_in(*upper_, "/x/u", "");
  file_in(*first_, "/x", "file");
  file_in(*second_, "/x/s", "");
  EXPECT_EQ(names(*ok(find(*overlay(), "/x"))), "u");
}

TEST_F(OverlayTest, NewObjectsGoToTheUpper) {
  dir_in(*first_, "/d");
  const auto fs = overlay();
  ok(ok(find(*fs, "/d"))->create("new", {}));
  EXPECT_TRUE(find(*upper_, "/d/new"));
  EXPECT_EQ(find(*first_, "/d/new").error(), Errc::enoent);
}

TEST_F(OverlayTest, LookingOpeningAndReadingCopyNothing) {
  file_in(*first_, "/d/f", "content");
  const auto fs = overlay();
  const NodeRef node = ok(find(*fs, "/d/f"));
  const FilePtr file = ok(node->open(kReadWrite));
  EXPECT_EQ(read(*file), "content");
  EXPECT_EQ(names(*ok(find(*fs, "/d"))), "f");
  EXPECT_EQ(names(*upper_->root()), "");
}

TEST_F(OverlayTest, TheFirstWriteCopiesUpAndLeavesTheLower) {
  const NodeRef lower = file_in(*first_, "/d/f", "Hello, World!");
  const auto fs = overlay();
  const FilePtr file = ok(ok(find(*fs, "/d/f"))->open({.read = true, .write = true, .append = true}));
  ok(file->write_at(0, bytes_of("1234")));
  EXPECT_EQ(ok(ok(find(*upper_, "/d/f"))->attr()).size, 17U);
  EXPECT_EQ(ok(lower->attr()).size, 13U);
}

TEST_F(OverlayTest, DeletionLeavesNoNamesInTheUpper) {
  file_in(*first_, "/d/f", "x");
  file_in(*first_, "/d/g", "y");
  const auto fs = overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  ok(dir->unlink("f"));
  EXPECT_EQ(dir->lookup("f").error(), Errc::enoent);
  const Result<NodeRef> upper_dir = find(*upper_, "/d");
  EXPECT_EQ(upper_dir ? names(**upper_dir) : "", "");
  EXPECT_EQ(names(*dir), "g");
}

TEST_F(OverlayTest, DeletionsAreRememberedWhenNobodyHoldsTheDirectory) {
  file_in(*first_, "/a/b/f", "x");
  file_in(*second_, "/a/b/f", "y");
  const auto fs = overlay();
  ok(ok(find(*fs, "/a/b"))->unlink("f"));
  EXPECT_EQ(find(*fs, "/a/b/f").error(), Errc::enoent);
  ok(ok(find(*fs, "/a"))->rmdir("b"));
  EXPECT_EQ(find(*fs, "/a/b").error(), Errc::enoent);
  ok(ok(find(*fs, "/a"))->create("b", kDirectory));
  EXPECT_EQ(names(*ok(find(*fs, "/a/b"))), "");
}

TEST_F(OverlayTest, InodeNumbersOfAllLayersDiffer) {
  // Every layer counts from 1, so equal numbers below are certain.
  file_in(*upper_, "/u", "");
  file_in(*first_, "/f", "");
  file_in(*second_, "/s", "");
  const auto fs = overlay();
  std::vector<std::uint64_t> seen;
  for (const char* const path : {"/", "/u", "/f", "/s"}) seen.push_back(ok(ok(find(*fs, path))->attr()).ino);
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
}

TEST_F(OverlayTest, InodeNumbersStayWhenNobodyHoldsTheNode) {
  file_in(*first_, "/d/f", "x");
  const auto fs = overlay();
  const std::uint64_t before = ok(ok(find(*fs, "/d/f"))->attr()).ino;
  ok(ok(ok(find(*fs, "/d/f"))->open(kReadWrite))->write_at(0, bytes_of("y")));
  EXPECT_EQ(ok(ok(find(*fs, "/d/f"))->attr()).ino, before);
  ok(ok(find(*fs, "/d"))->rename("f", *fs->root(), "g", RenameMode::replace));
  EXPECT_EQ(ok(ok(find(*fs, "/g"))->attr()).ino, before);
}

TEST_F(OverlayTest, WithoutAnUpperEveryChangeIsErofs) {
  const NodeRef lower = file_in(*first_, "/d/f", "x");
  const auto fs = read_only_overlay();
  const NodeRef dir = ok(find(*fs, "/d"));
  const NodeRef file = ok(find(*fs, "/d/f"));
  EXPECT_EQ(content(*file), "x");
  EXPECT_EQ(file->open(kReadWrite).error(), Errc::erofs);
  EXPECT_EQ(dir->create("new", {}).error(), Errc::erofs);
  EXPECT_EQ(dir->unlink("f").error(), Errc::erofs);
  EXPECT_EQ(fs->root()->rmdir("d").error(), Errc::erofs);
  EXPECT_EQ(dir->rename("f", *dir, "g", RenameMode::replace).error(), Errc::erofs);
  EXPECT_EQ(dir->link("g", *file).error(), Errc::erofs);
  EXPECT_EQ(file->set_attr({}).error(), Errc::erofs);
  EXPECT_EQ(file->set_xattr("user.k", "v", XattrMode::any).error(), Errc::erofs);
}

TEST_F(OverlayTest, IsImmutableIfItHasNoUpperAndAllLowersAre) {
  const auto immutable = std::make_shared<LayerWithTraits>(first_, Traits{.immutable = true});
  EXPECT_TRUE(Overlay(nullptr, {immutable}).traits().immutable);
  EXPECT_FALSE(Overlay(nullptr, {immutable, second_}).traits().immutable);
  EXPECT_FALSE(Overlay(upper_, {immutable}).traits().immutable);
}

TEST_F(OverlayTest, IsSharedIfALowerIs) {
  const auto shared = std::make_shared<LayerWithTraits>(first_, Traits{.shared = true});
  EXPECT_TRUE(Overlay(upper_, {shared}).traits().shared);
  EXPECT_FALSE(Overlay(upper_, {second_}).traits().shared);
}

TEST_F(OverlayTest, ChangesOfASharedLowerShowUp) {
  file_in(*first_, "/d/f", "old");
  const auto shared = std::make_shared<LayerWithTraits>(first_, Traits{.shared = true});
  Overlay fs(upper_, {shared});
  EXPECT_EQ(names(*ok(find(fs, "/d"))), "f");
  file_in(*first_, "/d/g", "new");
  EXPECT_EQ(content(*ok(find(fs, "/d/g"))), "new");
  EXPECT_EQ(names(*ok(find(fs, "/d"))), "f g");
}

TEST_F(OverlayTest, CopyUpSharesBytesThatTheLowerCanShow) {
  const auto owner = std::make_shared<const std::string>(1'000'000, 's');
  ok(first_->create_shared(*first_->root(), "big", {}, {.bytes = bytes_of(*owner), .owner = owner}));
  const auto quota = std::make_shared<Quota>();
  upper_ = std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.quota = quota});
  const auto fs = overlay();
  ok(ok(ok(find(*fs, "/big"))->open(kReadWrite))->write_at(500'000, bytes_of("X")));
  EXPECT_EQ(quota->bytes_used(), 4096U);
  EXPECT_EQ(read(*ok(ok(find(*fs, "/big"))->open({})), 499'999, 3), "sXs");
}

TEST_F(OverlayTest, CopyUpThatDoesNotFitIsEnospcAndChangesNothing) {
  file_in(*first_, "/d/f", std::string(10'000, 'x'));
  const auto quota = std::make_shared<Quota>(8192);
  upper_ = std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.quota = quota});
  const auto fs = overlay();
  const FilePtr file = ok(ok(find(*fs, "/d/f"))->open(kReadWrite));
  EXPECT_EQ(file->write_at(0, bytes_of("y")).error(), Errc::enospc);
  EXPECT_EQ(read(*file, 0, 20'000), std::string(10'000, 'x'));
  EXPECT_EQ(ok(ok(find(*fs, "/d/f"))->attr()).size, 10'000U);
  EXPECT_EQ(quota->bytes_used(), 0U);
  const Result<NodeRef> upper_dir = find(*upper_, "/d");
  EXPECT_EQ(upper_dir ? names(**upper_dir) : "", "");
}

TEST_F(OverlayTest, TruncationToNothingCopiesNoContent) {
  file_in(*first_, "/f", std::string(100'000, 'x'));
  const auto quota = std::make_shared<Quota>(4096);
  upper_ = std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.quota = quota});
  const auto fs = overlay();
  const FilePtr file = ok(ok(find(*fs, "/f"))->open({.read = true, .write = true, .truncate = true}));
  ok(file->write_at(0, bytes_of("Hi")));
  EXPECT_EQ(read(*file), "Hi");
}

TEST_F(OverlayTest, ALowerWithoutASharedSystemKeepsItsTimesAfterItsNeighboursChange) {
  const NodeRef lower = file_in(*first_, "/d/f", "x");
  SetAttr change;
  change.mtime = Time{.sec = 1000, .nsec = 1};
  ok(dir_in(*first_, "/d")->set_attr(change));
  const auto fs = overlay();
  ok(ok(ok(find(*fs, "/d/f"))->open(kReadWrite))->write_at(0, bytes_of("y")));
  EXPECT_EQ(ok(ok(find(*fs, "/d"))->attr()).mtime, (Time{.sec = 1000, .nsec = 1}));
}

TEST_F(OverlayTest, OverlaysStack) {
  file_in(*first_, "/d/f", "first");
  file_in(*second_, "/d/s", "second");
  const auto inner = overlay();
  ok(ok(find(*inner, "/d"))->unlink("f"));
  Overlay outer(std::make_shared<MemoryFilesystem>(), {inner});
  const NodeRef dir = ok(find(outer, "/d"));
  EXPECT_EQ(names(*dir), "s");
  ok(dir->create("n", {}));
  ok(dir->unlink("s"));
  EXPECT_EQ(names(*dir), "n");
  EXPECT_EQ(names(*ok(find(*inner, "/d"))), "s");
}

TEST_F(OverlayTest, ThousandsOfLevelsAreDestroyedWithoutRecursion) {
  NodeRef at = first_->root();
  for (int level = 0; level < 20'000; ++level) at = ok(at->create("d", kDirectory));
  auto fs = overlay();
  NodeRef deepest = fs->root();
  for (int level = 0; level < 20'000; ++level) deepest = ok(deepest->lookup("d"));
  ok(deepest->create("f", {}));
  deepest = nullptr;
  fs.reset();
  SUCCEED();
}

TEST_F(OverlayTest, DescribesItsLayers) {
  const std::string text = overlay()->describe();
  EXPECT_NE(text.find("overlay"), std::string::npos) << text;
  EXPECT_NE(text.find("memory"), std::string::npos) << text;
}

}  // namespace
}  // namespace wasifs::test
