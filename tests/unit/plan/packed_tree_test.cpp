// SPDX-License-Identifier: Apache-2.0
// Which files of a folder a package has.
#include "plan/packed_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "fs/host/host_fs.h"
#include "support/temp_dir.h"

namespace wasifs::plan {
namespace {

using Strings = std::vector<std::string>;

/// Everything at and below a directory, by name; directories end with a slash.
Status list(Node& directory, const std::string& prefix, Strings& out) {
  const Result<DirPtr> dir = directory.open_dir();
  if (!dir) return fail(dir.error());
  Strings names;
  const Status read = (*dir)->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  if (!read) return read;
  std::ranges::sort(names);
  for (const std::string& name : names) {
    const Result<NodeRef> node = directory.lookup(name);
    if (!node) return fail(node.error());
    const bool is_directory = (*node)->is_directory();
    out.push_back(prefix + name + (is_directory ? "/" : ""));
    if (!is_directory) continue;
    if (const Status listed = list(**node, prefix + name + "/", out); !listed) return listed;
  }
  return {};
}

class PackedTree : public testing::Test {
 protected:
  void write(std::initializer_list<const char*> files) {
    for (const char* file : files) dir_.write_file(file, "");
  }

  /// What a package would have of "top"; or the problem.
  Strings packed(bool include_ignored = false) {
    const std::string path = dir_ / "top";
    const auto host = HostFilesystem::open(path, {.read_only = true}).value();
    const auto filter = std::make_shared<PackFilter>(PackFilter{.include_ignored = include_ignored});
    const Outcome<NodeRef> root = packed_tree(host->root(), path, filter);
    if (!root) return {root.error().text()};
    Strings found;
    const Status listed = list(**root, "", found);
    if (listed) {
      EXPECT_FALSE(filter->problem);
      return found;
    }
    EXPECT_EQ(listed.error(), Errc::eio);
    return {filter->problem ? filter->problem->text() : message(listed.error())};
  }

