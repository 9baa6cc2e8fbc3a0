// SPDX-License-Identifier: Apache-2.0
// `wasifs extract`: what it writes, and what it says.
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "cli_runner.h"
#include "fs/archive/tar_writer.h"
#include "support/acl.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

class Extract : public testing::Test {
 protected:
  Extract() {
    dir_.write_file("site/index.html", "hello");
    dir_.write_file("site/sub/page", "page");
    dir_.make_symlink("site/link", "sub/page");
  }
  Ran extract(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"extract", dir_ / "site"});
    return run_cli(arguments);
  }
  TempDir dir_;
};

TEST_F(Extract, APartOfTheTreeGoesToADirectory) {
  const Ran ran = extract({"/sub", "-o", dir_ / "out"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out + ran.err, "");
  EXPECT_EQ(dir_.read_file("out/page"), "page");
  EXPECT_FALSE(dir_.exists("out/index.html"));
}

TEST_F(Extract, ATarShowsTheSameTree) {
  const std::string tar = dir_ / "site.tar.gz";
  ASSERT_EQ(extract({"-o", tar}).status, 0);
  EXPECT_EQ(run_cli({"cat", tar, "/link"}).out, "page");
  EXPECT_EQ(run_cli({"ls", tar, "/sub"}).out, "page\n");
  EXPECT_EQ(run_cli({"stat", tar, "/dev/null"}).status, 0) << "all of the root is in it";
}

TEST_F(Extract, WhatWasWrittenCanBeMountedAgain) {
  ASSERT_EQ(extract({"-o", dir_ / "out"}).status, 0);
  const Ran was = run_cli({"tree", dir_ / "site"});
  const Ran is = run_cli({"tree", dir_ / "out"});
  EXPECT_EQ(is.out, was.out);
}

TEST_F(Extract, TheSecondTimeNeedsAWord) {
  ASSERT_EQ(extract({"/sub", "-o", dir_ / "out"}).status, 0);
  const Ran again = extract({"/sub", "-o", dir_ / "out"});
  EXPECT_EQ(again.status, 4);
  EXPECT_EQ(again.err,
            "error: \"" + (dir_ / "out") +
                "\" is not empty\nhint: --overwrite replaces what is there, or goes on where it was "
                "ended\n");
  EXPECT_EQ(extract({"/sub", "-o", dir_ / "out", "--overwrite"}).status, 0);
}

TEST_F(Extract, WrongWordsAreToldApart) {
  EXPECT_EQ(extract({}).status, 2);
  const Ran nothing = extract({"/none", "-o", dir_ / "out"});
  EXPECT_EQ(nothing.status, 6);
  EXPECT_EQ(nothing.err, "error: cannot read \"/none\": No such file or directory\n");
  EXPECT_FALSE(dir_.exists("out"));
  const Ran nowhere = extract({"-o", dir_ / "no/such/site.tar"});
  EXPECT_EQ(nowhere.status, 6);
  EXPECT_EQ(nowhere.err, "error: cannot write \"" + (dir_ / "no/such/site.tar") +
                             "\": No such file or directory\nhint: make the folder \"" + (dir_ / "no/such") +
                             "\" first\n");
}

TEST_F(Extract, AnEndInTheMiddleSaysHowToGoOn) {
  dir_.write_file("out/page/in-the-way", "x");
  const Ran ran = extract({"/sub", "-o", dir_ / "out", "--overwrite"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err,
            "error: cannot write \"" + (dir_ / "out/page") +
                "\": Is a directory\nhint: a directory that is not empty is in its place: move that away\n");
}

TEST_F(Extract, ADeepDirectoryTakesAsManyDescriptorsAsThereMayBe) {
  std::string deep = "deep";
  for (int i = 0; i < 400; ++i) deep += "/d";
  dir_.write_file(deep + "/f", "x");
  const Finished ran =
      run_shell("ulimit -Sn 100 && exec \"" WASIFS_PROGRAM "\" extract deep -o out", dir_.string());
  EXPECT_EQ(ran.status, 0) << ran.err.substr(0, 200);
  EXPECT_EQ(dir_.read_file("out" + deep.substr(4) + "/f"), "x");
}

TEST_F(Extract, AccessControlListsOfATarComeAlong) {
  const std::vector<std::pair<std::string, std::string>> lists = {{kAccessAclName, acl_of(7, 4, 5, 4, 0)},
                                                                  {kDefaultAclName, acl_of(7, 7, 5, 5, 0)}};
  const auto tar = archive::TarWriter::create(dir_ / "a.tar").value();
  const Attr attr{
      .type = FileType::directory, .mode = 0740, .uid = ::geteuid(), .gid = ::getegid(), .mtime = {.sec = 9}};
  ASSERT_TRUE(tar->add({.path = "d/", .attr = attr, .xattrs = lists}, nullptr));
  ASSERT_TRUE(tar->finish());
  ASSERT_EQ(run_cli({"extract", dir_ / "a.tar", "/d", "-o", dir_ / "b.tar"}).status, 0);
  EXPECT_NE(dir_.read_file("b.tar").find("SCHILY.acl.default=user::rwx"), std::string::npos);
  const Ran ran = run_cli({"extract", dir_ / "a.tar", "/d", "-o", dir_ / "out"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const auto& [name, value] : lists) {
    std::array<char, 256> there{};
    const ssize_t size = ::getxattr((dir_ / "out").c_str(), name.c_str(), there.data(), there.size());
    if (size < 0 && errno == EOPNOTSUPP) GTEST_SKIP() << "the file system has no access control lists";
    ASSERT_GT(size, 0) << name;
    EXPECT_EQ(std::string(there.data(), static_cast<std::size_t>(size)), value) << name;
  }
}

}  // namespace
}  // namespace wasifs::test
