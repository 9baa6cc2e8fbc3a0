// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "prepared.h"

namespace wasifs::plan {
namespace {

using SourceTest = PrepareTest;

test::WebcSpec old_package() {
  test::WebcSpec spec;
  spec.version = 1;
  spec.volumes["atom"] = {test::webc_file("lib/a.py", "pass")};
  return spec;
}

TEST_F(SourceTest, DirectoryIsALayerOfTheRoot) {
  dir_.write_file("tree/x/a", "a");
  const PreparedRoot root = must(PreparedRoot::open(dir_ / "tree"));
  EXPECT_EQ(content(root, "/x/a"), "a");
  EXPECT_TRUE(exists(root, "/tmp"));
  ASSERT_TRUE(write(root, "/x", "b", "b"));
  EXPECT_FALSE(dir_.exists("tree/x/b"));
  EXPECT_EQ(root.plan.source, dir_ / "tree");
}

TEST_F(SourceTest, PackageIsTheContainer) {
  for (const std::string name : {"p.webc", "p.wasmer", "p"}) {
    write_package(name, old_package());
    const PreparedRoot root = must(PreparedRoot::open(dir_ / name));
    EXPECT_EQ(content(root, "/lib/a.py"), "pass") << name;
    EXPECT_TRUE(exists(root, "/dev/null")) << name;
  }
}

TEST_F(SourceTest, CorruptPackageIsReportedAsItIs) {
  dir_.write_file("p.webc", "junk");
  const auto root = PreparedRoot::open(dir_ / "p.webc");
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().trouble, Trouble::corrupt);
}

TEST_F(SourceTest, ThatIsNothingWeKnowIsRefused) {
  dir_.write_file("a.txt", "x");
  ASSERT_EQ(::mkfifo((dir_ / "pipe").c_str(), 0600), 0);
  const std::pair<std::string, std::string> cases[] = {
      {"a.txt",
       "error: \"a.txt\" is neither a manifest (*.toml), a package (*.webc, *.wasmer), an archive, an image "
       "nor "
       "a directory"},
      {"pipe", "error: \"pipe\" is neither a file nor a directory"},
      {"missing.toml", "error: source \"missing.toml\" does not exist"},
  };
  for (const auto& [name, text] : cases) EXPECT_EQ(shown(PreparedRoot::open(dir_ / name)), text);
  EXPECT_EQ(PreparedRoot::open(dir_ / "a.txt").error().trouble, Trouble::usage);
  EXPECT_EQ(PreparedRoot::open(dir_ / "missing").error().trouble, Trouble::source);
  EXPECT_EQ(shown(PreparedRoot::open("")),
            "error: the source is empty: name a manifest, package, archive, image or directory");
}

TEST_F(SourceTest, ManifestThatIsTooLongIsRefused) {
  EXPECT_EQ(error(std::string((1U << 20U) + 1, '#')), "site.toml: error: the manifest is longer than 1 MiB");
}

TEST_F(SourceTest, PlanOpensPackagesButNoHostDirectories) {
  write_package("p.webc", old_package());
  dir_.write_file("site.toml", "[container]\nsource = \"p.webc\"\n[fs]\n\"/x\" = \"missing\"\n");
  const Outcome<Plan> plan = plan_source(dir_ / "site.toml");
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->mounts.size(), 2U);
  EXPECT_FALSE(PreparedRoot::open(dir_ / "site.toml"));
}

}  // namespace
}  // namespace wasifs::plan