  test::TempDir dir_;
};

TEST_F(PackedTree, LeavesOutWhatIsHidden) {
  write({"top/a", "top/.b", "top/.c/d", "top/e/.f", "top/e/g"});
  EXPECT_EQ(packed(), (Strings{"a", "e/", "e/g"}));
  EXPECT_EQ(packed(true), (Strings{".b", ".c/", ".c/d", "a", "e/", "e/.f", "e/g"}));
}

TEST_F(PackedTree, TakesWhatIsHiddenWhereARuleSaysSo) {
  dir_.write_file("top/.wasmerignore", "!.b\n!.wasmerignore\n");
  write({"top/.b/c", "top/.b/.d", "top/.e"});
  EXPECT_EQ(packed(), (Strings{".b/", ".b/c", ".wasmerignore"}));
}

TEST_F(PackedTree, ObeysAWasmerignoreAndAnIgnoreWithoutGit) {
  dir_.write_file("top/.wasmerignore", "/a\n");
  dir_.write_file("top/.ignore", "/b\n");
  dir_.write_file("top/.gitignore", "/c\n");
  write({"top/a", "top/b", "top/c", "top/d/a"});
  EXPECT_EQ(packed(), (Strings{"c", "d/", "d/a"}));
  EXPECT_EQ(packed(true).size(), 8U);
}

TEST_F(PackedTree, ObeysAGitignoreWhereThereIsAGit) {
  dir_.write_file("top/.gitignore", "/c\n");
  dir_.write_file("top/.git/info/exclude", "/e\n");
  write({"top/c", "top/d/c", "top/d/e", "top/e"});
  EXPECT_EQ(packed(), (Strings{"d/", "d/c", "d/e"}));
}

TEST_F(PackedTree, AGitMayBeAFile) {
  dir_.write_file("top/.gitignore", "c\n");
  write({"top/.git", "top/c"});
  EXPECT_EQ(packed(), Strings{});
}

TEST_F(PackedTree, TheKindOfAFileOfRulesDecides) {
  dir_.write_file("top/.wasmerignore", "!a\nb\n");
  dir_.write_file("top/.ignore", "a\n!b\n!c\n");
  dir_.write_file("top/.gitignore", "a\nc\n!d\n");
  dir_.write_file("top/.git/info/exclude", "a\nd\ne\n");
  write({"top/a", "top/b", "top/c", "top/d", "top/e", "top/f"});
  EXPECT_EQ(packed(), (Strings{"a", "c", "d", "f"}));
}

TEST_F(PackedTree, TheKindDecidesBeforeTheNearness) {
  dir_.write_file("top/.wasmerignore", "sub/a\n");
  dir_.write_file("top/sub/.ignore", "!a\n");
  write({"top/sub/a", "top/sub/b"});
  EXPECT_EQ(packed(), (Strings{"sub/", "sub/b"}));
}

TEST_F(PackedTree, TheNearestFileOfAKindDecides) {
  dir_.write_file("top/.wasmerignore", "*.o\n");
  dir_.write_file("top/sub/.wasmerignore", "!keep.o\n");
  write({"top/keep.o", "top/sub/keep.o", "top/sub/other.o", "top/sub/x/keep.o"});
  EXPECT_EQ(packed(), (Strings{"sub/", "sub/keep.o", "sub/x/", "sub/x/keep.o"}));
}

TEST_F(PackedTree, ObeysTheFoldersAbove) {
  dir_.write_file(".wasmerignore", "top/a\n/b\n*.o\n");
  dir_.write_file(".ignore", "!x.o\n/top/c\n");
  dir_.write_file(".gitignore", "d\n");
  write({"top/a", "top/b", "top/c", "top/d", "top/x.o", "top/s/a"});
  EXPECT_EQ(packed(), (Strings{"b", "d", "s/", "s/a"}));
  dir_.make_dirs(".git");
  EXPECT_EQ(packed(), (Strings{"b", "s/", "s/a"}));
}

TEST_F(PackedTree, ARepositoryInARepositoryIsOneOfItsOwn) {
  dir_.make_dirs("top/.git");
  dir_.write_file("top/.gitignore", "a\n");
  dir_.write_file("top/.wasmerignore", "w\n");
  dir_.make_dirs("top/inner/.git");
  write({"top/a", "top/inner/a", "top/inner/w", "top/plain/a"});
  EXPECT_EQ(packed(), (Strings{"inner/", "inner/a", "plain/"}));
}

TEST_F(PackedTree, TheFolderItselfIsTakenWhateverTheOnesAboveSay) {
  dir_.write_file(".wasmerignore", "top\n");
  write({"top/a"});
  EXPECT_EQ(packed(), (Strings{"a"}));
}

TEST_F(PackedTree, DirectoriesAreNotEnteredForNothing) {
  dir_.write_file("top/.wasmerignore", "out/\n");
  dir_.write_file("top/out/.wasmerignore", "[");
  write({"top/out/a", "top/sub/out"});
  EXPECT_EQ(packed(), (Strings{"sub/", "sub/out"}));
}

TEST_F(PackedTree, SymlinksAreEntriesAndNothingElse) {
  write({"top/a", "else/b"});
  dir_.make_symlink("top/link", "../else");
  dir_.make_symlink("top/.hidden", "a");
  EXPECT_EQ(packed(), (Strings{"a", "link"}));
}

TEST_F(PackedTree, ARuleThatIsNoneHasAPlace) {
  dir_.write_file("top/sub/.ignore", "a\n[b\n");
  EXPECT_EQ(packed(),
            Strings{(dir_ / "top/sub/.ignore") +
                    ":2:1: error: the pattern's [ is not closed\nhint: write \"\\[\" for the character"});
  EXPECT_EQ(packed(true), (Strings{"sub/", "sub/.ignore"}));
  dir_.write_file(".wasmerignore", "{");
  EXPECT_EQ(packed(),
            Strings{(dir_ / ".wasmerignore") +
                    ":1:1: error: the pattern's { is not closed\nhint: write \"\\{\" for the character"});
}

TEST_F(PackedTree, AFileOfRulesThatCannotBeReadIsNamed) {
  const auto refused = [&](const std::string& file, const std::string& why) {
    return Strings{"error: cannot read \"" + (dir_ / file) + "\": " + why +
                   "\nhint: --include-ignored does without it"};
  };
  dir_.write_file("secret", "a\n");
  dir_.make_dirs("top/sub");
  dir_.make_dirs(".git");
  dir_.make_symlink("top/sub/.gitignore", "../../secret");
  EXPECT_EQ(packed(), refused("top/sub/.gitignore", "it is a symlink"));
  dir_.write_file("top/.wasmerignore", std::string((1U << 20U) + 1, '\n'));
  EXPECT_EQ(packed(), refused("top/.wasmerignore", "File too large"));
  dir_.write_file("top/.wasmerignore", std::string(1U << 20U, '\n'));
  dir_.make_dirs("top/.git/info");
  dir_.make_symlink("top/.git/info/exclude", "nowhere");
  EXPECT_EQ(packed(), refused("top/.git/info/exclude", "it is a symlink"));
}

TEST_F(PackedTree, WithoutARepositoryNobodyReadsItsRules) {
  write({"top/a"});
  dir_.write_file(".gitignore", "[not closed");
  dir_.make_symlink("top/.gitignore", "nowhere");
  EXPECT_EQ(packed(), (Strings{"a"}));
}

TEST_F(PackedTree, ADirectoryOfSuchANameHasNoRules) {
  dir_.make_dirs("top/.ignore");
  write({"top/a"});
  EXPECT_EQ(packed(), (Strings{"a"}));
}

TEST_F(PackedTree, TheTopHasNoTimeOfItsOwn) {
  write({"top/a", "top/sub/b"});
  const auto host = HostFilesystem::open(dir_ / "top", {.read_only = true}).value();
  const NodeRef root = packed_tree(host->root(), dir_ / "top", std::make_shared<PackFilter>()).value();
  EXPECT_EQ(root->attr().value().mtime, Time{});
  EXPECT_GT(root->lookup("sub").value()->attr().value().mtime.sec, 0);
}

TEST_F(PackedTree, DeepFoldersCostNoStack) {
  constexpr std::size_t kDepth = 3000;
  const auto host = HostFilesystem::open(dir_.string(), {}).value();
  NodeRef node = host->root();
  const NewNode spec{.type = FileType::directory, .mode = 0755};
  for (std::size_t i = 0; i < kDepth; ++i) node = node->create(i == 0 ? "top" : "d", spec).value();
  dir_.write_file("top/.wasmerignore", "x\n");
  const NodeRef top = host->root()->lookup("top").value();
  NodeRef deepest = packed_tree(top, dir_ / "top", std::make_shared<PackFilter>()).value();
  std::size_t depth = 1;
  for (Result<NodeRef> next = deepest->lookup("d"); next; next = deepest->lookup("d"), ++depth)
    deepest = *next;
  EXPECT_EQ(depth, kDepth);
  EXPECT_EQ(deepest->lookup("x").error(), Errc::enoent);
}

}  // namespace
}  // namespace wasifs::plan
