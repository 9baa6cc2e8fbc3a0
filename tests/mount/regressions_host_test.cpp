// SPDX-License-Identifier: Apache-2.0
// What was reported about directories of the host that are mapped into a root.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fuse/unique_fd.h"
#include "regressions.h"

namespace wasifs::test {
namespace {

using fuse::UniqueFd;

/// A mount of the host directory "one" at /data.
std::string host_mount(std::string_view access, std::string_view more = "") {
  return "[root]\nbase = \"empty\"\n[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"one\"\naccess "
         "= \"" +
         std::string(access) + "\"\n" + std::string(more);
}

// wasmer #5575
TEST_F(Regressions, AReadOnlyMappingRefusesEveryChange) {
  dir_.write_file("one/f", "f");
  mount(host_mount("ro"));
  EXPECT_EQ(content("data/f"), "f");
  EXPECT_EQ(error_of(::open(at("data/f").c_str(), O_WRONLY | O_CLOEXEC)), EROFS);
  EXPECT_EQ(error_of(::open(at("data/new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)), EROFS);
  EXPECT_EQ(error_of(::unlink(at("data/f").c_str())), EROFS);
  EXPECT_EQ(error_of(::mkdir(at("data/d").c_str(), 0755)), EROFS);
  EXPECT_EQ(error_of(::rename(at("data/f").c_str(), at("data/g").c_str())), EROFS);
  EXPECT_EQ(error_of(::chmod(at("data/f").c_str(), 0600)), EROFS);
  EXPECT_EQ(error_of(::setxattr(at("data/f").c_str(), "user.k", "v", 1, 0)), EROFS);
  EXPECT_EQ(dir_.read_file("one/f"), "f");
  EXPECT_EQ(error_of(::mkdir(at("beside").c_str(), 0755)), 0) << "the rest of the root stays writable";
}

// wasmer #6475
TEST_F(Regressions, AFileThatNobodyMayWriteCanBeRead) {
  dir_.write_file("one/f", "content", 0444);
  ASSERT_EQ(run_shell("cp $(command -v sleep) .", dir_ / "one").status, 0);
  mount(host_mount("rw"));
  EXPECT_EQ(sh("setpriv --reuid=12345 --regid=23456 --clear-groups cat data/f"), "content");
  // Not even root may open a running program for writing, so nothing else was tried.
  Background running({dir_ / "one/sleep", "60"});
  ASSERT_TRUE(eventually(
      [&] { return error_of(::open((dir_ / "one/sleep").c_str(), O_RDWR | O_CLOEXEC)) == ETXTBSY; }));
  EXPECT_EQ(sh("cmp data/sleep " + (dir_ / "one/sleep")), "");
}

// wasmer #4126, #6943
TEST_F(Regressions, ARenameOnAHostMountIsOneRenameOfTheHost) {
  dir_.write_file("one/a", "a");
  dir_.write_file("one/b", "b");
  dir_.write_file("one/d/in", "in");
  mount(host_mount("rw"));
  struct stat before{};
  ASSERT_EQ(::stat((dir_ / "one/a").c_str(), &before), 0);
  const UniqueFd open(::open(at("data/b").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::rename(at("data/a").c_str(), at("data/b").c_str()), 0);
  struct stat after{};
  ASSERT_EQ(::stat((dir_ / "one/b").c_str(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino) << "not copied and deleted";
  char old = 0;
  EXPECT_EQ(::pread(open.get(), &old, 1, 0), 1);
  EXPECT_EQ(old, 'b') << "what was replaced stays readable while it is open";
  ASSERT_EQ(::rename(at("data/d").c_str(), at("data/e").c_str()), 0);
  EXPECT_EQ(dir_.read_file("one/e/in"), "in");
  EXPECT_EQ(error_of(::rename(at("data/b").c_str(), at("b").c_str())), EXDEV);
  EXPECT_EQ(sh("mv data/b . && cat b && ls data"), "ae\n") << "mv copies between mounts";
}

// wasmer #6445, #6939
TEST_F(Regressions, HardLinksAreOneFileInEveryKindOfMount) {
  dir_.write_file("one/f", "old");
  dir_.write_file("two/f", "old");
  mount(host_mount("rw",
                   "[[mount]]\nguest = \"/cow\"\ntype = \"host\"\nsource = \"two\"\naccess = \"cow\"\n"
                   "[[mount]]\nguest = \"/mem\"\ntype = \"memory\"\n"));
  ASSERT_EQ(sh("printf old > mem/f"), "");
  for (const std::string in : {"data/", "cow/", "mem/"}) {
    ASSERT_EQ(::link(at(in + "f").c_str(), at(in + "g").c_str()), 0) << in;
    EXPECT_EQ(stat(in + "f").st_ino, stat(in + "g").st_ino) << in;
    EXPECT_EQ(stat(in + "f").st_nlink, 2U) << in;
    ASSERT_EQ(sh("printf new >> " + in + "g"), "");
    EXPECT_EQ(content(in + "f"), "oldnew") << in;
    ASSERT_EQ(::unlink(at(in + "f").c_str()), 0);
    EXPECT_EQ(content(in + "g"), "oldnew") << in;
    EXPECT_EQ(stat(in + "g").st_nlink, 1U) << in;
  }
  EXPECT_EQ(dir_.read_file("two/f"), "old");
  EXPECT_EQ(error_of(::link(at("data/g").c_str(), at("cow/h").c_str())), EXDEV);
}

// wasmer #6508
TEST_F(Regressions, AListedSymlinkOfTheHostOpensOrLeadsNowhereButNeverOutside) {
  dir_.write_file("one/d/target", "inside");
  dir_.write_file("secret", "outside");
  dir_.make_symlink("one/relative", "d/target");
  dir_.make_symlink("one/d/up", "../d/target");
  dir_.make_symlink("one/dir", "d");
  dir_.make_symlink("one/absolute", "/d/target");
  dir_.make_symlink("one/escape", dir_ / "secret");
  mount(host_mount("rw", "symlink-text = \"rebase\"\n"));
  EXPECT_EQ(names("data"), "absolute\nd\ndir\nescape\nrelative\n");
  for (const char* name : {"data/relative", "data/d/up", "data/dir/target", "data/absolute"}) {
    EXPECT_EQ(content(name), "inside") << name;
  }
  EXPECT_EQ(error_of(::access(at("data/escape").c_str(), F_OK)), ENOENT);
}

// wasmer #6442, #5182
TEST_F(Regressions, DevicesAreDevicesAndTimesAreThoseOfTheHost) {
  dir_.write_file("one/f", "x");
  const std::array times = {timespec{.tv_sec = 1'500'000'000, .tv_nsec = 5},
                            timespec{.tv_sec = 1'600'000'000, .tv_nsec = 999'999'999}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir_ / "one/f").c_str(), times.data(), 0), 0);
  mount("[[mount]]\nguest = \"/data\"\ntype = \"host\"\nsource = \"one\"\n");
  const struct stat null = stat("dev/null");
  EXPECT_TRUE(S_ISCHR(null.st_mode));
  EXPECT_EQ(null.st_rdev, makedev(1, 3));
  EXPECT_NE(null.st_ino, 0U);
  EXPECT_EQ(stat("data/f").st_mtim.tv_sec, 1'600'000'000);
  EXPECT_EQ(stat("data/f").st_mtim.tv_nsec, 999'999'999);
  struct stat host{};
  ASSERT_EQ(::stat((dir_ / "one").c_str(), &host), 0);
  EXPECT_EQ(stat("data").st_mtim.tv_sec, host.st_mtim.tv_sec);
  ASSERT_EQ(::utimensat(AT_FDCWD, at("data/f").c_str(), times.data(), 0), 0);
  ASSERT_EQ(::stat((dir_ / "one/f").c_str(), &host), 0);
  EXPECT_EQ(host.st_atim.tv_sec, 1'500'000'000) << "nanoseconds are not taken for seconds";
  EXPECT_EQ(host.st_atim.tv_nsec, 5);
}

// mergerfs #759
TEST_F(Regressions, WhatTheHostChangesShowsInTheMount) {
  dir_.write_file("one/f", "old");
  dir_.write_file("one/gone", "x");
  mount(host_mount("cow"));
  EXPECT_EQ(content("data/f"), "old");
  EXPECT_EQ(error_of(::access(at("data/later").c_str(), F_OK)), ENOENT);
  dir_.write_file("one/f", "something newer");
  dir_.write_file("one/later", "later");
  ASSERT_EQ(::unlink((dir_ / "one/gone").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return content("data/f") == "something newer"; }));
  EXPECT_TRUE(eventually([&] { return content("data/later") == "later"; }));
  EXPECT_TRUE(eventually([&] { return names("data") == "f\nlater\n"; }));
}

// dwarfs #160
TEST_F(Regressions, ExtendedAttributesOfALowerLayerAreShownAndCopiedUp) {
  dir_.write_file("one/f", "x");
  ASSERT_EQ(::setxattr((dir_ / "one/f").c_str(), "user.kept", "value", 5, 0), 0);
  mount(host_mount("cow"));
  const auto value = [this](const char* name) {
    std::array<char, 100> buffer{};
    const ssize_t length = ::getxattr(at("data/f").c_str(), name, buffer.data(), buffer.size());
    return std::string(buffer.data(), length < 0 ? 0 : static_cast<std::size_t>(length));
  };
  EXPECT_EQ(value("user.kept"), "value");
  ASSERT_EQ(::setxattr(at("data/f").c_str(), "user.new", "n", 1, XATTR_CREATE), 0);
  ASSERT_EQ(sh("echo more >> data/f && mv data/f data/g && mv data/g data/f"), "");
  EXPECT_EQ(value("user.kept"), "value");
  EXPECT_EQ(value("user.new"), "n");
  EXPECT_LT(::getxattr((dir_ / "one/f").c_str(), "user.new", nullptr, 0), 0)
      << "the host's file has not changed";
}

}  // namespace
}  // namespace wasifs::test
