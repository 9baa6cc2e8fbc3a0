// SPDX-License-Identifier: Apache-2.0
#include "plan/loader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "prepared.h"
#include "support/fixtures.h"

namespace wasifs::plan {
namespace {

using Json = nlohmann::ordered_json;
using Strings = std::vector<std::string>;

/// A version 3 package that shows its only volume at /NAME and needs others, each
/// by the specifier that is its alias, too.
test::WebcSpec package(const std::string& name, const Strings& needs = {}) {
  test::WebcSpec spec;
  spec.manifest["package"]["fs"] = {{{"from", nullptr}, {"volume_name", "/v"}, {"mount_path", "/" + name}}};
  spec.volumes["/v"] = {test::webc_file("f", name)};
  for (const std::string& need : needs) spec.manifest["use"][need] = need;
  return spec;
}

/// A folder with a package "p.webc" and a store "s".
class LoaderTest : public PrepareTest {
 protected:
  [[nodiscard]] ComposeOptions options() const {
    ComposeOptions options;
    options.store = dir_ / "s";
    return options;
  }
  [[nodiscard]] Outcome<PreparedRoot> try_source(const std::string& source) const {
    return PreparedRoot::open(dir_ / source, options());
  }
  [[nodiscard]] PreparedRoot source(const std::string& source) const { return must(try_source(source)); }
  [[nodiscard]] std::string source_error(const std::string& source) const {
    return shown(try_source(source));
  }
};

TEST_F(LoaderTest, FindsDependenciesOfDependenciesInTheStore) {
  write_package("p.webc", package("p", {"ns/a@^1"}));
  write_package("s/ns--a@1.4.0.webc", package("a", {"ns/b"}));
  write_package("s/ns--a@2.0.0.webc", package("wrong"));
  write_package("s/ns/b@0.1.0.webc", package("b"));
  const PreparedRoot root = source("p.webc");
  for (const std::string name : {"p", "a", "b"}) EXPECT_EQ(content(root, "/" + name + "/f"), name);
  EXPECT_FALSE(exists(root, "/wrong"));
  EXPECT_EQ(root.plan.mounts[1].lowers[0].describe(), "webc \"ns/a@1.4.0\" volume \"/v\"");
  EXPECT_EQ(root.plan.mounts[2].origin, "package \"ns/b@0.1.0\"");
  EXPECT_TRUE(root.plan.warnings.empty());
}

TEST_F(LoaderTest, FindsTheStoreInTheHostsEnvironment) {
  write_package("p.webc", package("p", {"ns/a"}));
  write_package("h/.local/share/wasifs/store/ns--a@1.0.0.webc", package("a"));
  ComposeOptions options;
  options.host_env = {"HOME=" + (dir_ / "h")};
  EXPECT_EQ(content(must(PreparedRoot::open(dir_ / "p.webc", options)), "/a/f"), "a");
}

TEST_F(LoaderTest, ResolvesThoseOfInjectedPackagesAndOfPackageDirectories) {
  write_package("s/ns--a@1.0.0.webc", package("a"));
  write_package("u.webc", package("u", {"ns/a"}));
  dir_.write_file("app/wasmer.toml", "[dependencies]\n\"ns/a\" = \"1\"\n\"ns/d\" = \"*\"\n");
  dir_.write_file("s/ns--d@0.1.0/wasmer.toml", "[fs]\n\"/d\" = \"files\"\n");
  dir_.write_file("s/ns--d@0.1.0/files/f", "d");
  dir_.write_file("site.toml", "[container]\nsource = \"app\"\n[[use]]\nsource = \"u.webc\"\n");
  const PreparedRoot root = source("site.toml");
  EXPECT_EQ(content(root, "/a/f"), "a");
  EXPECT_EQ(content(root, "/u/f"), "u");
  EXPECT_EQ(content(root, "/d/f"), "d");
}

TEST_F(LoaderTest, AsksNothingOfTheStoreForAMountedVolume) {
  write_package("p.webc", package("p", {"ns/none"}));
  dir_.write_file("site.toml", "[[mount]]\nguest = \"/m\"\ntype = \"webc\"\nsource = \"p.webc\"\n");
  const PreparedRoot root = source("site.toml");
  EXPECT_EQ(content(root, "/m/f"), "p");
  EXPECT_TRUE(root.plan.warnings.empty());
}

TEST_F(LoaderTest, SaysWhoNeedsWhatIsMissingAndWhereItWasLookedFor) {
  write_package("p.webc", package("p", {"ns/a@^1"}));
  write_package("s/ns--a@1.0.0.webc", package("a", {"ns/b@^2"}));
  write_package("s/ns/b-1.0.0.webc", package("b"));
  dir_.write_file("site.toml", "[container]\nsource = \"p.webc\"\n");
  const std::string rest =
      "error: package \"ns/a@1.0.0\" needs \"ns/b@^2\": the package store does not have it\n"
      "  cause: package \"p.webc\" needs \"ns/a@^1\"\n"
      "  cause: looked in \"s\" (--store)\n"
      "  cause: looked in \"s/ns\"\n"
      "  cause: \"s/ns/b-1.0.0.webc\" is version 1.0.0, which \"^2\" does not take\n"
      "hint: name the folder of packages that has it with --store DIR, or compose without dependencies with "
      "--no-dependencies";
  EXPECT_EQ(source_error("site.toml"), "site.toml:2:10: " + rest);
  EXPECT_EQ(try_source("site.toml").error().trouble, Trouble::source);
}

TEST_F(LoaderTest, NamesTheLineOfWasmerTomlThatNeedsWhatIsMissing) {
  dir_.write_file("app/wasmer.toml", "[dependencies]\n\"ns/b\" = \"^2\"\n");
  EXPECT_EQ(
      source_error("app"),
      "app/wasmer.toml:2:1: error: package \"app\" needs \"ns/b@^2\": the package store does not have it\n"
      "  cause: looked in \"s\" (--store): No such file or directory\n"
      "hint: name the folder of packages that has it with --store DIR, or compose without dependencies "
      "with --no-dependencies");
}

TEST_F(LoaderTest, LeavesDependenciesOutOnDemandWithAWarning) {
  write_package("p.webc", package("p", {"ns/a@^1", "ns/b"}));
  ComposeOptions without = options();
  without.dependencies = false;
  const PreparedRoot root = must(PreparedRoot::open(dir_ / "p.webc", without));
  EXPECT_EQ(content(root, "/p/f"), "p");
  ASSERT_EQ(root.plan.warnings.size(), 1U);
  EXPECT_TRUE(root.plan.warnings[0].message.ends_with(
      ": its dependencies \"ns/a@^1\" (\"ns/a@^1\") and \"ns/b\" (\"ns/b\") are left out"));
}

TEST_F(LoaderTest, WarnsOfDependenciesThatArePackedIntoThePackage) {
  test::WebcSpec spec = package("p");
  spec.manifest["use"]["v"] = {{"package", {{"wapm", {{"name", "ns/v"}, {"version", "1.0.0"}}}}}};
  write_package("p.webc", spec);
  const PreparedRoot root = source("p.webc");
  ASSERT_EQ(root.plan.warnings.size(), 1U);
  EXPECT_TRUE(root.plan.warnings[0].message.ends_with(
      ": its dependency \"v\" is packed into it, which cannot be read"));
}

TEST_F(LoaderTest, RefusesASpecifierThatNamesNothing) {
  write_package("p.webc", package("p", {"ns/a@new"}));
  dir_.write_file("site.toml", "[container]\nsource = \"p.webc\"\n");
  EXPECT_EQ(source_error("site.toml"),
            "site.toml:2:10: error: package \"p.webc\" needs \"ns/a@new\": \"ns/a@new\" names no package: "
            "\"new\" is "
            "no version range: the major number is missing before \"new\"");
  EXPECT_EQ(try_source("site.toml").error().trouble, Trouble::corrupt);
}

TEST_F(LoaderTest, RefusesADependencyThatCannotBeOpened) {
  write_package("p.webc", package("p", {"ns/a"}));
  dir_.write_file("s/ns--a@1.0.0.webc", "junk");
  dir_.write_file("site.toml", "[container]\nsource = \"p.webc\"\n");
  EXPECT_EQ(
      source_error("site.toml"),
      "site.toml:2:10: error: package \"p.webc\" needs \"ns/a\": \"s/ns--a@1.0.0.webc\" cannot be opened\n"
      "  cause: package \"s/ns--a@1.0.0.webc\" is corrupt at byte 0: this is no webc package: it starts with "
      "\"junk\" instead of \"\\x00webc\"\n"
      "hint: the file was damaged or is not the work of a webc packer; get it again");
  EXPECT_EQ(try_source("site.toml").error().trouble, Trouble::corrupt);
}

TEST_F(LoaderTest, NamesTheCircleThatPackagesMake) {
  write_package("p.webc", package("p", {"ns/a"}));
  write_package("s/ns--a@1.0.0.webc", package("a", {"ns/b"}));
  write_package("s/ns--b@1.0.0.webc", package("b", {"ns/a"}));
  dir_.write_file("site.toml", "[container]\nsource = \"p.webc\"\n");
  EXPECT_EQ(source_error("site.toml"),
            "site.toml:2:10: error: package \"p.webc\": packages depend on one another in a circle: "
            "\"ns/a@1.0.0\" -> \"ns/b@1.0.0\" -> \"ns/a@1.0.0\"");
}

TEST_F(LoaderTest, KnowsAPackageAgainByWhateverPath) {
  write_package("s/ns--a@1.0.0.webc", package("a", {"ns/a"}));
  dir_.make_symlink("link.webc", "s/ns--a@1.0.0.webc");
  dir_.write_file("site.toml", "[container]\nsource = \"link.webc\"\n");
  EXPECT_EQ(source_error("site.toml"),
            "site.toml:2:10: error: package \"link.webc\": packages depend on one another in a circle: "
            "\"link.webc\" -> \"link.webc\"");
}

TEST_F(LoaderTest, OpensAPackageOnceForAllPathsToIt) {
  write_package("s/ns--a@1.0.0.webc", package("a"));
  write_package("p.webc", package("p", {"ns/a"}));
  dir_.write_file("site.toml",
                  "[container]\nsource = \"p.webc\"\n[[mount]]\nguest = \"/m\"\ntype = \"webc\"\nsource = "
                  "\"s/../s/ns--a@1.0.0.webc\"\n");
  const Outcome<LoadedSource> loaded = load_source(dir_ / "site.toml", options());
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->packages.files.size(), 3U);
  EXPECT_EQ(loaded->packages.files.at(dir_ / "s/ns--a@1.0.0.webc"),
            loaded->packages.files.at(dir_ / "s/../s/ns--a@1.0.0.webc"));
}

TEST_F(LoaderTest, RefusesTwoVersionsOfOnePackage) {
  write_package("p.webc", package("p", {"ns/a", "ns/c@1"}));
  write_package("s/ns--a@1.0.0.webc", package("a", {"ns/c@2"}));
  write_package("s/ns--c@1.0.0.webc", package("c"));
  write_package("s/ns--c@2.0.0.webc", package("c"));
  dir_.write_file("site.toml", "[container]\nsource = \"p.webc\"\n");
  EXPECT_EQ(source_error("site.toml"),
            "site.toml:2:10: error: package \"p.webc\" needs two versions of \"ns/c\": 1.0.0 and 2.0.0\n"
            "  cause: package \"p.webc\" needs \"ns/c@1\"\n"
            "  cause: package \"ns/a@1.0.0\" needs \"ns/c@2\"\n"
            "hint: put a version into the package store that both take");
}

TEST_F(LoaderTest, BoundsTheDepthOfDependencies) {
  const auto name = [](std::size_t i) { return "ns/d" + std::to_string(i); };
  write_package("p.webc", package("p", {name(0)}));
  for (std::size_t i = 0; i <= PackageLoader::kMaxDepth; ++i) {
    write_package("s/ns--d" + std::to_string(i) + "@1.0.0.webc", package("d", {name(i + 1)}));
  }
  const std::string text = source_error("p.webc");
  EXPECT_NE(
      text.find(
          ": error: package \"ns/d99@1.0.0\" needs \"ns/d100\": packages depend on one another more than "
          "100 deep\n  cause: package \"ns/d98@1.0.0\" needs \"ns/d99\"\n"),
      std::string::npos)
      << text;
}

TEST_F(LoaderTest, BoundsTheNumberOfDependencies) {
  Strings needs;
  for (std::size_t i = 0; i <= PackageLoader::kMaxDependencies; ++i) {
    needs.push_back("sub.example:ns/a@1, <" + std::to_string(i + 2));
  }
  write_package("p.webc", package("p", needs));
  write_package("s/ns--a@1.0.0.webc", package("a"));
  const std::string text = source_error("p.webc");
  EXPECT_NE(text.find("the packages have more than 4000 dependencies"), std::string::npos) << text;
}

TEST_F(LoaderTest, SaysOfARealPackageWhereItsDependencyWasLookedFor) {
  WASIFS_NEED_FIXTURE(bash, "bash-1.0.16");
  const auto root = PreparedRoot::open(bash, options());
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().trouble, Trouble::source);
  EXPECT_EQ(
      root.error().message,
      "package \"" + bash + "\" needs \"sharrattj/coreutils@1.0.16\": the package store does not have it");
  ASSERT_EQ(root.error().causes.size(), 1U);
  EXPECT_EQ(root.error().causes[0].message,
            "looked in \"" + (dir_ / "s") + "\" (--store): No such file or directory");
}

TEST_F(LoaderTest, ResolvesTheProgramOfARealPackagesCommand) {
  WASIFS_NEED_FIXTURE(webserver, "wasmer-tests--volume-static-webserver@0.1.0");
  test::WebcSpec server;
  server.atoms["webserver"] = "a server";
  write_package("s/wasmer--static-web-server@1.0.92.webc", server);
  const PreparedRoot root = must(PreparedRoot::open(webserver, options()));
  EXPECT_EQ(content(root, "/bin/script"), "a server");
  EXPECT_TRUE(exists(root, "/settings/config.toml"));
  EXPECT_TRUE(root.plan.warnings.empty());
}

}  // namespace
}  // namespace wasifs::plan
