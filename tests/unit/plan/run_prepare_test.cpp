// SPDX-License-Identifier: Apache-2.0

// What a run specification asks of the tree: command files, the working
// directory, preopened directories.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "plan/check_run.h"
#include "plan/prepare.h"
#include "prepared.h"

namespace wasifs::plan {
namespace {

using Strings = std::vector<std::string>;

class RunPrepareTest : public PrepareTest {
 protected:
  /// "p.webc" with one command "run".
  void write_package_with_command() const {
    test::WebcSpec spec;
    spec.atoms["run"] = "program";
    spec.manifest["commands"]["run"] = {{"runner", "https://webc.org/runner/wasi"},
                                        {"annotations", {{"atom", {{"name", "run"}}}}}};
    write_package("p.webc", spec);
  }
  /// The findings of check_run(), with the folder's path left out.
  [[nodiscard]] Strings findings(const PreparedRoot& root) const {
    Strings out;
    for (const Diagnostic& one : check_run(root)) out.push_back(shown(fail(one)));
    return out;
  }
};

const std::string kContainer = "[container]\nsource = \"p.webc\"\n";
const std::string kMapped = "[map-commands]\nrg = \"tools/rg\"\n";

// Rule 7.

TEST(Prepare, OfAPlanWithoutARootMountIsAnError) {
  Plan plan;
  plan.source = "site.toml";
  EXPECT_EQ(prepare(plan, {}, {}).error().text(), "site.toml: error: root fs is missing a / mount");
  plan.mounts.emplace_back().guest = "/data";
  EXPECT_EQ(prepare(plan, {}, {}).error().message, "root fs is missing a / mount");
}

// Rule 10.

TEST_F(RunPrepareTest, MappedCommandsAppearInBothDirectories) {
  dir_.write_file("tools/rg",
                  "\x7f"
                  "ELF",
                  0644);
  const PreparedRoot root = open(kMapped);
  for (const char* path : {"/bin/rg", "/usr/bin/rg"}) {
    EXPECT_EQ(content(root, path),
              "\x7f"
              "ELF")
        << path;
    EXPECT_EQ(attr(root, path)->mode, 0555) << path;
    const FilePtr file = root.tree->open(*root.tree->resolve(path), {}).value();
    EXPECT_TRUE(file->view(0, 4)) << "shown without a copy";
  }
}

TEST_F(RunPrepareTest, MappedCommandsMayBeEmptyFiles) {
  dir_.write_file("tools/rg", "");
  EXPECT_EQ(attr(open(kMapped), "/bin/rg")->size, 0U);
}

TEST_F(RunPrepareTest, MappedCommandsFollowTheLinkToTheProgram) {
  dir_.write_file("tools/rg-1.0", "v1");
  dir_.make_symlink("tools/rg", "rg-1.0");
  EXPECT_EQ(content(open(kMapped), "/bin/rg"), "v1");
}

TEST_F(RunPrepareTest, MappedCommandsBeatAPackagesOfTheSameName) {
  write_package_with_command();
  dir_.write_file("mine", "host");
  EXPECT_EQ(content(open(kContainer + "[map-commands]\nrun = \"mine\"\n"), "/bin/run"), "host");
}

TEST_F(RunPrepareTest, MappedCommandThatIsMissingIsAnErrorWithItsLine) {
  EXPECT_EQ(error(kMapped),
            "site.toml:2:6: error: command \"rg\": cannot open host file \"tools/rg\": No such file or "
            "directory");
  EXPECT_EQ(try_open(kMapped).error().trouble, Trouble::source);
}

TEST_F(RunPrepareTest, MappedCommandThatIsNoRegularFileIsAnErrorWithItsLine) {
  dir_.make_dirs("tools/rg");
  EXPECT_EQ(error(kMapped),
            "site.toml:2:6: error: command \"rg\": cannot open host file \"tools/rg\": it is a directory\n"
            "hint: name the file itself");
  EXPECT_EQ(error("[map-commands]\nrg = \"/dev/null\"\n"),
            "site.toml:2:6: error: command \"rg\": cannot open host file \"/dev/null\": it is not a regular "
            "file");
}

TEST_F(RunPrepareTest, CommandFilesCannotBeChangedNotEvenByRoot) {
  write_package_with_command();
  dir_.write_file("tools/rg", "ripgrep");
  const PreparedRoot root = open(kContainer + kMapped);
  for (const char* path : {"/bin/run", "/usr/bin/run", "/bin/rg"}) {
    const VNode file = root.tree->resolve(path).value();
    EXPECT_EQ(root.tree->open(file, {.write = true}).error(), Errc::eperm) << path;
    EXPECT_EQ(root.tree->open(file, {.write = true, .truncate = true}).error(), Errc::eperm) << path;
    EXPECT_EQ(root.tree->set_attr(file, {.size = 1}), fail(Errc::eperm)) << path;
  }
  EXPECT_EQ(content(root, "/bin/run"), "program");
  EXPECT_EQ(dir_.read_file("tools/rg"), "ripgrep");
}

TEST_F(RunPrepareTest, CommandFilesCanBeRemovedAndReplaced) {
  write_package_with_command();
  const PreparedRoot root = open(kContainer);
  const VNode bin = root.tree->resolve("/bin").value();
  ASSERT_TRUE(root.tree->rename(bin, "run", bin, "old", RenameMode::replace));
  ASSERT_TRUE(write(root, "/bin", "run", "mine"));
  EXPECT_EQ(content(root, "/bin/run"), "mine");
  ASSERT_TRUE(root.tree->unlink(bin, "old"));
  EXPECT_EQ(content(root, "/usr/bin/run"), "program");
}

TEST_F(RunPrepareTest, CommandFilesBelowAHostUpperCannotBeChangedEither) {
  write_package_with_command();
  dir_.make_dirs("top");
  const PreparedRoot root = open(
      kContainer + "[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"top\"\nwrite-through = true\n");
  const VNode file = root.tree->resolve("/bin/run").value();
  EXPECT_EQ(root.tree->open(file, {.write = true}).error(), Errc::eperm);
  EXPECT_EQ(root.tree->set_attr(file, {.mode = 0777}), fail(Errc::eperm));
  EXPECT_FALSE(dir_.exists("top/bin/run"));
}

// The working directory.

std::string cwd(const std::string& path) { return "[run]\ncwd = \"" + path + "\"\n"; }

TEST_F(RunPrepareTest, WorkingDirectoryIsMadeWithThoseAboveIt) {
  const PreparedRoot root = open(cwd("/site/a/b"));
  EXPECT_EQ(attr(root, "/site/a/b")->type, FileType::directory);
  EXPECT_EQ(attr(root, "/site")->mode, 0755);
  EXPECT_TRUE(findings(root).empty());
}

TEST_F(RunPrepareTest, WorkingDirectoryIsMadeInACopyOnWriteMount) {
  dir_.make_dirs("data/sub");
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/d\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n" +
           cwd("/d/sub/new"));
  EXPECT_EQ(attr(root, "/d/sub/new")->type, FileType::directory);
  EXPECT_FALSE(dir_.exists("data/sub/new"));
}

TEST_F(RunPrepareTest, WorkingDirectoryIsNeverMadeOnTheHost) {
  dir_.make_dirs("data");
  const PreparedRoot root = open("[fs]\n\"/d\" = \"data\"\n" + cwd("/d/new"));
  EXPECT_FALSE(dir_.exists("data/new"));
  EXPECT_EQ(findings(root), Strings{"site.toml:4:7: error: working directory \"/d/new\": it does not exist\n"
                                    "hint: a missing one is made only where changes are kept in memory"});
}

TEST_F(RunPrepareTest, WorkingDirectoryBelowAWriteThroughRootIsNotMade) {
  dir_.make_dirs("top");
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/\"\ntype = \"host\"\nsource = \"top\"\nwrite-through = true\n" + cwd("/new"));
  EXPECT_FALSE(dir_.exists("top/new"));
  EXPECT_EQ(findings(root).size(), 1U);
}

