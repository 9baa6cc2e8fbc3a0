// SPDX-License-Identifier: Apache-2.0
#include "fuse/translate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/xattr.h>

#include <ctime>

#include "fuse/cache_policy.h"

namespace wasifs::fuse {
namespace {

// As in libfuse's fuse_lowlevel.h, which is not for tests to include.
constexpr int kMode = 1 << 0;
constexpr int kUid = 1 << 1;
constexpr int kGid = 1 << 2;
constexpr int kSize = 1 << 3;
constexpr int kAtime = 1 << 4;
constexpr int kMtime = 1 << 5;
constexpr int kAtimeNow = 1 << 7;
constexpr int kMtimeNow = 1 << 8;
constexpr int kCtime = 1 << 10;

TEST(Translate, EveryTypeHasItsBitsAndComesBack) {
  using enum FileType;
  for (const FileType type : {regular, directory, symlink, char_device, block_device, fifo, socket}) {
    EXPECT_EQ(type_from_mode(type_bits(type) | 0644), type);
  }
  EXPECT_EQ(type_bits(directory), mode_t{S_IFDIR});
  EXPECT_EQ(type_from_mode(0644), regular) << "mknod(2) without a type";
  EXPECT_EQ(type_from_mode(S_IFMT).error(), Errc::einval);
}

TEST(Translate, StatCarriesEveryAttribute) {
  const struct stat result = to_stat({.ino = 0xFFFF'FFFF'FFFF'FFF0U,
                                      .type = FileType::char_device,
                                      .mode = 06751,
                                      .nlink = 3,
                                      .uid = 10,
                                      .gid = 20,
                                      .rdev = 0x103,
                                      .size = 5,
                                      .blocks = 8,
                                      .atime = {-100, 1},
                                      .mtime = {4'294'967'400, 2},
                                      .ctime = {7, 999'999'999},
                                      .btime = {}});
  EXPECT_EQ(result.st_ino, 0xFFFF'FFFF'FFFF'FFF0U);
  EXPECT_EQ(result.st_mode, mode_t{S_IFCHR | 06751});
  EXPECT_EQ(result.st_nlink, 3U);
  EXPECT_EQ(result.st_uid, 10U);
  EXPECT_EQ(result.st_gid, 20U);
  EXPECT_EQ(result.st_rdev, 0x103U);
  EXPECT_EQ(result.st_size, 5);
  EXPECT_EQ(result.st_blocks, 8);
  EXPECT_EQ(result.st_atim.tv_sec, -100);
  EXPECT_EQ(result.st_mtim.tv_sec, 4'294'967'400);
  EXPECT_EQ(result.st_ctim.tv_nsec, 999'999'999);
}

TEST(Translate, SetAttrTakesOnlyWhatTheMaskNames) {
  struct stat wanted{};
  wanted.st_mode = S_IFREG | 04711;
  wanted.st_uid = 1;
  wanted.st_gid = 2;
  wanted.st_size = 3;
  wanted.st_atim = {-4, 5};
  wanted.st_mtim = {6, 7};
  const SetAttr none = to_set_attr(wanted, kCtime);
  EXPECT_FALSE(none.mode || none.uid || none.gid || none.size || none.atime || none.mtime);
  const SetAttr all = to_set_attr(wanted, kMode | kUid | kGid | kSize | kAtime | kMtime);
  EXPECT_EQ(all.mode, 04711);
  EXPECT_EQ(all.uid, 1U);
  EXPECT_EQ(all.gid, 2U);
  EXPECT_EQ(all.size, 3U);
  EXPECT_EQ(all.atime, (Time{-4, 5}));
  EXPECT_EQ(all.mtime, (Time{6, 7}));
}

TEST(Translate, NowComesFromTheClockAndBeatsTheGivenTime) {
  struct stat wanted{};
  timespec before{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &before);
  const SetAttr change = to_set_attr(wanted, kAtime | kMtime | kAtimeNow | kMtimeNow);
  timespec after{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &after);
  ASSERT_TRUE(change.atime && change.mtime);
  for (const Time& time : {*change.atime, *change.mtime}) {
    EXPECT_GE(time.sec, before.tv_sec);
    EXPECT_LE(time.sec, after.tv_sec);
  }
}

TEST(Translate, OpenFlags) {
  const auto flags = to_open_flags(O_RDWR | O_APPEND | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
  ASSERT_TRUE(flags);
  EXPECT_TRUE(flags->read && flags->write && flags->append && flags->truncate);
  const auto reading = to_open_flags(O_RDONLY);
  EXPECT_TRUE(reading->read && !reading->write && !reading->append && !reading->truncate);
  const auto writing = to_open_flags(O_WRONLY);
  EXPECT_TRUE(!writing->read && writing->write);
  EXPECT_EQ(to_open_flags(O_ACCMODE).error(), Errc::einval);
}

TEST(Translate, RenameFlagsAreOneOrNone) {
  EXPECT_EQ(to_rename_mode(0), RenameMode::replace);
  EXPECT_EQ(to_rename_mode(RENAME_NOREPLACE), RenameMode::no_replace);
  EXPECT_EQ(to_rename_mode(RENAME_EXCHANGE), RenameMode::exchange);
  EXPECT_EQ(to_rename_mode(RENAME_WHITEOUT), RenameMode::whiteout);
  EXPECT_EQ(to_rename_mode(RENAME_NOREPLACE | RENAME_WHITEOUT).error(), Errc::einval);
  EXPECT_EQ(to_rename_mode(RENAME_NOREPLACE | RENAME_EXCHANGE).error(), Errc::einval);
}

TEST(Translate, AllocateModes) {
  EXPECT_EQ(to_allocate_mode(0), AllocateMode::extend);
  EXPECT_EQ(to_allocate_mode(FALLOC_FL_KEEP_SIZE), AllocateMode::keep_size);
  EXPECT_EQ(to_allocate_mode(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE), AllocateMode::punch);
  EXPECT_EQ(to_allocate_mode(FALLOC_FL_ZERO_RANGE), AllocateMode::zero);
  EXPECT_EQ(to_allocate_mode(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE), AllocateMode::zero_keep_size);
  EXPECT_EQ(to_allocate_mode(FALLOC_FL_COLLAPSE_RANGE).error(), Errc::enotsup);
  EXPECT_EQ(to_allocate_mode(FALLOC_FL_PUNCH_HOLE).error(), Errc::enotsup);
}

TEST(Translate, XattrModes) {
  EXPECT_EQ(to_xattr_mode(0), XattrMode::any);
  EXPECT_EQ(to_xattr_mode(XATTR_CREATE), XattrMode::create);
  EXPECT_EQ(to_xattr_mode(XATTR_REPLACE), XattrMode::replace);
  EXPECT_EQ(to_xattr_mode(XATTR_CREATE | XATTR_REPLACE).error(), Errc::einval);
}

TEST(CachePolicy, OurOwnLayersAreRememberedForLong) {
  for (const bool immutable : {false, true}) {
    const CachePolicy policy = cache_policy({.immutable = immutable}, {});
    EXPECT_GE(policy.attributes, 86400);
    EXPECT_GE(policy.names, 86400);
    EXPECT_GE(policy.absences, 86400);
    EXPECT_TRUE(policy.keep_pages);
    EXPECT_EQ(policy.keep_listing, immutable) << "of what others change in-process none are kept";
    EXPECT_TRUE(cache_policy({.immutable = immutable}, {.sole_writer = true}).keep_listing);
  }
}

TEST(CachePolicy, WhatFollowsFromAPlaceIsNotKept) {
  const CachePolicy policy = cache_policy({.immutable = true, .place_bound = true}, {});
  EXPECT_EQ(policy.attributes, 0.0);
  EXPECT_GE(policy.names, 86400);
  EXPECT_TRUE(policy.keep_pages);
}

TEST(CachePolicy, SharedLayersAreAskedAgainAfterTheTimeThatWasSaid) {
  for (const double timeout : {0.0, 1.0, 2.5}) {
    const CachePolicy policy = cache_policy({.shared = true}, {.shared_timeout = timeout});
    EXPECT_EQ(policy.attributes, timeout);
    EXPECT_EQ(policy.names, timeout);
    EXPECT_EQ(policy.absences, 0.0);
    EXPECT_FALSE(policy.keep_pages);
    EXPECT_TRUE(policy.keep_unchanged_pages);
    EXPECT_FALSE(policy.keep_listing);
  }
}

TEST(CachePolicy, OfWhatIsUncachedNothingIsKept) {
  const CachePolicy policy = cache_policy({.immutable = true, .uncached = true}, {});
  EXPECT_EQ(policy.attributes, 0.0);
  EXPECT_EQ(policy.names, 0.0);
  EXPECT_EQ(policy.absences, 0.0);
  EXPECT_FALSE(policy.keep_pages);
  EXPECT_FALSE(policy.keep_unchanged_pages);
  EXPECT_FALSE(policy.keep_listing);
}

TEST(CachePolicy, SetIdBitsOfFilesAreNotKept) {
  const CachePolicy policy = cache_policy({}, {});
  EXPECT_GE(attribute_timeout(policy, {.type = FileType::regular, .mode = 0755}), 86400);
  EXPECT_EQ(attribute_timeout(policy, {.type = FileType::regular, .mode = 04755}), 0.0);
  EXPECT_EQ(attribute_timeout(policy, {.type = FileType::regular, .mode = 02755}), 0.0);
  EXPECT_GE(attribute_timeout(policy, {.type = FileType::directory, .mode = 02755}), 86400);
}

TEST(Translate, AWriteTakesSetGroupIdWhereTheGroupExecutes) {
  EXPECT_EQ(without_set_ids(06755), 0755);
  EXPECT_EQ(without_set_ids(06745), 02745);
  EXPECT_EQ(without_set_ids(01644), 01644);
}

}  // namespace
}  // namespace wasifs::fuse
