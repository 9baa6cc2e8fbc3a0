// SPDX-License-Identifier: Apache-2.0

// Composition rules 8 and 9: argv, environment, working directory, preopens.

#include "plan/run_plan.h"

#include <gtest/gtest.h>

#include "planning.h"

namespace wasifs::plan {
namespace {

/// A package of which `edit` sets up the command `name`.
template <class Edit>
PackageInfo package_with(const std::string& name, Edit edit) {
  PackageInfo info = with_command(package({}), name);
  edit(info.manifest.commands.front());
  return info;
}

RunSpec run_of(std::string_view text, const PackageInfo& info = package({})) {
  return plan(text, {{"p.webc", info}}).run;
}

/// NAME=VALUE of each variable.
Strings env_of(const RunSpec& run) {
  Strings out;
  for (const EnvVar& variable : run.env) out.push_back(variable.name + "=" + variable.value);
  return out;
}

/// `alias -> path rwc` of each preopen.
Strings preopens_of(const RunSpec& run) {
  Strings out;
  for (const Preopen& one : run.preopens) {
    out.push_back(one.alias + " -> " + one.path + " " + (one.rights.read ? "r" : "") +
                  (one.rights.write ? "w" : "") + (one.rights.create ? "c" : ""));
  }
  return out;
}

// The two tests of the reference's runner.

TEST(RunPlan, MixesArgsFromTheWebcAndUser) {
  const auto info =
      package_with("program-name", [](webc::Command& c) { c.main_args = {"hard", "coded", "args"}; });
  EXPECT_EQ(run_of(kContainer + "[run]\nargs = [\"extra\", \"args\"]\n", info).argv,
            (Strings{"program-name", "hard", "coded", "args", "extra", "args"}));
}

TEST(RunPlan, MixesEnvVarsFromTheWebcAndUser) {
  const auto info = package_with("python", [](webc::Command& c) { c.env = {"HARD_CODED=env-vars"}; });
  EXPECT_EQ(env_of(run_of(kContainer + "[run]\nenv = { EXTRA = \"envs\" }\n", info)),
            (Strings{"HARD_CODED=env-vars", "EXTRA=envs"}));
}

TEST(RunPlan, OfAnEmptyManifestIsAllDefaults) {
  const RunSpec run = run_of("");
  EXPECT_EQ(run.command, "");
  EXPECT_TRUE(run.choices.empty());
  EXPECT_EQ(run.entry_function, "_start");
  EXPECT_TRUE(run.argv.empty());
  EXPECT_TRUE(run.env.empty());
  EXPECT_EQ(run.cwd, "/");
  EXPECT_EQ(run.compat, Compat{});
}

TEST(RunCommand, IsTheOneThatTheManifestNames) {
  PackageInfo info = with_command(with_command(package({}), "a"), "b", "other");
  info.manifest.entrypoint = "a";
  EXPECT_EQ(run_of(kContainer + "command = \"b\"\n", info).command, "b");
}

TEST(RunCommand, IsElseThePackagesEntrypoint) {
  PackageInfo info = with_command(with_command(package({}), "a"), "b", "other");
  info.manifest.entrypoint = "b";
  const RunSpec run = run_of(kContainer, info);
  EXPECT_EQ(run.command, "b");
  EXPECT_EQ(run.argv, Strings{"b"});
  EXPECT_TRUE(run.choices.empty());
}

TEST(RunCommand, IsElseTheOnlyOne) {
  EXPECT_EQ(run_of(kContainer, with_command(package({}), "a")).command, "a");
}

TEST(RunCommand, IsNotChosenAmongSeveral) {
  const PackageInfo info = with_command(with_command(package({}), "z"), "a", "other");
  const RunSpec run = run_of(kContainer + "[run]\nargs = [\"x\"]\n", info);
  EXPECT_EQ(run.command, "");
  EXPECT_EQ(run.choices, (Strings{"z", "a"}));
  EXPECT_EQ(run.argv, Strings{"x"}) << "the user's arguments alone";
}

TEST(RunCommand, ThatTheEntrypointNamesInVainIsWarnedOf) {
  PackageInfo info = with_command(package({}), "a");
  info.manifest.entrypoint = "gone";
  const Plan made = plan(kContainer, {{"p.webc", info}});
  EXPECT_EQ(made.run.command, "");
  EXPECT_EQ(made.run.choices, Strings{"a"});
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_EQ(made.warnings[0].text("warning"),
            "site.toml:2:10: warning: package \"p.webc\": its entrypoint \"gone\" is none of its commands");
}

TEST(RunCommand, OfAnInjectedPackageIsNoCandidate) {
  const Plan made = plan("[[use]]\nsource = \"p.webc\"\n", {{"p.webc", with_command(package({}), "a")}});
  EXPECT_EQ(made.run.command, "");
  EXPECT_TRUE(made.run.choices.empty());
}

TEST(RunArgv, StartsWithTheNameThatThePackageGives) {
  const auto info = package_with("python", [](webc::Command& c) { c.exec_name = "/usr/bin/py3"; });
  EXPECT_EQ(run_of(kContainer, info).argv, Strings{"/usr/bin/py3"});
}

TEST(RunArgv, WithANulFromThePackageIsAnError) {
  const auto info = package_with("run", [](webc::Command& c) { c.main_args = {std::string("a\0b", 3)}; });
  const Diagnostic found = error(kContainer, {{"p.webc", info}});
  EXPECT_EQ(found.trouble, Trouble::corrupt);
  EXPECT_EQ(found.text(),
            "site.toml:2:10: error: package \"p.webc\": command \"run\": argument \"a\\x00b\" contains a NUL "
            "byte");
}

TEST(RunEnv, SplitsThePackagesAtTheFirstEquals) {
  const auto info = package_with("run", [](webc::Command& c) { c.env = {"A=x=y", "B", "C="}; });
  EXPECT_EQ(env_of(run_of(kContainer, info)), (Strings{"A=x=y", "B=", "C="}));
}

const std::string kUserEnv = "[run]\nenv = { B = \"user\", D = \"user\" }\n";

/// The package's, the host's and the user's environment, which overlap.
RunSpec mixed_env(const std::string& more) {
  Manifest manifest = parse_manifest(kContainer + kUserEnv + more, "site.toml").value();
  manifest.host_env = {{"C", "host"}, {"A", "host"}, {"B", "host"}};
  webc::PackageManifest package;
  package.commands = {{.name = "run", .runner = "", .atom = "", .dependency = ""}};
  package.commands.front().env = {"A=package", "B=package", "E=package"};
  return plan_run(manifest, &package).value().run;
}

TEST(RunEnv, TheLastDefinitionWinsInThePlaceOfTheFirst) {
  EXPECT_EQ(env_of(mixed_env("forward-host-env = true\n")),
            (Strings{"A=host", "B=user", "E=package", "C=host", "D=user"}));
}

TEST(RunEnv, OfTheHostIsThereOnlyWhereItIsForwarded) {
  EXPECT_EQ(env_of(mixed_env("")), (Strings{"A=package", "B=user", "E=package", "D=user"}));
}

TEST(RunEnv, KeepsDuplicatesWithTheQuirk) {
  EXPECT_EQ(
      env_of(mixed_env("forward-host-env = true\ncompat = [\"env-duplicates\"]\n")),
      (Strings{"A=package", "B=package", "E=package", "C=host", "A=host", "B=host", "B=user", "D=user"}));
}

TEST(RunEnv, FaultyInThePackageIsAnErrorThatNamesIt) {
  const auto text_for = [](const std::string& variable) {
    const auto info = package_with("run", [&](webc::Command& c) { c.env = {variable}; });
    const Diagnostic found = error(kContainer, {{"p.webc", info}});
    EXPECT_EQ(found.trouble, Trouble::corrupt);
    return found.text();
  };
  const std::string start =
      "site.toml:2:10: error: package \"p.webc\": command \"run\": environment variable ";
  EXPECT_EQ(text_for("=x"), start + "\"=x\": its name must not be empty");
  EXPECT_EQ(text_for(""), start + "\"\": its name must not be empty");
  EXPECT_EQ(text_for(std::string("A\0=x", 4)), start + "\"A\\x00=x\": its name must not contain a NUL byte");
  EXPECT_EQ(text_for(std::string("A=\0", 3)), start + "\"A=\\x00\": its value must not contain a NUL byte");
}

TEST(RunEnv, OfACommandThatIsNotRunDoesNotMatter) {
  PackageInfo info = with_command(with_command(package({}), "a"), "b", "other");
  info.manifest.commands.back().env = {"="};
  EXPECT_EQ(run_of(kContainer + "command = \"a\"\n", info).command, "a");
}

// The working directory.

PackageInfo with_cwd(const std::string& cwd) {
  return package_with("run", [&](webc::Command& c) { c.cwd = cwd; });
}

TEST(RunCwd, OfTheUserBeatsThePackages) {
  const RunSpec run =
      run_of(kContainer + "[run]\ncwd = \"/app/./x/..\"\nhome-mapped = true\n", with_cwd("/pkg"));
  EXPECT_EQ(run.cwd, "/app");
  EXPECT_EQ(run.cwd_where, (SourceLocation{"site.toml", 4, 7}));
}

TEST(RunCwd, OfThePackageBeatsTheMappedHome) {
  const RunSpec run = run_of(kContainer + "[run]\nhome-mapped = true\n", with_cwd("/pkg"));
  EXPECT_EQ(run.cwd, "/pkg");
  EXPECT_EQ(run.cwd_where, (SourceLocation{"site.toml", 2, 10}));
}

TEST(RunCwd, IsTheMappedHomeElseTheRoot) {
  EXPECT_EQ(run_of(kContainer + "[run]\nhome-mapped = true\n", with_cwd("")).cwd, "/home");
  EXPECT_EQ(run_of(kContainer, with_cwd("")).cwd, "/");
  EXPECT_EQ(run_of(kContainer, with_cwd("")).cwd_where, SourceLocation{});
}

TEST(RunCwd, OfThePackageWinsWithTheQuirk) {
  const std::string quirk = kContainer + "[run]\ncwd = \"/app\"\ncompat = [\"cwd-package-wins\"]\n";
  EXPECT_EQ(run_of(quirk, with_cwd("/pkg")).cwd, "/pkg");
  EXPECT_EQ(run_of(quirk, with_cwd("")).cwd, "/app") << "a package without one has nothing to win with";
}

TEST(RunCwd, OfThePackageCountsFromTheRoot) { EXPECT_EQ(run_of(kContainer, with_cwd("a/../b/")).cwd, "/b"); }

TEST(RunCwd, OfThePackageThatEscapesIsAnError) {
  const Diagnostic found = error(kContainer, {{"p.webc", with_cwd("/../x")}});
  EXPECT_EQ(found.trouble, Trouble::corrupt);
  EXPECT_EQ(
      found.text(),
      "site.toml:2:10: error: package \"p.webc\": command \"run\": Invalid working directory \"/../x\": "
      "parent traversal escapes the virtual root");
}

// Preopens.

TEST(RunPreopens, AreTheRootTheCurrentDirectoryAndTheRoot) {
  EXPECT_EQ(preopens_of(run_of("[run]\ncwd = \"/app\"\n")),
            (Strings{"/ -> / rwc", ". -> /app rwc", "/ -> / rwc"}));
  EXPECT_EQ(preopens_of(run_of("")), (Strings{"/ -> / rwc", ". -> / rwc", "/ -> / rwc"}));
}

TEST(RunPreopens, LeaveTheCurrentDirectoryOutWhereSomethingIsMountedAtADot) {
  const Strings root{"/ -> / rwc", "/ -> / rwc"};
  EXPECT_EQ(preopens_of(run_of(host(".", "h"))), root);
  EXPECT_EQ(preopens_of(run_of("[fs]\n\".\" = \"h\"\n[run]\ncwd = \"/app\"\n")), root);
}

TEST(RunPreopens, TakeTheMountsSpellingLiterally) {
  for (const char* guest : {"/", "./", "/."}) {
    EXPECT_EQ(run_of(host(guest, "h")).preopens.size(), 3U) << guest;
  }
  const PackageInfo dotted = package({mapping("/a", ".")});
  EXPECT_EQ(run_of(kContainer, dotted).preopens.size(), 3U) << "a package's mount does not count";
}

TEST(RunPreopens, ThatAreGivenReplaceTheDefaultOnes) {
  EXPECT_EQ(preopens_of(run_of("[[preopen]]\npath = \"/data\"\nalias = \"d\"\nrights = [\"read\"]\n"
                               "[[preopen]]\npath = \"/tmp\"\n")),
            (Strings{"d -> /data r", "/tmp -> /tmp rwc"}));
  EXPECT_TRUE(run_of("preopen = []\n").preopens.empty());
}

// Commands of the host.

const std::string kMapped = "[map-commands]\nrg = \"bin/rg\"\n";

TEST(MappedCommands, ArePlannedBeforeThoseOfPackages) {
  const Plan made = plan(kContainer + kMapped, {{"p.webc", with_command(package({}), "run")}});
  ASSERT_EQ(made.commands.size(), 2U);
  EXPECT_EQ(made.commands[0].name, "rg");
  EXPECT_EQ(made.commands[0].source, "bin/rg");
  EXPECT_EQ(made.commands[0].atom, "");
  EXPECT_EQ(made.commands[0].origin, "map-commands");
  EXPECT_EQ(made.commands[0].where, (SourceLocation{"site.toml", 4, 6}));
  EXPECT_EQ(made.commands[1].origin, "package \"p.webc\"");
  EXPECT_EQ(made.commands[1].where, (SourceLocation{"site.toml", 2, 10}));
}

TEST(MappedCommands, BeatAPackagesOfTheSameName) {
  const Plan made = plan(kContainer + kMapped, {{"p.webc", with_command(package({}), "rg")}});
  ASSERT_EQ(made.commands.size(), 1U);
  EXPECT_EQ(made.commands[0].source, "bin/rg");
  EXPECT_EQ(decisions(made), Strings{"/bin/rg: map-commands > package \"p.webc\""});
  EXPECT_EQ(made.decisions[0].rule, "a mapped command beats a package's of the same name");
  EXPECT_EQ(made.run.command, "rg") << "it still is what the package says to run";
}

TEST(MappedCommands, OfOneNameTwiceAreAnError) {
  Manifest manifest = parse_manifest(kMapped, "site.toml").value();
  manifest.map_commands.push_back({.alias = {"rg", {"site.toml", 9, 1}}, .target = {}, .path = "other"});
  const Outcome<Plan> made = make_plan(manifest, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().text(), "site.toml:9:1: error: the command \"rg\" is mapped twice");
  EXPECT_EQ(made.error().trouble, Trouble::manifest);
}

TEST(PlannedCommands, KeepWhatThePackageSaysAboutRunningThem) {
  const auto info = package_with("run", [](webc::Command& c) {
    c.exec_name = "x";
    c.main_args = {"a"};
    c.env = {"A=1"};
    c.cwd = "/c";
  });
  const PlannedCommand command = plan(kContainer, {{"p.webc", info}}).commands.front();
  EXPECT_EQ(command.runner, "wasi");
  EXPECT_EQ(command.exec_name, "x");
  EXPECT_EQ(command.main_args, Strings{"a"});
  EXPECT_EQ(command.env, Strings{"A=1"});
  EXPECT_EQ(command.cwd, "/c");
}

}  // namespace
}  // namespace wasifs::plan
