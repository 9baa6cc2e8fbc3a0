// SPDX-License-Identifier: Apache-2.0
// `wasifs diff`: two sources of any kind, its words and statuses.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

class DiffVerb : public testing::Test {
 protected:
  DiffVerb() {
    for (const char* side : {"a", "b"}) {
      const std::string top(side);
      dir_.write_file(top + "/d/same", "same\n");
      dir_.write_file(top + "/d/text", "one\ntwo\n");
    }
  }
  Ran run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"diff", dir_ / "a", dir_ / "b"});
    return run_cli(arguments);
  }

  TempDir dir_;
};

TEST_F(DiffVerb, StatusTellsWhetherTheyDiffer) {
  EXPECT_EQ(run({}).status, 0);
  EXPECT_EQ(run({}).out, "");
  dir_.write_file("b/new", "");
  EXPECT_EQ(run({}).status, 1);
  EXPECT_EQ(run({}).out, "+ /new\n");
}

TEST_F(DiffVerb, ASourceIsAnythingThatCanBeComposed) {
  ASSERT_EQ(run_cli({"extract", dir_ / "a", "-o", dir_ / "a.tar.gz"}).status, 0);
  dir_.write_file("b/d/text", "one\n");
  const Ran ran = run_cli({"diff", dir_ / "a.tar.gz", dir_ / "b"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_EQ(ran.out, "M /d/text  size 8 -> 4, content\n");
}

TEST_F(DiffVerb, MetadataIsWhatTheUserSays) {
  ASSERT_EQ(::chmod((dir_ / "b/d/text").c_str(), 0600), 0);
  ASSERT_EQ(::chmod((dir_ / "a/d/text").c_str(), 0644), 0);
  EXPECT_EQ(run({}).out, "M /d/text  mode 0644 -> 0600\n");
  EXPECT_EQ(run({"--metadata", "owner,xattrs"}).status, 0);
  EXPECT_EQ(run({"--metadata", "none"}).status, 0);
  EXPECT_EQ(run({"--metadata", "mode"}).status, 1);
  const Ran ran = run({"--metadata", "colour"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: diff: --metadata: \"colour\" is none of mode, owner, xattrs, links, times, none\n"
            "hint: see \"wasifs diff --help\"\n");
}

TEST_F(DiffVerb, JsonIsOneObject) {
  dir_.write_file("b/d/text", "one\n");
  const Ran ran = run({"--json"});
  EXPECT_EQ(ran.status, 1);
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json["schema"], 1);
  ASSERT_EQ(json["entries"].size(), 1U);
  EXPECT_EQ(json["entries"][0]["path"], "/d/text");
  EXPECT_EQ(json["entries"][0]["aspects"][1]["what"], "content");
  EXPECT_TRUE(std::string(json["entries"][0]["aspects"][1]["before"]).starts_with("sha256:"));
  EXPECT_EQ(run({"--json", "--content"}).status, 2);
}

TEST_F(DiffVerb, ContentIsWhatPatchTakes) {
  dir_.write_file("b/d/text", "one\n2");
  dir_.write_file("b/new file", "x\n");
  dir_.write_file("b/\"q\"\t\xff", "y\n");
  dir_.write_file("a/gone", "z\n");
  const Ran ran = run({"--content"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out,
            "+ \"/\\\"q\\\"\\t\\xff\"\n--- /dev/null\n+++ \"b/\\042q\\042\\011\\377\"\n@@ -0,0 +1 @@\n+y\n"
            "M /d/text  size 8 -> 5, content\n--- a/d/text\n+++ b/d/text\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
            "\\ No newline at end of file\n"
            "- /gone\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-z\n"
            "+ /new file\n--- /dev/null\n+++ b/new file\t\n@@ -0,0 +1 @@\n+x\n");
  dir_.write_file("diff", ran.out);
  const std::string command = "patch -s -f -d " + (dir_ / "a") + " -p1 < " + (dir_ / "diff");
  ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(concurrency-mt-unsafe): no other threads
  EXPECT_EQ(run({}).out, "");
}

TEST_F(DiffVerb, ContentSaysWhyThereIsNone) {
  dir_.write_file("a/binary", std::string("a\0", 2));
  dir_.write_file("b/binary", "b");
  dir_.write_file("b/large", std::string((8U << 20U) + 1, 'x'));
  dir_.write_file("b/long", std::string(200'001, '\n'));
  EXPECT_EQ(run({"--content"}).out,
            "M /binary  size 2 -> 1, content\n  (binary files differ)\n"
            "+ /large\n  (files differ, and are larger than 8 MiB)\n"
            "+ /long\n  (files differ, and have more than 200000 lines)\n");
}

TEST_F(DiffVerb, ATerminalIsGivenNoCommands) {
  dir_.write_file("b/evil", "\x1b]0;title\x07\r\n");
  const Ran ran = run_cli({"diff", dir_ / "a", dir_ / "b", "--content", "--color", "never"}, {.out = true});
  EXPECT_EQ(ran.out, "+ /evil\n--- /dev/null\n+++ b/evil\n@@ -0,0 +1 @@\n+^[]0;title^G^M\n");
}

TEST_F(DiffVerb, WhatCannotBeReadIsStatus6) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  ASSERT_EQ(::chmod((dir_ / "b/d").c_str(), 0), 0);
  dir_.write_file("b/new", "");
  const Ran ran = run({"--metadata", "none"});
  ASSERT_EQ(::chmod((dir_ / "b/d").c_str(), 0755), 0);
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.out, "+ /new\n");
  EXPECT_EQ(ran.err, (dir_ / "b") + ": error: cannot read \"/d\": Permission denied\n");
}

TEST_F(DiffVerb, ASourceMustBeThere) {
  const Ran ran = run_cli({"diff", dir_ / "a", dir_ / "missing"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_NE(ran.err.find("missing"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace wasifs::test
