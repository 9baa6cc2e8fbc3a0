// SPDX-License-Identifier: Apache-2.0
// Programs that people run on a mount.
#include <gtest/gtest.h>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "support/fuse_mount.h"

namespace wasifs::test {
namespace {

class Tools : public testing::Test {
 protected:
  void SetUp() override {
    WASIFS_NEED_FUSE();
    mount_.emplace(std::make_shared<const Tree>(MountTable(std::make_shared<MemoryFilesystem>())));
  }
  /// Skips the test where `program` is not installed.
  static bool missing(const std::string& program) {
    return run_program({"sh", "-c", "command -v \"$0\" >/dev/null", program}).status != 0;
  }
  Finished in_mount(const std::string& script) { return run_shell(script, mount_->path()); }

  /// A script that makes a tree with a bit of everything in "src".
  static constexpr const char* kMakeSource =
      "mkdir -p src/a/b && echo one > src/one && head -c 300000 /dev/urandom > src/a/big && "
      "ln src/one src/a/hard && ln -s ../one src/a/soft && chmod 4751 src/one && mkfifo src/a/b/pipe && "
      "truncate -s 1M src/a/b/holes && chown 12:34 src/a/big && "
      // An old time for all: rsync takes times within one second for equal.
      "find src -exec touch -h -d '2001-02-03 04:05:06.789' {} +";
  /// Prints a tree so that two equal ones print the same.
  static constexpr const char* kPrint =
      "{ find . -printf '%P %y %m %U %G %n %T@ %l\\n' | sort; "
      "find . -type f -print0 | sort -z | xargs -0 sha256sum; }";
  void expect_equal(const std::string& first, const std::string& second) {
    const Finished one = in_mount("cd " + first + " && " + kPrint);
    const Finished two = in_mount("cd " + second + " && " + kPrint);
    ASSERT_EQ(one.status, 0) << one.err;
    EXPECT_EQ(one.out, two.out);
  }

  std::optional<TreeMount> mount_;
};

TEST_F(Tools, CpKeepsEverything) {
  ASSERT_EQ(in_mount(kMakeSource).status, 0);
  const Finished run = in_mount("cp -a src dst");
  ASSERT_EQ(run.status, 0) << run.err;
  expect_equal("src", "dst");
}

TEST_F(Tools, TarKeepsEverything) {
  ASSERT_EQ(in_mount(kMakeSource).status, 0);
  const Finished run = in_mount("tar --format=posix -cf t.tar src && mkdir out && tar -xpf t.tar -C out");
  ASSERT_EQ(run.status, 0) << run.err;
  expect_equal("src", "out/src");
}

TEST_F(Tools, RsyncKeepsEverythingAndHasNothingToDoTwice) {
  if (missing("rsync")) GTEST_SKIP() << "PROGRAM MISSING: rsync";
  ASSERT_EQ(in_mount(kMakeSource).status, 0);
  const Finished run = in_mount("rsync -aH src/ dst/");
  ASSERT_EQ(run.status, 0) << run.err;
  expect_equal("src", "dst");
  EXPECT_EQ(in_mount("rsync -aHi src/ dst/").out, "");
}

TEST_F(Tools, GitCommitsAndFindsItsRepositorySound) {
  if (missing("git")) GTEST_SKIP() << "PROGRAM MISSING: git";
  const Finished run = in_mount(
      "export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 && git init -q repo && cd repo && "
      "git config user.email a@example.org && git config user.name A && "
      "for i in $(seq 50); do echo $i > f$i; done && git add . && git commit -qm one && "
      "git checkout -qb other && echo x > f1 && git commit -qam two && git checkout -q - && "
      "git merge -q other && git gc -q && git fsck --strict && git status --porcelain");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
}

TEST_F(Tools, GccCompilesAndTheProgramRuns) {
  if (missing("gcc")) GTEST_SKIP() << "PROGRAM MISSING: gcc";
  const Finished run = in_mount(
      "printf '#include <stdio.h>\\nint main(void) { puts(\"compiled\"); }\\n' > x.c && gcc -O1 x.c -o x && "
      "./x");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "compiled\n");
}

TEST_F(Tools, SedReplacesAFileInPlace) {
  const Finished run =
      in_mount("seq 1000 > f && sed -i 's/^5$/five/' f && sed -n 5p f && wc -l < f && ls -A");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "five\n1000\nf\n");
}

TEST_F(Tools, AppendsOfManyShellsAreAllThere) {
  const Finished run = in_mount(
      "for p in 1 2 3 4; do (for i in $(seq 200); do echo line >> log; done) & done; wait; "
      "wc -l < log; sort -u log");
  EXPECT_EQ(run.out, "800\nline\n") << run.err;
}

TEST_F(Tools, RmRemovesADeepTreeThatFindIsListing) {
  const Finished run = in_mount(
      "d=deep; for i in $(seq 150); do d=$d/level-$i; done; mkdir -p $d && touch $d/leaf && "
      "find deep | wc -l && rm -r deep && ls -A");
  EXPECT_EQ(run.out, "152\n") << run.err;
}

TEST_F(Tools, DfShowsTheSpaceOfTheLayer) {
  const Finished run = run_program({"stat", "-f", "-c", "%l %s", mount_->path()});
  EXPECT_EQ(run.out, "255 4096\n") << run.err;
}

}  // namespace
}  // namespace wasifs::test
