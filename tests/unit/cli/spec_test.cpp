// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli_runner.h"
#include "demo_package.h"
#include "support/temp_dir.h"

namespace wasifs {
namespace {

using nlohmann::json;
using test::Ran;
using test::run_cli;

/// A folder with the quick start's package and a manifest "site.toml".
class Spec : public testing::Test {
 protected:
  Spec() { dir_.write_file("demo.webc", test::demo_package()); }
  [[nodiscard]] std::string site(std::string_view more = "") const {
    dir_.write_file("site.toml", "[container]\nsource = \"demo.webc\"\n" + std::string(more));
    return dir_ / "site.toml";
  }

  test::TempDir dir_;
};

TEST_F(Spec, OfAPackageIsPrintedForAPerson) {
  const Ran ran = run_cli({"spec", dir_ / "demo.webc"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  const std::string package = dir_ / "demo.webc";
  EXPECT_EQ(ran.out, "run specification of \"" + package +
                         "\"\n"
                         "command:           hello\n"
                         "program:           /bin/hello, program \"hello\" of \"" +
                         package +
                         "\"\n"
                         "entry function:    _start\n"
                         "working directory: /\n"
                         "arguments:\n"
                         "  0  hello\n"
                         "environment:       none\n"
                         "preopens:\n"
                         "  3  / -> /  read, write, create\n"
                         "  4  . -> /  read, write, create\n"
                         "  5  / -> /  read, write, create\n"
                         "commands in /bin and /usr/bin:\n"
                         "  hello = program \"hello\" of \"" +
                         package + "\"\n");
}

TEST_F(Spec, IsPrintedAsJson) {
  const Ran ran = run_cli({"spec", "--json", site("[run]\nargs = [\"x\"]\ncwd = \"/work\"\n")});
  EXPECT_EQ(ran.status, 0);
  const json document = json::parse(ran.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["argv"], (std::vector<std::string>{"hello", "x"}));
  EXPECT_EQ(document["cwd"], "/work");
}

TEST_F(Spec, OfADirectoryHasNoCommand) {
  dir_.make_dirs("plain");
  const json document = json::parse(run_cli({"spec", "--json", dir_ / "plain"}).out);
  EXPECT_TRUE(document["command"].is_null());
  EXPECT_EQ(document["argv"], json::array());
}

TEST_F(Spec, OfAMissingPreopenIsStatusThreeWhileLookingWorks) {
  const std::string source = site("[[preopen]]\npath = \"/gone\"\n");
  const Ran ran = run_cli({"spec", source});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, source + ":4:8: error: preopen \"/gone\": it does not exist\n");
  for (const char* verb : {"plan", "tree", "ls"}) EXPECT_EQ(run_cli({verb, source}).status, 0) << verb;
}

TEST_F(Spec, ListsEveryReasonNotToStart) {
  dir_.make_dirs("data");
  const std::string source =
      site("[fs]\n\"/d\" = \"data\"\n[run]\ncwd = \"/d/new\"\n[[preopen]]\npath = \"/gone\"\n");
  const Ran ran = run_cli({"spec", source});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err, source + ": error: a guest cannot be started here: 2 problems\n  " + source +
                         ":6:7: cause: working directory \"/d/new\": it does not exist\n  " + source +
                         ":8:8: cause: preopen \"/gone\": it does not exist\n"
                         "hint: a missing one is made only where changes are kept in memory\n");
  EXPECT_FALSE(dir_.exists("data/new"));
}

TEST_F(Spec, MountChecksTheSameBeforeItMounts) {
  const std::string source = site("[[preopen]]\npath = \"/gone\"\n");
  dir_.make_dirs("mnt");
  const Ran ran = run_cli({"mount", source, dir_ / "mnt"});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err, source + ":4:8: error: preopen \"/gone\": it does not exist\n");
}

}  // namespace
}  // namespace wasifs
