// SPDX-License-Identifier: Apache-2.0
// What an overlay does where its upper has no room: nothing at all.
#include <gtest/gtest.h>

#include "base/quota.h"
#include "compose/overlay.h"
#include "layers.h"

namespace wasifs::test {
namespace {

constexpr std::uint64_t kPage = 4096;

class OverlayQuota : public testing::Test {
 protected:
  /// An overlay whose upper may hold so much beside its root.
  FilesystemPtr overlay(std::uint64_t bytes, std::uint64_t inodes, OverlayOptions options = {}) {
    quota_ = std::make_shared<Quota>(bytes, inodes + 1);
    upper_ = std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.quota = quota_});
    return std::make_shared<Overlay>(upper_, std::vector<FilesystemPtr>{lower_}, options);
  }
  void expect_untouched() const {
    EXPECT_EQ(quota_->bytes_used(), 0U);
    EXPECT_EQ(quota_->inodes_used(), 1U);
    EXPECT_EQ(names(*upper_->root()), "");
  }

  std::shared_ptr<MemoryFilesystem> lower_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> upper_;
  std::shared_ptr<Quota> quota_;
};

TEST_F(OverlayQuota, AFileThatDoesNotFitLeavesNoDirectoriesBehind) {
  dir_in(*lower_, "/a/b/c");
  for (std::uint64_t inodes = 0; inodes < 4; ++inodes) {
    const FilesystemPtr fs = overlay(kPage, inodes);
    EXPECT_EQ(ok(find(*fs, "/a/b/c"))->create("new", {}).error(), Errc::enospc);
    expect_untouched();
  }
  const FilesystemPtr fs = overlay(kPage, 4);
  EXPECT_TRUE(ok(find(*fs, "/a/b/c"))->create("new", {})) << "three directories and the file fit exactly";
}

TEST_F(OverlayQuota, ASymlinksTextCountsBeforeItsDirectoriesAreCopiedUp) {
  dir_in(*lower_, "/a/b");
  const NewNode link{.type = FileType::symlink, .target = "0123456789"};
  const FilesystemPtr small = overlay(9, 10);
  EXPECT_EQ(ok(find(*small, "/a/b"))->create("new", link).error(), Errc::enospc);
  expect_untouched();
  const FilesystemPtr fits = overlay(10, 10);
  EXPECT_TRUE(ok(find(*fits, "/a/b"))->create("new", link));
}

TEST_F(OverlayQuota, AWriteThatDoesNotFitCopiesNothingUp) {
  file_in(*lower_, "/a/b/file", std::string(2 * kPage, 'x'));
  for (const std::uint64_t pages : {0U, 1U}) {  // the copy needs two
    const FilesystemPtr fs = overlay(pages * kPage, 10);
    EXPECT_EQ(ok(ok(find(*fs, "/a/b/file"))->open(kReadWrite))->write_at(0, bytes_of("y")).error(),
              Errc::enospc);
    expect_untouched();
  }
  const FilesystemPtr copied = overlay(2 * kPage, 10);
  const FilePtr file = ok(ok(find(*copied, "/a/b/file"))->open(kReadWrite));
  EXPECT_EQ(file->write_at(2 * kPage, bytes_of("y")).error(), Errc::enospc)
      << "the copy fits, but then the write does not";
  expect_untouched();
  EXPECT_EQ(ok(file->write_at(kPage, bytes_of(std::string(2 * kPage, 'y')))), kPage) << "what fits";
  EXPECT_EQ(quota_->bytes_used(), 2 * kPage);
}

TEST_F(OverlayQuota, AWriteWhoseDirectoriesDoNotFitCopiesNoContentUp) {
  file_in(*lower_, "/a/b/file", "x");
  const FilesystemPtr fs = overlay(10 * kPage, 2);
  const NodeRef node = ok(find(*fs, "/a/b/file"));
  const FilePtr file = ok(node->open(kReadWrite));
  EXPECT_EQ(file->write_at(0, bytes_of("y")).error(), Errc::enospc);
  EXPECT_EQ(file->truncate(3).error(), Errc::enospc);
  EXPECT_EQ(file->allocate(AllocateMode::extend, 0, 10).error(), Errc::enospc);
  EXPECT_EQ(node->set_attr({.mode = 0600, .size = 3}).error(), Errc::enospc);
  EXPECT_EQ(node->open({.write = true, .truncate = true}).error(), Errc::enospc);
  expect_untouched();
  EXPECT_EQ(ok(node->attr()).mode, 0644);
  EXPECT_EQ(content(*node), "x");
}

