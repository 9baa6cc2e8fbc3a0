// SPDX-License-Identifier: Apache-2.0
#include "plan/package_plan.h"

#include <gtest/gtest.h>

#include "planning.h"

namespace wasifs::plan {
namespace {

// Rule 12: one package.

TEST(PackageRules, WithoutMappingsShowTheAtomVolumeInOldVersionsOnly) {
  PackageInfo info = package({}, {"atom", "metadata"});
  info.manifest.has_fs = false;
  for (const unsigned version : {1U, 2U}) {
    info.version = version;
    EXPECT_EQ(layers(plan(kContainer, {{"p.webc", info}})),
              Strings{"/=base root|webc \"p.webc\" volume \"atom\""});
  }
  info.version = 3;
  EXPECT_EQ(layers(plan(kContainer, {{"p.webc", info}})), Strings{"/=base root"});
  info.version = 1;
  info.volumes = {"metadata"};
  EXPECT_EQ(layers(plan(kContainer, {{"p.webc", info}})), Strings{"/=base root"});
}

TEST(PackageRules, WithAnEmptyListOfMappingsShowNothing) {
  PackageInfo info = package({}, {"atom"});
  info.version = 1;
  EXPECT_EQ(layers(plan(kContainer, {{"p.webc", info}})), Strings{"/=base root"});
}

TEST(PackageRules, RefuseAMissingVolume) {
  const Diagnostic missing = error(kContainer, {{"p.webc", package({mapping("lib", "/x")}, {"atom"})}});
  EXPECT_EQ(missing.trouble, Trouble::corrupt);
  EXPECT_EQ(
      missing.text(),
      "site.toml:2:10: error: package \"p.webc\" has no volume \"lib\"\nhint: its volumes are \"atom\"");
  EXPECT_EQ(error(kContainer, {{"p.webc", package({mapping("lib", "/x")}, {})}}).hint,
            "the package has no volumes");
}

TEST(PackageRules, LetTheFirstWinAtAPathAndTheLastAtTheRoot) {
  const Plan made =
      plan(kContainer, {{"p.webc", package({mapping("/a", "/x"), mapping("/b", "x"), mapping("/c", "/x/in"),
                                            mapping("/a", "/"), mapping("/b", "/")})}});
  EXPECT_EQ(layers(made), (Strings{"/=base root|webc \"p.webc\" volume \"/b\"",
                                   "/x=memory|webc \"p.webc\" volume \"/a\""}));
  EXPECT_EQ(decisions(made), (Strings{"/x: webc \"p.webc\" volume \"/a\" > webc \"p.webc\" volume \"/b\"",
                                      "/x/in: webc \"p.webc\" volume \"/a\" > webc \"p.webc\" volume \"/c\"",
                                      "/: webc \"p.webc\" volume \"/b\" > webc \"p.webc\" volume \"/a\""}));
}

TEST(PackageRules, MountNestedMappings) {
  EXPECT_EQ(
      plan(kContainer, {{"p.webc", package({mapping("/b", "/x/in"), mapping("/a", "/x")})}}).mounts.size(),
      3U);
}

TEST(PackageRules, HonourHostPathInVersionTwoOnly) {
  PackageInfo info = package({}, {"atom"});
  info.manifest.fs.push_back({.from = "", .volume = "atom", .host_path = "/lib/./x", .mount_path = "/x"});
  info.version = 2;
  EXPECT_EQ(layers(plan(kContainer, {{"p.webc", info}}))[1],
            "/x=memory|webc \"p.webc\" volume \"atom\" path \"/lib/x\"");
  for (const unsigned version : {1U, 3U}) {
    info.version = version;
    EXPECT_EQ(layers(plan(kContainer, {{"p.webc", info}}))[1], "/x=memory|webc \"p.webc\" volume \"atom\"");
  }
  info.version = 2;
  info.manifest.fs[0].host_path = "../x";
  EXPECT_EQ(error(kContainer, {{"p.webc", info}}).message,
            "package \"p.webc\": the path \"../x\" in volume \"atom\" must not contain \"..\"");
}

TEST(PackageRules, RefuseAGuestPathThatEscapes) {
  const Diagnostic bad = error(kContainer, {{"p.webc", package({mapping("/a", "../x")})}});
  EXPECT_EQ(bad.trouble, Trouble::corrupt);
  EXPECT_EQ(
      bad.text(),
      "site.toml:2:10: error: Invalid guest mount path \"/../x\": parent traversal escapes the virtual root\n"
      "  cause: package \"p.webc\" asks for this mount");
}

TEST(PackageRules, WarnOfDependenciesThatAreLeftOut) {
  PackageInfo info = with_command(package({mapping("/a", "/x")}), "far", "prog");
  info.manifest.fs.push_back({.from = "py", .volume = "lib", .host_path = "", .mount_path = "/y"});
  info.manifest.commands[0].dependency = "py";
  info.manifest.dependencies = {{.alias = "py", .specifier = "wasmer/python@3"},
                                {.alias = "b", .specifier = "ns/b"},
                                {.alias = "v", .specifier = ""}};
  const Plan made = plan(kContainer, {{"p.webc", info}});
  EXPECT_EQ(made.mounts.size(), 2U);
  ASSERT_EQ(made.warnings.size(), 4U);
  EXPECT_EQ(made.warnings[0].text("warning"),
            "site.toml:2:10: warning: package \"p.webc\": its dependencies \"py\" (\"wasmer/python@3\") and "
            "\"b\" (\"ns/b\") are left out");
  EXPECT_EQ(made.warnings[1].message,
            "package \"p.webc\": its dependency \"v\" is packed into it, which cannot be read");
  EXPECT_EQ(made.warnings[2].message,
            "package \"p.webc\": its mount at \"/y\" is left out: volume \"lib\" belongs to the dependency "
            "\"py\"");
  EXPECT_EQ(made.warnings[3].message,
            "package \"p.webc\": command \"far\" is left out: its program belongs to the dependency \"py\"");
}

TEST(PackageRules, RefuseADependencyThatThePackageDoesNotHave) {
  PackageInfo info = package({});
  info.manifest.fs.push_back({.from = "py", .volume = "lib", .host_path = "", .mount_path = "/y"});
  const Diagnostic mount = error(kContainer, {{"p.webc", info}});
  EXPECT_EQ(mount.trouble, Trouble::corrupt);
  EXPECT_EQ(
      mount.text(),
      "site.toml:2:10: error: package \"p.webc\": its mount at \"/y\" is of the dependency \"py\", which "
      "it does not have\nhint: it has no dependencies");
  info = with_command(package({}), "run");
  info.manifest.commands[0].dependency = "pi";
  info.manifest.dependencies = {{.alias = "py", .specifier = "wasmer/python@3"}};
  const Diagnostic command = error(kContainer, {{"p.webc", info}});
  EXPECT_EQ(command.trouble, Trouble::corrupt);
  EXPECT_EQ(
      command.text(),
      "site.toml:2:10: error: package \"p.webc\": its command \"run\" is of the dependency \"pi\", which "
      "it does not have\nhint: its dependencies are \"py\"");
}

// Rule 12: a package and what it depends on.

/// Adds a dependency `alias` on the package at `key`.
PackageInfo depending(PackageInfo info, const std::string& alias, const std::string& key) {
  info.manifest.dependencies.push_back({.alias = alias, .specifier = "ns/" + alias + "@1"});
  info.dependencies.emplace(alias, key);
  return info;
}

PackageInfo named(PackageInfo info, std::string name, std::string version = "1.0.0") {
  info.manifest.name = std::move(name);
  info.manifest.version = std::move(version);
  return info;
}

std::vector<std::string> guests(const Plan& plan) {
  std::vector<std::string> found;
  for (const PlannedMount& mount : plan.mounts) found.push_back(mount.guest + " " + mount.origin);
  return found;
}

TEST(PackageTree, AddsTheMountsAndCommandsOfDependencies) {
  const Catalogue catalogue{
      {"p.webc", depending(with_command(package({mapping("/a", "/x")}), "run"), "d", "/s/d.webc")},
      {"/s/d.webc", named(with_command(package({mapping("/b", "/y")}), "tool"), "ns/d")}};
  const Plan made = plan(kContainer, catalogue);
  EXPECT_EQ(layers(made), (Strings{"/=base root", "/x=memory|webc \"p.webc\" volume \"/a\"",
                                   "/y=memory|webc \"ns/d@1.0.0\" volume \"/b\""}));
  EXPECT_EQ(guests(made), (Strings{"/ root", "/x package \"p.webc\"", "/y package \"ns/d@1.0.0\""}));
  EXPECT_EQ(made.mounts[2].lowers[0].source, "/s/d.webc");
  EXPECT_EQ(made.mounts[2].where.line, 2U);
  ASSERT_EQ(made.commands.size(), 2U);
  EXPECT_EQ(made.commands[1].name, "tool");
  EXPECT_EQ(made.commands[1].source, "/s/d.webc");
  EXPECT_EQ(made.commands[1].origin, "package \"ns/d@1.0.0\"");
  EXPECT_TRUE(made.warnings.empty());
}

TEST(PackageTree, ShowsAVolumeAndRunsAProgramOfADependency) {
  PackageInfo info = depending(package({}), "d", "/s/d.webc");
  info.manifest.fs.push_back({.from = "d", .volume = "b", .host_path = "", .mount_path = "/mine"});
  info.manifest.commands.push_back({.name = "run", .runner = "wasi", .atom = "prog", .dependency = "d"});
  info.manifest.commands.push_back({.name = "no", .runner = "wasi", .atom = "gone", .dependency = "d"});
  const Catalogue catalogue{{"p.webc", info}, {"/s/d.webc", named(with_command(package({}), "own"), "ns/d")}};
  const Plan made = plan(kContainer, catalogue);
  EXPECT_EQ(layers(made)[1], "/mine=memory|webc \"ns/d@1.0.0\" volume \"/b\"");
  EXPECT_EQ(guests(made)[1], "/mine package \"p.webc\"");
  ASSERT_EQ(made.commands.size(), 2U);
  EXPECT_EQ(made.commands[0].name, "run");
  EXPECT_EQ(made.commands[0].source, "/s/d.webc");
  EXPECT_EQ(made.commands[0].atom, "prog");
  EXPECT_EQ(made.commands[0].origin, "package \"p.webc\"");
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_EQ(made.warnings[0].message,
            "package \"p.webc\": command \"no\" is left out: package \"ns/d@1.0.0\" has no program \"gone\"");
}

TEST(PackageTree, RefusesAVolumeThatADependencyDoesNotHave) {
  PackageInfo info = depending(package({}), "d", "/s/d.webc");
  info.manifest.fs.push_back({.from = "d", .volume = "lib", .host_path = "", .mount_path = "/mine"});
  EXPECT_EQ(error(kContainer, {{"p.webc", info}, {"/s/d.webc", named(package({}, {"atom"}), "ns/d")}}).text(),
            "site.toml:2:10: error: package \"ns/d@1.0.0\" has no volume \"lib\"\n"
            "hint: its volumes are \"atom\"");
}

/// A package that shows its volume "/a" at /v, named after its alias.
PackageInfo at_v(const std::string& name) { return named(package({mapping("/a", "/v")}), "ns/" + name); }

TEST(PackageTree, IsOrderedRootFirstAndDependenciesBeforeTheirOwn) {
  // p needs a and b, a needs c, b needs c: the later listed comes first.
  const Catalogue catalogue{{"p.webc", depending(depending(package({}), "a", "a"), "b", "b")},
                            {"a", depending(at_v("a"), "c", "c")},
                            {"b", depending(at_v("b"), "c", "c")},
                            {"c", at_v("c")}};
  const LayerSource root{.written = "p.webc", .path = "p.webc"};
  const auto tree = package_tree(root, catalogue);
  ASSERT_TRUE(tree);
  Strings order;
  for (const TreePackage& package : *tree) order.push_back(package.source.written);
  EXPECT_EQ(order, (Strings{"p.webc", "ns/b@1.0.0", "ns/a@1.0.0", "ns/c@1.0.0"}));
  const Plan made = plan(kContainer, catalogue);
  EXPECT_EQ(guests(made)[1], "/v package \"ns/b@1.0.0\"");
  EXPECT_EQ(decisions(made),
            (Strings{"/v: webc \"ns/b@1.0.0\" volume \"/a\" > webc \"ns/a@1.0.0\" volume \"/a\"",
                     "/v: webc \"ns/b@1.0.0\" volume \"/a\" > webc \"ns/c@1.0.0\" volume \"/a\""}));
  EXPECT_EQ(made.decisions[0].rule,
            "of the mounts of a package and its dependencies at one path the first wins, as a whole");
}

TEST(PackageTree, LetsTheLastWinAtTheRoot) {
  const Catalogue catalogue{{"p.webc", depending(package({mapping("/a", "/")}), "d", "d")},
                            {"d", named(package({mapping("/b", "/")}), "ns/d")}};
  const Plan made = plan(kContainer, catalogue);
  EXPECT_EQ(layers(made), Strings{"/=base root|webc \"ns/d@1.0.0\" volume \"/b\""});
  ASSERT_EQ(made.decisions.size(), 1U);
  EXPECT_EQ(made.decisions[0].rule, "of the mounts of a package and its dependencies at \"/\" the last wins");
}

TEST(PackageTree, SkipsWhatLiesBelowAMountThatLostUntilTheNextLoses) {
  const Catalogue catalogue{
      {"p.webc", depending(package({mapping("/a", "/v"), mapping("/a", "/w")}), "d", "d")},
      {"d", named(package({mapping("/b", "/v/early"), mapping("/b", "/v"), mapping("/b", "/d"),
                           mapping("/b", "/v/nested"), mapping("/b", "/w"), mapping("/c", "/v/late"),
                           mapping("/c", "/w/nested")}),
                  "ns/d")}};
  const Plan made = plan(kContainer, catalogue);
  Strings found;
  for (const PlannedMount& mount : made.mounts) found.push_back(mount.guest);
  EXPECT_EQ(found, (Strings{"/", "/d", "/v", "/v/early", "/v/late", "/w"}));
  Strings dropped;
  for (const Decision& one : made.decisions) dropped.push_back(one.guest);
  EXPECT_EQ(dropped, (Strings{"/v", "/v/nested", "/w", "/w/nested"}));
  EXPECT_EQ(made.decisions[1].rule,
            "the package's mount at \"/v\" before it lost, and what is below it goes with it");
}

TEST(PackageTree, TakesACommandFromThePackageBeforeItsDependency) {
  const Catalogue catalogue{{"p.webc", depending(with_command(package({}), "run"), "d", "d")},
                            {"d", named(with_command(package({}), "run"), "ns/d")}};
  const Plan made = plan(kContainer + "command = \"run\"\n", catalogue);
  ASSERT_EQ(made.commands.size(), 1U);
  EXPECT_EQ(made.commands[0].source, "p.webc");
  EXPECT_EQ(decisions(made), Strings{"/bin/run: package \"p.webc\" > package \"ns/d@1.0.0\""});
}

TEST(PackageTree, OffersTheCommandsOfDependenciesToTheManifest) {
  const Catalogue catalogue{{"p.webc", depending(with_command(package({}), "run"), "d", "d")},
                            {"d", named(with_command(package({}), "tool"), "ns/d")}};
  EXPECT_TRUE(try_plan(kContainer + "command = \"tool\"\n", catalogue));
  EXPECT_EQ(error(kContainer + "command = \"x\"\n", catalogue).hint, "its commands are \"run\" and \"tool\"");
}

TEST(PackageTree, KeepsItsDependenciesMountsWhereTheManifestGivesItsOwn) {
  const Catalogue catalogue{{"p.webc", depending(package({mapping("/a", "/x")}), "d", "d")},
                            {"d", named(package({mapping("/b", "/y")}), "ns/d")}};
  EXPECT_EQ(guests(plan(kContainer + "mounts = [{ guest = \"/own\", volume = \"a\" }]\n", catalogue)),
            (Strings{"/ root", "/own package \"p.webc\"", "/y package \"ns/d@1.0.0\""}));
}

TEST(PackageTree, InACircleIsAnErrorThatNamesIt) {
  const Catalogue catalogue{{"p.webc", depending(package({}), "a", "a")},
                            {"a", depending(at_v("a"), "b", "b")},
                            {"b", depending(at_v("b"), "a", "a")}};
  const Diagnostic circle = error(kContainer, catalogue);
  EXPECT_EQ(circle.trouble, Trouble::corrupt);
  EXPECT_EQ(circle.text(),
            "site.toml:2:10: error: package \"p.webc\": packages depend on one another in a circle: "
            "\"ns/a@1.0.0\" -> \"ns/b@1.0.0\" -> \"ns/a@1.0.0\"");
  EXPECT_EQ(error(kContainer, {{"p.webc", depending(package({}), "me", "p.webc")}}).message,
            "package \"p.webc\": packages depend on one another in a circle: \"p.webc\" -> \"p.webc\"");
}

TEST(PackageTree, WithTwoVersionsOfOnePackageIsAnErrorThatNamesWhoNeedsThem) {
  const Catalogue catalogue{{"p.webc", depending(depending(package({}), "a", "a"), "c", "c1")},
                            {"a", depending(at_v("a"), "c", "c2")},
                            {"c1", at_v("c")},
                            {"c2", named(package({}), "ns/c", "2.0.0")}};
  const Diagnostic two = error(kContainer, catalogue);
  EXPECT_EQ(two.trouble, Trouble::conflict);
  EXPECT_EQ(two.text(),
            "site.toml:2:10: error: package \"p.webc\" needs two versions of \"ns/c\": 1.0.0 and 2.0.0\n"
            "  cause: package \"p.webc\" needs \"ns/c@1\"\n"
            "  cause: package \"ns/a@1.0.0\" needs \"ns/c@1\"\n"
            "hint: put a version into the package store that both take");
}

TEST(PackageTree, WithAnotherVersionOfTheRootIsAnError) {
  const Catalogue catalogue{{"p.webc", named(depending(package({}), "a", "a"), "ns/p", "2.0.0")},
                            {"a", depending(at_v("a"), "p", "p1")},
                            {"p1", at_v("p")}};
  EXPECT_EQ(error(kContainer, catalogue).text(),
            "site.toml:2:10: error: package \"p.webc\" needs two versions of \"ns/p\": 2.0.0 and 1.0.0\n"
            "  cause: package \"p.webc\" is version 2.0.0 itself\n"
            "  cause: package \"ns/a@1.0.0\" needs \"ns/p@1\"\n"
            "hint: put a version into the package store that both take");
}

TEST(PackageTree, ThatIsInjectedSharesWhatTheContainerDependsOn) {
  const Catalogue catalogue{{"p.webc", depending(package({}), "d", "d")},
                            {"u.webc", depending(package({mapping("/a", "/u")}), "d", "d")},
                            {"d", at_v("d")}};
  const Plan made = plan(kContainer + "[[use]]\nsource = \"u.webc\"\n", catalogue);
  EXPECT_EQ(guests(made), (Strings{"/ root", "/u package \"u.webc\"", "/v package \"ns/d@1.0.0\""}));
  ASSERT_EQ(made.decisions.size(), 1U);
  EXPECT_EQ(made.decisions[0].rule, "a dependency that packages share is mounted once");
}

TEST(PackageTree, ThatIsInjectedClashesAsAWhole) {
  const Catalogue catalogue{{"p.webc", package({mapping("/a", "/v")})},
                            {"u.webc", depending(package({}), "d", "d")},
                            {"d", at_v("d")}};
  EXPECT_EQ(error(kContainer + "[[use]]\nsource = \"u.webc\"\n", catalogue).text(),
            "site.toml:4:10: error: Unable to merge mount \"/v\" of package \"ns/d@1.0.0\" into the prepared "
            "filesystem\n"
            "  site.toml:2:10: cause: \"/v\" is mounted already by package \"p.webc\": memory over webc "
            "\"p.webc\" volume \"/a\"\n"
            "  site.toml:4:10: cause: package \"u.webc\" depends on package \"ns/d@1.0.0\"");
}

TEST(PackageTree, RunsTheFirstEntrypoint) {
  PackageInfo tool = named(with_command(with_command(package({}), "tool"), "other"), "ns/d");
  tool.manifest.entrypoint = "tool";
  tool.manifest.commands[0].main_args = {"-v"};
  PackageInfo root = depending(with_command(package({}), "run"), "d", "d");
  const Plan inherited = plan(kContainer, {{"p.webc", root}, {"d", tool}});
  EXPECT_EQ(inherited.run.command, "tool");
  EXPECT_EQ(inherited.run.argv, (Strings{"tool", "-v"}));
  root.manifest.entrypoint = "run";
  EXPECT_EQ(plan(kContainer, {{"p.webc", root}, {"d", tool}}).run.command, "run");
  EXPECT_EQ(plan(kContainer + "command = \"other\"\n", {{"p.webc", root}, {"d", tool}}).run.command, "other");
  root.manifest.entrypoint = "";
  tool.manifest.entrypoint = "";
  EXPECT_EQ(plan(kContainer, {{"p.webc", root}, {"d", tool}}).run.command, "run");
  root.manifest.commands.clear();
  const Plan none = plan(kContainer, {{"p.webc", root}, {"d", tool}});
  EXPECT_EQ(none.run.command, "");
  EXPECT_EQ(none.run.choices, (Strings{"tool", "other"}));
}

// A package directory.

TEST(PackageDirectory, ShowsItsFoldersAndRunsItsFiles) {
  PackageInfo info = with_command(package({mapping("/a", "/x")}, {"/a"}), "run");
  info.volume_sources = {{"/a", "/host/app/a"}};
  info.atom_sources = {{"prog", "/host/app/prog.wasm"}};
  const Plan made = plan("[container]\nsource = \"app\"\n", {{"app", info}});
  EXPECT_EQ(layers(made), (Strings{"/=base root", "/x=memory|package \"app\" volume \"/a\""}));
  const PlannedLayer& layer = made.mounts[1].lowers[0];
  EXPECT_EQ(layer.kind, LayerKind::host);
  EXPECT_EQ(layer.source, "/host/app/a");
  EXPECT_EQ(layer.written, "app");
  EXPECT_EQ(made.mounts[1].access, Access::cow);
  ASSERT_EQ(made.commands.size(), 1U);
  EXPECT_EQ(made.commands[0].source, "/host/app/prog.wasm");
  EXPECT_EQ(made.commands[0].atom, "");
}

TEST(PackageVolume, IsChosenWhereThereIsNoDoubt) {
  const std::string text = "[[mount]]\nguest = \"/x\"\ntype = \"webc\"\nsource = \"p.webc\"\n";
  EXPECT_EQ(layers(plan(text, {{"p.webc", package({}, {"atom", "more"})}}))[1],
            "/x=memory|webc \"p.webc\" volume \"atom\"");
  EXPECT_EQ(layers(plan(text, {{"p.webc", package({}, {"/data", "/metadata"})}}))[1],
            "/x=memory|webc \"p.webc\" volume \"/data\"");
  EXPECT_EQ(error(text, {{"p.webc", package({}, {"/a", "/b"})}}).text(),
            "site.toml:4:10: error: package \"p.webc\" has several volumes: name the one to mount\n"
            "hint: its volumes are \"/a\" and \"/b\"");
  EXPECT_EQ(error(text, {{"p.webc", package({}, {"metadata"})}}).message,
            "package \"p.webc\" has no volume to mount");
  EXPECT_EQ(error(text + "volume = \"z\"\n", {{"p.webc", package({})}}).message,
            "package \"p.webc\" has no volume \"z\"");
}

TEST(OuterFirst, PutsADirectoryRightBeforeWhatIsBelowIt) {
  EXPECT_TRUE(outer_first("/a", "/a/b"));
  EXPECT_TRUE(outer_first("/a/b", "/a-b"));
  EXPECT_TRUE(outer_first("/a/b", "/a\x01"));
  EXPECT_TRUE(outer_first("/", "/a"));
  EXPECT_FALSE(outer_first("/a", "/a"));
}

}  // namespace
}  // namespace wasifs::plan
