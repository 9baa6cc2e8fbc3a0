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

TEST(PackageRules, WarnOfDependenciesAndLeaveOutTheirVolumes) {
  PackageInfo info = package({mapping("/a", "/x")});
  info.manifest.fs.push_back({.from = "py", .volume = "lib", .host_path = "", .mount_path = "/y"});
  info.manifest.dependencies = {{.alias = "py", .specifier = "wasmer/python@3"},
                                {.alias = "v", .specifier = ""}};
  const Plan made = plan(kContainer, {{"p.webc", info}});
  EXPECT_EQ(made.mounts.size(), 2U);
  ASSERT_EQ(made.warnings.size(), 3U);
  EXPECT_EQ(made.warnings[0].text("warning"),
            "site.toml:2:10: warning: package \"p.webc\": dependency \"py\" (\"wasmer/python@3\") is not "
            "resolved: this "
            "version of wasifs does not fetch dependencies");
  EXPECT_EQ(made.warnings[1].message,
            "package \"p.webc\": dependency \"v\" is not resolved: this version of wasifs does not fetch "
            "dependencies");
  EXPECT_EQ(made.warnings[2].message,
            "package \"p.webc\": its mount at \"/y\" is left out: volume \"lib\" belongs to the dependency "
            "\"py\", which "
            "is not resolved");
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
