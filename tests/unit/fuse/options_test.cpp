// SPDX-License-Identifier: Apache-2.0
#include "fuse/options.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

namespace wasifs::fuse {
namespace {

Outcome<Options> parse(std::vector<std::string> lists, bool sloppy = false) {
  return parse_options(lists, default_options(true), sloppy);
}

TEST(MountOptions, RootMayHaveDevicesButNoSetIdPrograms) {
  EXPECT_EQ(default_options(true).flags, MS_NOSUID);
  EXPECT_EQ(default_options(false).flags, MS_NOSUID | MS_NODEV);
}

TEST(MountOptions, ListsAreSplitAtCommas) {
  EXPECT_EQ(split_options("a,b=c,,d"), (std::vector<std::string>{"a", "b=c", "d"}));
  EXPECT_TRUE(split_options("").empty());
  EXPECT_TRUE(split_options(",").empty());
}

TEST(MountOptions, ABackslashKeepsACommaInAValue) {
  EXPECT_EQ(split_options("fsname=a\\,b,ro"), (std::vector<std::string>{"fsname=a,b", "ro"}));
  EXPECT_EQ(split_options("a\\\\,b\\"), (std::vector<std::string>{"a\\", "b\\"}));
}

TEST(MountOptions, FlagsAreSetAndCleared) {
  const auto options = parse({"ro,nodev,noexec,noatime,suid"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->flags, MS_RDONLY | MS_NODEV | MS_NOEXEC | MS_NOATIME);
}

TEST(MountOptions, TheLastOfTwoOppositesWins) {
  EXPECT_EQ(parse({"ro,rw"})->flags & MS_RDONLY, 0U);
  EXPECT_NE(parse({"rw", "ro"})->flags & MS_RDONLY, 0U);
}

TEST(MountOptions, WordsAndValuesAreRead) {
  const auto options = parse({"allow_other,auto_unmount,max_read=4096,fsname=x,subtype=y,remount"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->allow_other, true);
  EXPECT_TRUE(options->auto_unmount);
  EXPECT_TRUE(options->remount);
  EXPECT_EQ(options->max_read, 4096U);
  EXPECT_EQ(options->fsname, "x");
  EXPECT_EQ(options->subtype, "y");
}

TEST(MountOptions, WhatMountKeepsForItselfIsPassedOver) {
  const auto options =
      parse({"defaults,auto,noauto,user,users,user=me,nofail,_netdev,comment=hello,"
             "x-systemd.automount,X-mount.mkdir,default_permissions,user_id=0,group_id=0"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->flags, default_options(true).flags);
}

TEST(MountOptions, AnUnknownOptionIsAUsageErrorThatNamesIt) {
  const auto options = parse({"ro,frobnicate=1"});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().trouble, Trouble::usage);
  EXPECT_EQ(options.error().message, "unknown mount option \"frobnicate=1\"");
  EXPECT_EQ(options.error().hint,
            "there are allow_other, auto_unmount, cache_timeout=SECONDS, fsname=NAME, max_read=BYTES, "
            "no_passthrough, passthrough, remount, subtype=NAME, threads=NUMBER, writeback, and "
            "mount(8)'s own, such as ro, noexec, nodev, noatime");
}

TEST(MountOptions, WhatTheKernelMayKeepIsSaidByThem) {
  const auto plain = parse({"rw"});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->view.shared_timeout, 1.0);
  EXPECT_EQ(plain->view.passthrough, ViewOptions::Passthrough::where_asked);
  EXPECT_FALSE(plain->view.writeback);
  const auto options = parse({"cache_timeout=0.25,writeback,no_passthrough"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->view.shared_timeout, 0.25);
  EXPECT_TRUE(options->view.writeback);
  EXPECT_EQ(options->view.passthrough, ViewOptions::Passthrough::never);
  EXPECT_EQ(parse({"passthrough"})->view.passthrough, ViewOptions::Passthrough::preferred);
}

TEST(MountOptions, TheNumberOfThreadsIsOneOfThem) {
  EXPECT_EQ(parse({"rw"})->threads, 0U);
  EXPECT_EQ(parse({"threads=3"})->threads, 3U);
  for (const std::string value : {"0", "1025", "many", ""}) {
    const auto options = parse({"threads=" + value});
    ASSERT_FALSE(options) << value;
    EXPECT_EQ(options.error().message, "mount option \"threads=" + value + "\": not a number from 1 to 1024");
  }
}

TEST(MountOptions, ATimeoutThatIsNoneIsAUsageError) {
  for (const std::string value : {"", "-1", "nan", "86401", "1s"}) {
    const auto options = parse({"cache_timeout=" + value});
    ASSERT_FALSE(options) << value;
    EXPECT_EQ(options.error().message,
              "mount option \"cache_timeout=" + value + "\": not a number of seconds from 0 to 86400");
  }
}

TEST(MountOptions, SloppyPassesUnknownOptionsOver) {
  const auto options = parse({"frobnicate=1,ro"}, true);
  ASSERT_TRUE(options);
  EXPECT_NE(options->flags & MS_RDONLY, 0U);
}

TEST(MountOptions, ValuesAreChecked) {
  EXPECT_EQ(parse({"max_read=many"}).error().message,
            "mount option \"max_read=many\": not a number of bytes");
  EXPECT_EQ(parse({"max_read=0"}).error().message, "mount option \"max_read=0\": not a number of bytes");
  EXPECT_EQ(parse({"max_read=99999999999"}).error().trouble, Trouble::usage);
  EXPECT_EQ(parse({"fsname="}).error().message, "mount option \"fsname\" needs a value");
}

}  // namespace
}  // namespace wasifs::fuse