TEST_F(OverlayQuota, AnAttributeThatDoesNotFitCopiesNothingUp) {
  file_in(*lower_, "/a/file", "");
  ok(dir_in(*lower_, "/a")->set_xattr("user.k", "0123", XattrMode::any));
  const FilesystemPtr fs = overlay(20, 10);
  // The directory's own attribute takes ten bytes.
  EXPECT_EQ(ok(find(*fs, "/a/file"))->set_xattr("user.x", "01234", XattrMode::any).error(), Errc::enospc);
  EXPECT_EQ(ok(find(*fs, "/a"))->set_xattr("user.x", "01234", XattrMode::any).error(), Errc::enospc);
  expect_untouched();
  EXPECT_TRUE(ok(find(*fs, "/a"))->set_xattr("user.x", "0123", XattrMode::any));
  EXPECT_EQ(quota_->bytes_used(), 20U);
}

TEST_F(OverlayQuota, AnAttributeThatIsRefusedForItsModeCopiesNothingUp) {
  ok(dir_in(*lower_, "/a")->set_xattr("user.k", "v", XattrMode::any));
  const FilesystemPtr fs = overlay(100, 10);
  const NodeRef dir = ok(find(*fs, "/a"));
  EXPECT_EQ(dir->set_xattr("user.k", "w", XattrMode::create).error(), Errc::eexist);
  EXPECT_EQ(dir->set_xattr("user.x", "w", XattrMode::replace).error(), Errc::enodata);
  expect_untouched();
}

TEST_F(OverlayQuota, ALinkThatDoesNotFitCopiesNothingUp) {
  file_in(*lower_, "/a/b/file", "x");
  dir_in(*lower_, "/c/d");
  const FilesystemPtr small = overlay(kPage, 4);
  EXPECT_EQ(ok(find(*small, "/c/d"))->link("name", *ok(find(*small, "/a/b/file"))).error(), Errc::enospc);
  expect_untouched();
  const FilesystemPtr fs = overlay(0, 5);  // the content stays where it is
  EXPECT_TRUE(ok(find(*fs, "/c/d"))->link("name", *ok(find(*fs, "/a/b/file"))));
}

TEST_F(OverlayQuota, ARenameThatDoesNotFitCopiesNothingUp) {
  file_in(*lower_, "/a/b/file", "x");
  file_in(*lower_, "/c/other", "y");
  const auto rename = [](Filesystem& fs, RenameMode mode) {
    return ok(find(fs, "/a/b"))->rename("file", *ok(find(fs, "/c")), "other", mode);
  };
  const FilesystemPtr replacing = overlay(10 * kPage, 3);  // a, b, c and the file
  EXPECT_EQ(rename(*replacing, RenameMode::replace).error(), Errc::enospc);
  expect_untouched();
  const FilesystemPtr exchanging = overlay(10 * kPage, 4);  // and the other file
  EXPECT_EQ(rename(*exchanging, RenameMode::exchange).error(), Errc::enospc);
  expect_untouched();
  const FilesystemPtr fits = overlay(0, 4);
  EXPECT_TRUE(rename(*fits, RenameMode::replace));
  EXPECT_EQ(content(*ok(find(*fits, "/c/other"))), "x");
}

