// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

using HostCreate = HostTest;

TEST_F(HostCreate, MakesEveryTypeAnOrdinaryUserMayMake) {
  EXPECT_EQ(must(root_->create("f", mine({})))->type(), FileType::regular);
  EXPECT_EQ(must(root_->create("d", mine({.type = FileType::directory, .mode = 0755})))->type(),
            FileType::directory);
  EXPECT_EQ(must(root_->create("p", mine({.type = FileType::fifo})))->type(), FileType::fifo);
  EXPECT_EQ(must(root_->create("s", mine({.type = FileType::socket})))->type(), FileType::socket);
  EXPECT_EQ(must(root_->create("l", mine({.type = FileType::symlink, .target = "x"})))->type(),
            FileType::symlink);
  EXPECT_TRUE(S_ISREG(host_stat("root/f").st_mode));
  EXPECT_TRUE(S_ISDIR(host_stat("root/d").st_mode));
  EXPECT_TRUE(S_ISFIFO(host_stat("root/p").st_mode));
  EXPECT_TRUE(S_ISSOCK(host_stat("root/s").st_mode));
  EXPECT_TRUE(S_ISLNK(host_stat("root/l").st_mode));
}

TEST_F(HostCreate, ModesAreExactWhateverTheUmask) {
  const ScopedUmask mask(077);
  for (const FileType type : {FileType::regular, FileType::directory, FileType::fifo, FileType::socket}) {
    for (const unsigned mode : {0000U, 0222U, 0666U, 01777U, 02775U, 04755U, 07777U}) {
      must(root_->create("x", mine({.type = type, .mode = static_cast<std::uint16_t>(mode)})));
      EXPECT_EQ(host_stat("root/x").st_mode & 07777U, mode) << static_cast<int>(type);
      must(type == FileType::directory ? root_->rmdir("x") : root_->unlink("x"));
    }
  }
}

TEST_F(HostCreate, IsExclusiveForEveryType) {
  temp_.make_symlink("root/dangling", "../outside/new");
  make("f");
  for (const FileType type : {FileType::regular, FileType::directory, FileType::fifo, FileType::symlink}) {
    EXPECT_EQ(error_of(root_->create("f", mine({.type = type, .target = "x"}))), Errc::eexist);
    EXPECT_EQ(error_of(root_->create("dangling", mine({.type = type, .target = "x"}))), Errc::eexist);
  }
  EXPECT_FALSE(temp_.exists("outside/new"));
}

TEST_F(HostCreate, GivesTheOwnerAsked) {
  WASIFS_NEEDS_ROOT();
  const auto check = [&](std::string_view name, NewNode spec) {
    spec.uid = 1234;
    spec.gid = 4321;
    must(root_->create(name, spec));
    const struct stat stat = host_stat("root/" + std::string(name));
    EXPECT_EQ(stat.st_uid, 1234U) << name;
    EXPECT_EQ(stat.st_gid, 4321U) << name;
  };
  check("f", {.mode = 0644});
  check("d", {.type = FileType::directory, .mode = 0755});
  check("p", {.type = FileType::fifo});
  check("l", {.type = FileType::symlink, .target = "../outside/secret"});
  EXPECT_EQ(host_stat("outside/secret").st_uid, 0U);
}

TEST_F(HostCreate, SetIdBitsSurviveTheChangeOfOwner) {
  WASIFS_NEEDS_ROOT();
  must(root_->create("f", {.mode = 06755, .uid = 1234, .gid = 1234}));
  EXPECT_EQ(host_stat("root/f").st_mode & 07777U, 06755U);
}

TEST_F(HostCreate, ASetGroupIdDirectoryDoesNotOverruleTheGroupAsked) {
  WASIFS_NEEDS_ROOT();
  must(root_->set_attr({.mode = 02777, .gid = 99}));
  must(root_->create("f", {.mode = 0644, .uid = 0, .gid = 5}));
  must(root_->create("d", {.type = FileType::directory, .mode = 0755, .uid = 0, .gid = 5}));
  EXPECT_EQ(host_stat("root/f").st_gid, 5U);
  EXPECT_EQ(host_stat("root/d").st_gid, 5U);
  EXPECT_EQ(host_stat("root/d").st_mode & 07777U, 0755U);
}

TEST_F(HostCreate, WhatCannotGetItsOwnerIsTakenBack) {
  WASIFS_NEEDS_ROOT();
  must(root_->set_attr({.mode = 0777}));
  const ScopedUser user;
  for (const FileType type : {FileType::regular, FileType::directory, FileType::fifo, FileType::symlink}) {
    const NewNode spec{.type = type, .mode = 0755, .uid = 1234, .gid = ScopedUser::kUser, .target = "x"};
    EXPECT_EQ(error_of(root_->create("x", spec)), Errc::eperm);
    EXPECT_FALSE(temp_.exists("root/x"));
  }
}

TEST_F(HostCreate, AnOrdinaryUserMakesFilesOfTheirOwn) {
  WASIFS_NEEDS_ROOT();
  must(root_->set_attr({.mode = 0777}));
  const ScopedUser user;
  const NodeRef file = must(root_->create("f", mine({.mode = 0640})));
  EXPECT_EQ(must(file->attr()).uid, ScopedUser::kUser);
  EXPECT_EQ(must(file->attr()).mode, 0640);
  must(root_->link("second", *file));
  EXPECT_EQ(must(file->attr()).nlink, 2U);
}

