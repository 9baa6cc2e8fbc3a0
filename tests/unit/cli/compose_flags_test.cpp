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

constexpr const char* kComposing[] = {"mount", "plan", "check",   "tree", "ls",
                                      "cat",   "stat", "explain", "spec"};

/// A SOURCE with the mount /m, and directories to put beside it.
class ComposeFlags : public testing::Test {
 protected:
  ComposeFlags() {
    dir_.write_file("site.toml",
                    "[root]\nbase = \"empty\"\n[[mount]]\nguest = \"/m\"\ntype = \"host\"\nsource = \"m\"\n");
    dir_.write_file("m/of", "manifest");
    dir_.write_file("data/of", "flag");
    dir_.write_file("demo.webc", test::demo_package());
  }

  /// `wasifs VERB site.toml WORDS…`.
  [[nodiscard]] Ran with(const std::string& verb, const std::vector<std::string>& words) const {
    std::vector<std::string> all{verb, dir_ / "site.toml"};
    all.insert(all.end(), words.begin(), words.end());
    return run_cli(all);
  }
  [[nodiscard]] std::string data() const { return dir_ / "data"; }

  test::TempDir dir_;
};

TEST_F(ComposeFlags, AreInOneGroupOfEveryComposingVerb) {
  for (const char* verb : kComposing) {
    const std::string help = run_cli({verb, "--help"}).out;
    const std::size_t group = help.find("Composition (beats what a manifest says):\n");
    ASSERT_NE(group, std::string::npos) << help;
    for (const char* flag : {"--volume [HOST:]GUEST[:ro|rw|cow]", "--mapdir GUEST:HOST", "--use PACKAGE",
                             "--env NAME=VALUE", "--forward-host-env", "--cwd PATH",
                             "--map-command ALIAS=PATH", "--store DIR", "--no-dependencies"}) {
      EXPECT_NE(help.find("  " + std::string(flag), group), std::string::npos) << flag << "\n" << help;
    }
    EXPECT_EQ(help.find("journal"), std::string::npos) << help;
  }
}

TEST_F(ComposeFlags, VolumeShowsAHostDirectory) {
  EXPECT_EQ(with("cat", {"/srv/of", "--volume", data() + ":/srv"}).out, "flag");
  EXPECT_EQ(with("cat", {"--volume=" + data() + ":srv:ro", "/srv/of"}).out, "flag");
  EXPECT_EQ(with("ls", {"--volume", data() + ":/a", "--volume", data() + ":/b:cow"}).out, "a\nb\nm\n");
}

TEST_F(ComposeFlags, VolumeReplacesTheManifestsMount) {
  EXPECT_EQ(with("cat", {"/m/of"}).out, "manifest");
  EXPECT_EQ(with("cat", {"/m/of", "--volume", data() + ":/m"}).out, "flag");
}

TEST_F(ComposeFlags, ValuesAreTakenAsTheyAre) {
  dir_.write_file("[a,b]/f", "brackets");
  dir_.write_file("-v/f", "dash");
  EXPECT_EQ(with("cat", {"/x/f", "--volume", (dir_ / "[a,b]") + ":/x"}).out, "brackets");
  EXPECT_EQ(with("ls", {"/", "--env", "[a=1,b=2]", "--env", "-x=1", "--cwd", "/m"}).status, 0);
  EXPECT_EQ(with("plan", {"--volume", "-v:/x"}).status, 0);
}

TEST_F(ComposeFlags, UseInjectsAPackage) {
  EXPECT_EQ(with("cat", {"/srv/style.css", "--use", dir_ / "demo.webc"}).out, "h1 { color: teal }\n");
}

TEST_F(ComposeFlags, PlanSaysWhichFlagAMountComesFrom) {
  const Ran text = with("plan", {"--volume", "data:/srv:ro"});
  EXPECT_NE(
      text.out.find(
          "\n/srv  ro, from --volume \"data:/srv:ro\"\n  lower host \"data\" (--volume \"data:/srv:ro\")\n"),
      std::string::npos)
      << text.out;
  const json document = json::parse(with("plan", {"--json", "--volume", "data:/srv"}).out);
  EXPECT_EQ(document["mounts"][2]["origin"], "--volume \"data:/srv\"");
  EXPECT_EQ(document["mounts"][2]["where"], (json{{"flag", "--volume \"data:/srv\""}}));
}