TEST_F(RunPrepareTest, WorkingDirectoryInAReadOnlyMountIsNotMade) {
  const PreparedRoot root =
      open("[[mount]]\nguest = \"/m\"\ntype = \"memory\"\naccess = \"ro\"\n" + cwd("/m/new"));
  EXPECT_EQ(findings(root), Strings{"site.toml:6:7: error: working directory \"/m/new\": it does not exist\n"
                                    "hint: a missing one is made only where changes are kept in memory"});
}

TEST_F(RunPrepareTest, WorkingDirectoryThatIsAFileIsAFinding) {
  const PreparedRoot root = open("[[mount]]\nguest = \"/f\"\ntype = \"static\"\ntext = \"x\"\n" + cwd("/f"));
  EXPECT_EQ(findings(root), Strings{"site.toml:6:7: error: working directory \"/f\": it is not a directory\n"
                                    "hint: a missing one is made only where changes are kept in memory"});
  EXPECT_EQ(findings(open("[[mount]]\nguest = \"/f\"\ntype = \"static\"\ntext = \"x\"\n" + cwd("/f/x"))),
            Strings{"site.toml:6:7: error: working directory \"/f/x\": Not a directory\n"
                    "hint: a missing one is made only where changes are kept in memory"});
}

TEST_F(RunPrepareTest, WorkingDirectoryFollowsLinks) {
  dir_.make_dirs("data/real");
  dir_.make_symlink("data/link", "real");
  dir_.make_symlink("data/real/up", "../link");
  const std::string mount =
      "[[mount]]\nguest = \"/d\"\ntype = \"host\"\nsource = \"data\"\naccess = \"cow\"\n";
  const PreparedRoot root = open(mount + cwd("/d/link/up/new"));
  EXPECT_EQ(attr(root, "/d/real/new")->type, FileType::directory);
  EXPECT_TRUE(findings(root).empty());
  dir_.make_symlink("data/dangling", "nowhere");
  EXPECT_EQ(findings(open(mount + cwd("/d/dangling"))).size(), 1U) << "a dangling link is left alone";
}