TEST_F(HostCreate, ANumberThatMeansNoOwnerIsRefused) {
  const NewNode spec{.uid = 0xFFFF'FFFFU, .gid = ::getegid()};
  EXPECT_EQ(error_of(root_->create("f", spec)), Errc::einval);
  EXPECT_FALSE(temp_.exists("root/f"));
}

TEST_F(HostCreate, RunningOutOfDescriptorsLeavesNothingBehind) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer opens a pipe to look at an object's type, and there is no descriptor for it";
#endif
  struct rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::dup(0);
  ASSERT_GE(lowest_free, 0);
  ::close(lowest_free);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  std::vector<Errc> errors;
  for (const FileType type : {FileType::regular, FileType::directory, FileType::fifo, FileType::symlink}) {
    errors.push_back(error_of(root_->create("x", mine({.type = type, .mode = 0700, .target = "t"}))));
  }
  errors.push_back(error_of(root_->lookup("x")));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  // The look-up needs a descriptor before it can tell that there is no such name.
  EXPECT_EQ(errors, std::vector<Errc>(5, Errc::emfile));
  EXPECT_FALSE(temp_.exists("root/x"));
}

TEST_F(HostCreate, ASymlinkHoldsItsTextVerbatim) {
  for (const std::string& text : {std::string("/etc/passwd"), std::string("../../x"), std::string(4095, 'y'),
                                  std::string("\xff\x01 \n")}) {
    const NodeRef link = must(root_->create("l", mine({.type = FileType::symlink, .target = text})));
    EXPECT_EQ(must(link->read_link()).text, text);
    EXPECT_TRUE(must(link->read_link()).layer_rooted);
    must(root_->unlink("l"));
  }
}

TEST_F(HostCreate, ASymlinkTextThatCannotBeStoredIsRefused) {
  const auto with = [&](std::string_view text) {
    return error_of(root_->create("l", mine({.type = FileType::symlink, .target = text})));
  };
  EXPECT_EQ(with(std::string(4096, 'y')), Errc::enametoolong);
  EXPECT_EQ(with(""), Errc::enoent);
  EXPECT_EQ(with(std::string_view("a\0b", 3)), Errc::einval);
  EXPECT_FALSE(temp_.exists("root/l"));
}

TEST_F(HostCreate, NamesMayBeAnyBytesUpTo255) {
  const std::string longest(255, 'n');
  const std::string bytes = "\x01\xff\xfe \n\t*?\\\"'";
  for (const std::string& name : {longest, bytes, std::string("..."), std::string(".x"), std::string(" ")}) {
    const NodeRef node = must(root_->create(name, mine({})));
    EXPECT_EQ(at(name), node);
    EXPECT_TRUE(list(*root_).contains(name));
    EXPECT_TRUE(temp_.exists("root/" + name));
  }
}

TEST_F(HostCreate, NamesThatAreNoComponentAreRefusedEverywhere) {
  const NodeRef file = make("f");
  const std::vector<std::pair<std::string, Errc>> names = {{"", Errc::einval},
                                                           {".", Errc::einval},
                                                           {"..", Errc::einval},
                                                           {"a/b", Errc::einval},
                                                           {"/", Errc::einval},
                                                           {std::string("f\0x", 3), Errc::einval},
                                                           {"../outside/secret", Errc::einval},
                                                           {std::string(256, 'n'), Errc::enametoolong}};
  for (const auto& [name, expected] : names) {
    EXPECT_EQ(error_of(root_->lookup(name)), expected) << name;
    EXPECT_EQ(error_of(root_->create(name, mine({}))), expected) << name;
    EXPECT_EQ(error_of(root_->link(name, *file)), expected) << name;
    EXPECT_EQ(error_of(root_->unlink(name)), expected) << name;
    EXPECT_EQ(error_of(root_->rmdir(name)), expected) << name;
    EXPECT_EQ(error_of(root_->rename(name, *root_, "g", RenameMode::replace)), expected) << name;
    EXPECT_EQ(error_of(root_->rename("f", *root_, name, RenameMode::replace)), expected) << name;
  }
}

TEST_F(HostCreate, ARemovedDirectoryTakesNoNewEntries) {
  const NodeRef dir = must(root_->create("d", mine({.type = FileType::directory, .mode = 0755})));
  must(root_->rmdir("d"));
  EXPECT_EQ(error_of(dir->create("f", mine({}))), Errc::enoent);
  EXPECT_EQ(error_of(dir->create("d", mine({.type = FileType::directory}))), Errc::enoent);
}

TEST_F(HostCreate, AnAnonymousFileHasNoNameUntilItIsLinked) {
  const ScopedUmask mask(077);
  const NodeRef file = must(root_->create_anonymous(mine({.mode = 04664})));
  EXPECT_TRUE(list(*root_).empty());
  EXPECT_EQ(must(file->attr()).nlink, 0U);
  EXPECT_EQ(must(file->attr()).mode, 04664);
  must(must(file->open({.read = true, .write = true}))->write_at(0, bytes_of("text")));
  must(file->set_attr({.mode = 0640}));
  must(root_->link("f", *file));
  EXPECT_EQ(temp_.read_file("root/f"), "text");
  EXPECT_EQ(host_stat("root/f").st_mode & 07777U, 0640U);
  EXPECT_EQ(at("f"), file);
}

TEST_F(HostCreate, AnAnonymousFileGetsItsOwner) {
  WASIFS_NEEDS_ROOT();
  const NodeRef file = must(root_->create_anonymous({.mode = 0600, .uid = 1234, .gid = 4321}));
  EXPECT_EQ(must(file->attr()).uid, 1234U);
  EXPECT_EQ(must(file->attr()).gid, 4321U);
}

TEST_F(HostCreate, OnlyRegularFilesCanBeAnonymous) {
  EXPECT_EQ(error_of(root_->create_anonymous(mine({.type = FileType::directory}))), Errc::enotsup);
}

}  // namespace
}  // namespace wasifs::test