TEST_F(ComposeFlags, AMissingDirectoryIsStatusSixAndNamesTheFlag) {
  const Ran ran = with("tree", {"--volume", "none/such:/srv"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(
      ran.err,
      "--volume \"none/such:/srv\": error: mount \"/srv\": host directory \"none/such\" does not exist\n");
}

TEST_F(ComposeFlags, AMissingPackageIsStatusSixAndNamesTheFlag) {
  const Ran ran = with("plan", {"--use", "none.webc"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err, "--use \"none.webc\": error: package \"none.webc\" does not exist\n");
}

TEST_F(ComposeFlags, ACorruptPackageIsStatusFiveAndNamesTheFlag) {
  dir_.write_file("bad.webc", "junk");
  const Ran ran = with("plan", {"--use", dir_ / "bad.webc"});
  EXPECT_EQ(ran.status, 5);
  EXPECT_EQ(ran.err.find("--use \"" + (dir_ / "bad.webc") + "\": error: package \"" + (dir_ / "bad.webc") +
                         "\" cannot be opened\n"),
            0U)
      << ran.err;
}

TEST_F(ComposeFlags, WhatIsWrongWithAFlagIsStatusTwo) {
  const Ran ran = with("ls", {"--volume", "a:b:c:d"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(
      ran.err,
      "error: --volume \"a:b:c:d\": it has too many parts\n"
      "hint: write --volume [HOST:]GUEST[:ro|rw|cow]; a colon that belongs to a path is written \"\\:\"\n");
}

TEST_F(ComposeFlags, TwoVolumesAtOnePathClashWhereTheManifestSaysFail) {
  dir_.write_file("site.toml", "[root]\nconflict = \"fail\"\n");
  EXPECT_EQ(with("ls", {"--volume", data() + ":/x", "--volume", data() + ":/x"}).status, 4);
  EXPECT_EQ(with("ls", {"--volume", data() + ":/x"}).status, 0);
}

TEST_F(ComposeFlags, MapdirWarnsOfItsOrderAndWorks) {
  for (const char* verb : {"ls", "plan"}) {
    const Ran ran = with(verb, {"--mapdir", "/srv:" + data()});
    EXPECT_EQ(ran.status, 0);
    EXPECT_NE(ran.out.find("srv"), std::string::npos);
    EXPECT_EQ(ran.err, "warning: --mapdir \"/srv:" + data() +
                           "\" names the guest's path first, unlike --volume\nhint: write --volume \"" +
                           data() + ":/srv\"\n");
  }
}

TEST_F(ComposeFlags, AWrongMapdirIsOneError) {
  const Ran ran = with("ls", {"--mapdir", "/srv"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: --mapdir \"/srv\": it does not have two parts\n"
            "hint: write --mapdir GUEST:HOST, or better --volume HOST:GUEST\n");
}

TEST_F(ComposeFlags, JournalsAreKnownByNameAndRefused) {
  const std::vector<std::vector<std::string>> flags{{"--journal", "a.wj"},
                                                    {"--journal-writable", "a.wj"},
                                                    {"--snapshot-on", "idle"},
                                                    {"--snapshot-period", "1000"},
                                                    {"--stop-after-snapshot"}};
  for (const char* verb : {"ls", "plan"}) {
    for (const auto& flag : flags) {
      const Ran ran = with(verb, flag);
      EXPECT_EQ(ran.status, 2);
      EXPECT_EQ(ran.out, "");
      EXPECT_EQ(ran.err, "error: " + std::string(verb) + ": " + flag[0] +
                             ": journals are not in this version of wasifs\nhint: see \"wasifs " + verb +
                             " --help\"\n");
    }
  }
}

TEST_F(ComposeFlags, AFlagWithoutItsValueIsAnError) {
  EXPECT_EQ(with("ls", {"--volume"}).status, 2);
  EXPECT_EQ(with("ls", {"--cwd", "/a", "--cwd"}).status, 2);
}

TEST_F(ComposeFlags, ASlipOfAFlagIsSuggested) {
  const Ran ran = with("tree", {"--volme", "a:/b"});
  EXPECT_EQ(ran.err, "error: tree: unknown option \"--volme\"\nhint: did you mean \"--volume\"?\n");
}

TEST_F(ComposeFlags, BehindDashesAreTheGuestsArguments) {
  EXPECT_EQ(with("plan", {"--", "--volume", "-x", "plan", "--"}).status, 0);
  // Of a verb without such arguments they are what they would be without dashes.
  EXPECT_EQ(with("ls", {"--", "/m"}).out, "of\n");
  EXPECT_EQ(with("cat", {"--", "/m/of", "-x"}).err, "error: cannot read \"-x\": No such file or directory\n");
  EXPECT_EQ(with("cat", {"/m/of", "-x", "--"}).status, 2);
}

TEST_F(ComposeFlags, SpecShowsWhatTheyGiveTheGuest) {
  dir_.write_file("rg", "program");
  const std::string command = "rg=" + (dir_ / "rg");
  const Ran ran = run_cli({"spec", "--json", dir_ / "site.toml", "--env", "A=1", "--forward-host-env",
                           "--env", "B=2", "--cwd", "/m", "--map-command", command, "--", "-c", "--", "x"},
                          {.environment = {"B=host", "C=host", "odd"}});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const json document = json::parse(ran.out);
  EXPECT_EQ(document["argv"], (json{"-c", "--", "x"}));
  EXPECT_EQ(document["cwd"], "/m");
  EXPECT_EQ(document["cwd_where"], (json{{"flag", "--cwd \"/m\""}}));
  EXPECT_EQ(ran.out.find("odd"), std::string::npos);
  EXPECT_NE(ran.out.find(R"({"name":"B","value":"2"},{"name":"C","value":"host"},{"name":"A","value":"1"})"),
            std::string::npos)
      << ran.out;
  ASSERT_EQ(document["commands"].size(), 1U);
  EXPECT_EQ(document["commands"][0]["where"], (json{{"flag", "--map-command \"" + command + "\""}}));
  EXPECT_EQ(with("cat", {"/bin/rg", "--map-command", command}).out, "program");
}

TEST_F(ComposeFlags, AMissingHostCommandNamesTheFlag) {
  const Ran ran = with("ls", {"--map-command", "rg=none/rg"});
  EXPECT_EQ(ran.status, 6);
  EXPECT_EQ(ran.err.find("--map-command \"rg=none/rg\": error: "), 0U) << ran.err;
}

TEST_F(ComposeFlags, AMissingWorkingDirectoryNamesTheFlag) {
  const Ran ran = with("spec", {"--cwd", "/m/of"});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err.find("--cwd \"/m/of\": error: working directory \"/m/of\": "), 0U) << ran.err;
}

TEST_F(ComposeFlags, TheHelperForMountTakesNone) {
  const Ran ran = run_cli({dir_ / "site.toml", dir_.string(), "-f", "-o", "volume=a:/b"}, {}, "mount.wasifs");
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("volume"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace wasifs