TEST_F(RunPrepareTest, WorkingDirectoryWithoutRoomIsAnError) {
  EXPECT_EQ(error("[root]\nbase = \"empty\"\ninode-limit = 1\n" + cwd("/new")),
            "site.toml:5:7: error: working directory \"/new\" cannot be made: No space left on device\n"
            "hint: raise memory-limit or inode-limit in [root]");
}

TEST_F(RunPrepareTest, MappedHomeIsMadeInAnEmptyBase) {
  const PreparedRoot root = open("[root]\nbase = \"empty\"\n[run]\nhome-mapped = true\n");
  EXPECT_EQ(attr(root, "/home")->type, FileType::directory);
}

TEST_F(RunPrepareTest, PlanningMakesNoWorkingDirectory) {
  dir_.write_file("site.toml", cwd("/work"));
  const Outcome<Plan> plan = plan_source(dir_ / "site.toml");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->run.cwd, "/work");
}

// Preopened directories.

TEST_F(RunPrepareTest, PreopensOfMissingPathsAreFoundWithTheirLines) {
  const PreparedRoot root = open(
      "[[mount]]\nguest = \"/f\"\ntype = \"static\"\ntext = \"x\"\n"
      "[[preopen]]\npath = \"/gone\"\n[[preopen]]\npath = \"/home\"\n[[preopen]]\npath = \"/f\"\n");
  EXPECT_EQ(findings(root), (Strings{"site.toml:6:8: error: preopen \"/gone\": it does not exist",
                                     "site.toml:10:8: error: preopen \"/f\": it is not a directory"}));
  EXPECT_EQ(content(root, "/f"), "x") << "looking into the tree still works";
}

TEST_F(RunPrepareTest, MissingWorkingDirectoryIsFoundOnce) {
  dir_.make_dirs("data");
  const PreparedRoot root = open("[fs]\n\"/d\" = \"data\"\n" + cwd("/d/new"));
  ASSERT_EQ(root.plan.run.preopens.size(), 3U);
  EXPECT_EQ(findings(root).size(), 1U);
}

TEST_F(RunPrepareTest, PreopenOfTheWorkingDirectoryFindsItMade) {
  const PreparedRoot root = open(cwd("/work") + "[[preopen]]\npath = \"/work\"\n");
  EXPECT_TRUE(findings(root).empty());
}

}  // namespace
}  // namespace wasifs::plan