TEST_F(OverlayQuota, WhatIsRefusedForAnotherReasonCopiesNothingUp) {
  file_in(*lower_, "/a/file", "x");
  dir_in(*lower_, "/a/full/child");
  dir_in(*lower_, "/a/empty");
  const FilesystemPtr fs = overlay(10 * kPage, 10);
  const NodeRef dir = ok(find(*fs, "/a"));
  EXPECT_EQ(dir->create("file", {}).error(), Errc::eexist);
  EXPECT_EQ(dir->link("file", *ok(find(*fs, "/a/file"))).error(), Errc::eexist);
  EXPECT_EQ(dir->unlink("absent").error(), Errc::enoent);
  EXPECT_EQ(dir->rmdir("full").error(), Errc::enotempty);
  EXPECT_EQ(dir->rename("file", *dir, "full", RenameMode::replace).error(), Errc::eisdir);
  EXPECT_EQ(dir->rename("empty", *dir, "full", RenameMode::replace).error(), Errc::enotempty);
  EXPECT_EQ(dir->rename("full", *ok(find(*fs, "/a/full/child")), "x", RenameMode::replace).error(),
            Errc::einval);
  EXPECT_EQ(dir->rename("file", *dir, "full", RenameMode::no_replace).error(), Errc::eexist);
  EXPECT_TRUE(dir->rename("file", *dir, "file", RenameMode::replace)) << "onto itself: nothing to do";
  expect_untouched();
}

TEST_F(OverlayQuota, CopyingUpLeavesTheTimesOfTheDirectoryAlone) {
  file_in(*lower_, "/a/b/file", "x");
  const FilesystemPtr fs = overlay(10 * kPage, 10);
  const Attr before = ok(ok(find(*fs, "/a/b"))->attr());
  ok(ok(ok(find(*fs, "/a/b/file"))->open(kReadWrite))->write_at(0, bytes_of("y")));
  EXPECT_EQ(ok(ok(find(*fs, "/a/b"))->attr()).mtime, before.mtime);
}

TEST_F(OverlayQuota, ExclusiveCreationOverALowerFileIsRefused) {
  file_in(*lower_, "/d/file", "lower");
  const FilesystemPtr fs = overlay(kPage, 10);
  EXPECT_EQ(ok(find(*fs, "/d"))->create("file", {}).error(), Errc::eexist);
  EXPECT_EQ(content(*ok(find(*fs, "/d/file"))), "lower");
}

TEST_F(OverlayQuota, WithTheQuirkExclusiveCreationHidesALowerFile) {
  file_in(*lower_, "/d/file", "lower");
  ok(dir_in(*lower_, "/d")->create("link", {.type = FileType::symlink, .target = "file"}));
  dir_in(*lower_, "/d/sub");
  const FilesystemPtr fs = overlay(10 * kPage, 10, {.create_new_over_lower = true});
  const NodeRef dir = ok(find(*fs, "/d"));
  const NodeRef old_node = ok(find(*fs, "/d/file"));
  const FilePtr old_file = ok(old_node->open(kReadWrite));

  const NodeRef made = ok(dir->create("file", {.mode = 0600}));
  EXPECT_EQ(ok(find(*fs, "/d/file")), made);
  EXPECT_NE(made, old_node);
  EXPECT_EQ(content(*made), "");
  EXPECT_EQ(ok(made->attr()).mode, 0600);
  EXPECT_EQ(names(*dir), "file link sub") << "the name is there once";

  EXPECT_EQ(read(*old_file), "lower") << "who has it open keeps it";
  EXPECT_EQ(ok(old_node->attr()).nlink, 0U);
  ok(old_file->write_at(0, bytes_of("L")));
  EXPECT_EQ(read(*old_file), "Lower");
  EXPECT_EQ(content(*made), "");

  EXPECT_EQ(dir->create("file", {}).error(), Errc::eexist) << "it is in the upper now";
  EXPECT_EQ(dir->create("file", kDirectory).error(), Errc::eexist);
  EXPECT_EQ(dir->create("sub", {}).error(), Errc::eexist) << "directories are not hidden";
  EXPECT_TRUE(dir->create("link", {}));
  EXPECT_EQ(ok(find(*fs, "/d/link"))->type(), FileType::regular);

  ok(dir->unlink("file"));
  EXPECT_EQ(find(*fs, "/d/file").error(), Errc::enoent) << "the lower one stays hidden";
}

TEST_F(OverlayQuota, WithTheQuirkAFileThatDoesNotFitHidesNothing) {
  file_in(*lower_, "/d/file", "lower");
  const FilesystemPtr fs = overlay(kPage, 1, {.create_new_over_lower = true});
  EXPECT_EQ(ok(find(*fs, "/d"))->create("file", {}).error(), Errc::enospc);
  EXPECT_EQ(content(*ok(find(*fs, "/d/file"))), "lower");
  expect_untouched();
}

}  // namespace
}  // namespace wasifs::test
