// SPDX-License-Identifier: Apache-2.0
// Differences of two trees: what counts, what is a rename, and against a plain map.
#include "inspect/diff.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <sstream>
#include <tuple>

#include "inspect/content.h"
#include "inspect/diff_report.h"
#include "memory_tree.h"

namespace wasifs::test {
namespace {

Difference difference(const MemoryTree& a, const MemoryTree& b, const DiffOptions& options = {}) {
  return diff_trees({.tree = a.tree(), .name = "a"}, {.tree = b.tree(), .name = "b"}, options);
}

/// The report as lines.
std::string text(const MemoryTree& a, const MemoryTree& b, const DiffOptions& options = {}) {
  std::ostringstream out;
  const Difference found = difference(a, b, options);
  EXPECT_TRUE(found.problems.empty());
  print_difference(out, found, {});
  return out.str();
}

VNode at(const MemoryTree& tree, std::string_view path) { return *tree.tree().resolve(path, Follow::no); }

TEST(Diff, OfEqualTreesIsNothing) {
  MemoryTree a;
  MemoryTree b;
  for (MemoryTree* tree : {&a, &b}) {
    tree->dir("/d");
    tree->file("/d/f", "x");
    tree->link("/l", "d/f");
    tree->device("/null", 0x103);
  }
  EXPECT_EQ(text(a, b), "");
}

TEST(Diff, TellsWhatWasAddedAndRemovedInTheOrderOfAWalk) {
  MemoryTree a;
  MemoryTree b;
  a.dir("/a");
  a.file("/a/gone", "1");
  a.file("/a-b", "22");
  b.file("/b", "");
  b.dir("/c");
  b.link("/c/l", "x");
  EXPECT_EQ(text(a, b), "- /a/\n- /a/gone\n- /a-b\n+ /b\n+ /c/\n+ /c/l\n");
  EXPECT_EQ(text(b, a), "+ /a/\n+ /a/gone\n+ /a-b\n- /b\n- /c/\n- /c/l\n");
}

TEST(Diff, TellsHowAFileChanged) {
  MemoryTree a;
  MemoryTree b;
  a.file("/content", "aaaa");
  b.file("/content", "aaba");
  a.file("/mode", "x", 0644);
  b.file("/mode", "x", 04755);
  a.file("/size", "x");
  b.file("/size", "xy");
  a.link("/target", "old");
  b.link("/target", "new\n");
  a.device("/device", 0x103);
  b.device("/device", 0x105);
  a.file("/type", "x");
  b.dir("/type");
  a.file("/owner", "x");
  b.file("/owner", "x");
  ASSERT_TRUE(b.tree().set_attr(at(b, "/owner"), {.uid = 7, .gid = 8}));
  EXPECT_EQ(text(a, b),
            "M /content  content\n"
            "M /device  device 1:3 -> 1:5\n"
            "M /mode  mode 0644 -> 4755\n"
            "M /owner  owner 0:0 -> 7:8\n"
            "M /size  size 1 -> 2, content\n"
            "M /target  target old -> \"new\\n\"\n"
            "M /type/  type file -> directory, mode 0644 -> 0755\n");
  EXPECT_EQ(text(a, b, {.mode = false, .owner = false}).find("mode"), std::string::npos);
}

TEST(Diff, TellsExtendedAttributes) {
  MemoryTree a;
  MemoryTree b;
  a.file("/f", "x");
  b.file("/f", "x");
  ASSERT_TRUE(a.tree().set_xattr(at(a, "/f"), "user.gone", "1", XattrMode::any));
  ASSERT_TRUE(a.tree().set_xattr(at(a, "/f"), "user.same", "1", XattrMode::any));
  ASSERT_TRUE(b.tree().set_xattr(at(b, "/f"), "user.same", "1", XattrMode::any));
  ASSERT_TRUE(a.tree().set_xattr(at(a, "/f"), "user.value", "1", XattrMode::any));
  ASSERT_TRUE(b.tree().set_xattr(at(b, "/f"), "user.value", "2", XattrMode::any));
  ASSERT_TRUE(b.tree().set_xattr(at(b, "/f"), "user.new", "", XattrMode::any));
  EXPECT_EQ(text(a, b),
            "M /f  xattr user.gone present -> absent, xattr user.new absent -> present, "
            "xattr user.value present -> changed\n");
  EXPECT_EQ(text(a, b, {.xattrs = false}), "");
}

TEST(Diff, TimesCountOnDemand) {
  MemoryTree a;
  MemoryTree b;
  a.file("/f", "x");
  b.file("/f", "x");
  ASSERT_TRUE(b.tree().set_attr(at(b, "/f"), {.mtime = Time{.sec = 1'000'000'000, .nsec = 5}}));
  EXPECT_EQ(text(a, b), "");
  EXPECT_EQ(text(a, b, {.times = true}),
            "M /f  mtime 2001-09-09 01:46:40Z -> 2001-09-09 01:46:40.000000005Z\n");
}

TEST(Diff, TellsWhichNamesAreOneFile) {
  MemoryTree a;
  MemoryTree b;
  for (const char* path : {"/a", "/c"}) a.file(path, "x");
  for (const char* path : {"/a", "/b", "/c"}) b.file(path, "x");
  ASSERT_TRUE(a.tree().link("/a", "/b"));
  ASSERT_TRUE(a.tree().link("/a", "/only-here"));
  ASSERT_TRUE(b.tree().link("/c", "/only-here"));
  EXPECT_EQ(text(a, b), "M /b  links /a -> none\nM /only-here  links /a -> /c\n");
  EXPECT_EQ(text(a, b, {.links = false}), "");
}

TEST(Diff, AFirstNameThatOneTreeLacksMakesNoOtherFile) {
  MemoryTree a;
  MemoryTree b;
  a.file("/a", "x");
  ASSERT_TRUE(a.tree().link("/a", "/b"));
  ASSERT_TRUE(a.tree().link("/a", "/c"));
  b.file("/b", "x");
  ASSERT_TRUE(b.tree().link("/b", "/c"));
  EXPECT_EQ(text(a, b), "- /a\n");
}

TEST(Diff, ARenameIsWhatKeepsItsContent) {
  MemoryTree a;
  MemoryTree b;
  a.file("/old", "content");
  b.file("/new", "content", 0600);
  a.file("/empty", "");
  b.file("/nothing", "");
  EXPECT_EQ(text(a, b), "- /empty\nR /old -> /new  mode 0644 -> 0600\n+ /nothing\n");
}

TEST(Diff, OfSeveralTheSameBaseNameComesFirst) {
  MemoryTree a;
  MemoryTree b;
  a.file("/1", "content");
  a.file("/x", "content");
  b.dir("/d");
  b.file("/d/a", "content");
  b.file("/d/x", "content");
  b.file("/d/z", "content");
  EXPECT_EQ(text(a, b), "+ /d/\nR /1 -> /d/a\nR /x -> /d/x\n+ /d/z\n");
}

TEST(Diff, ADirectoryGoesAsAWhole) {
  MemoryTree a;
  MemoryTree b;
  for (auto [tree, top] : {std::pair{&a, "/old"}, {&b, "/new"}}) {
    const std::string path(top);
    tree->dir(path);
    tree->dir(path + "/sub");
    tree->file(path + "/sub/f", "1");
    tree->file(path + "/g", "22");
    tree->link(path + "/l", "g");
  }
  EXPECT_EQ(text(a, b), "R /old/ -> /new/  4 entries\n");
  b.file("/new/more", "");
  EXPECT_EQ(text(a, b),
            "+ /new/\nR /old/g -> /new/g\n+ /new/l\n+ /new/more\n"
            "R /old/sub/ -> /new/sub/  1 entry\n- /old/\n- /old/l\n");
}

TEST(Diff, ADirectoryWithOtherModesInItIsNoRename) {
  MemoryTree a;
  MemoryTree b;
  a.dir("/old");
  a.file("/old/f", "1", 0600);
  b.dir("/new");
  b.file("/new/f", "1", 0644);
  EXPECT_EQ(text(a, b), "+ /new/\nR /old/f -> /new/f  mode 0600 -> 0644\n- /old/\n");
  EXPECT_EQ(text(a, b, {.mode = false}), "R /old/ -> /new/  1 entry\n");
}

TEST(Diff, DigestsAreThoseOfTheContent) {
  MemoryTree a;
  MemoryTree b;
  a.file("/f", "hello");
  b.file("/f", "hallo");
  std::ostringstream out;
  print_difference_json(out, difference(a, b, {.digests = true}));
  // echo -n hello | sha256sum; echo -n hallo | sha256sum
  EXPECT_EQ(
      out.str(),
      "{\"schema\":1,\"entries\":[\n{\"kind\":\"changed\",\"path\":\"/f\",\"type\":\"file\",\"aspects\":["
      "{\"what\":\"content\","
      "\"before\":\"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\","
      "\"after\":\"sha256:d3751d33f9cd5049c4af2b462735457e4d3baf130bcbb87f389e349fbaeb20b9\"}]}\n]}\n");
}

TEST(Diff, DepthCostsNoStack) {
  MemoryTree a;
  MemoryTree b;
  for (MemoryTree* tree : {&a, &b}) {
    VNode at = tree->tree().root();
    for (int i = 0; i < 5000; ++i) {
      at = *tree->tree().create(at, "d", {.type = FileType::directory, .mode = 0755});
    }
    if (tree == &b) {
      const VNode file = *tree->tree().create(at, "f", {});
      ASSERT_TRUE((*tree->tree().open(file, {.read = true, .write = true}))
                      ->write_at(0, std::as_bytes(std::span("x", 1))));
    }
  }
  const Difference found = difference(a, b);
  ASSERT_EQ(found.entries.size(), 1U);
  EXPECT_EQ(found.entries[0].path.size(), 10'002U);
}

TEST(Diff, ColoursAreForTerminals) {
  MemoryTree a;
  MemoryTree b;
  b.file("/f", "");
  std::ostringstream out;
  print_difference(out, difference(a, b), {.color = true});
  EXPECT_EQ(out.str(), "\x1b[32m+ /f\x1b[0m\n");
}

/// What a random tree has at a path.
struct Model {
  FileType type;
  std::uint16_t mode;
  std::string text;  ///< content, or the text of a link

  bool operator==(const Model&) const = default;
};
using Paths = std::map<std::string, Model>;

Paths random_paths(std::mt19937& random) {
  Paths paths;
  std::vector<std::string> dirs{""};
  const std::size_t count = random() % 25;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string path =
        dirs[random() % dirs.size()] + "/" + std::string(1, static_cast<char>('a' + random() % 5));
    if (paths.contains(path)) continue;
    const unsigned kind = random() % 4;
    const auto mode = static_cast<std::uint16_t>(random() % 3 == 0 ? 0700 : 0755);
    if (kind == 0) {
      paths[path] = {FileType::directory, mode, {}};
      dirs.push_back(path);
    } else if (kind == 1) {
      paths[path] = {FileType::symlink, 0777, std::string(1, static_cast<char>('x' + random() % 2))};
    } else {
      paths[path] = {FileType::regular, mode,
                     std::string(random() % 3, static_cast<char>('0' + random() % 2))};
    }
  }
  return paths;
}

void build(MemoryTree& tree, const Paths& paths) {
  for (const auto& [path, model] : paths) {  // directories come before what is in them
    if (model.type == FileType::directory) {
      tree.dir(path);
      ASSERT_TRUE(tree.tree().set_attr(at(tree, path), {.mode = model.mode}));
    } else if (model.type == FileType::symlink) {
      tree.link(path, model.text);
    } else {
      tree.file(path, model.text, model.mode);
    }
  }
}

/// `paths` with one directory, or whatever, under another name.
Paths moved(std::mt19937& random, const Paths& paths) {
  if (paths.empty()) return paths;
  const std::string from =
      std::next(paths.begin(), static_cast<std::ptrdiff_t>(random() % paths.size()))->first;
  Paths result;
  for (const auto& [path, model] : paths) {
    const bool goes = path == from || path.starts_with(from + "/");
    result[goes ? "/moved" + path.substr(from.size()) : path] = model;
  }
  return result;
}

std::set<std::string> below(const Paths& paths, const std::string& top) {
  std::set<std::string> found{top};
  for (const auto& [path, model] : paths) {
    if (path.starts_with(top + "/")) found.insert(path);
  }
  return found;
}

TEST(Diff, IsWhatAPlainMapSays) {
  std::size_t renames = 0;
  std::size_t whole_directories = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Paths before = random_paths(random);
    Paths after = random_paths(random);
    if (seed % 2 == 0) after = moved(random, before);
    MemoryTree a;
    MemoryTree b;
    build(a, before);
    build(b, after);
    std::set<std::string> added;
    std::set<std::string> removed;
    std::set<std::string> changed;
    for (const DiffEntry& entry : difference(a, b).entries) {
      if (entry.kind == DiffKind::added) added.insert(entry.path);
      if (entry.kind == DiffKind::removed) removed.insert(entry.path);
      if (entry.kind == DiffKind::changed) changed.insert(entry.path);
      if (entry.kind != DiffKind::renamed) continue;
      ++renames;
      const std::set<std::string> from = below(before, entry.from);
      const std::set<std::string> to = below(after, entry.path);
      ASSERT_EQ(from.size(), entry.below + 1);
      ASSERT_EQ(to.size(), entry.below + 1);
      if (entry.type == FileType::directory) {
        ++whole_directories;
        for (auto f = from.begin(), t = to.begin(); f != from.end(); ++f, ++t) {
          EXPECT_EQ(f->substr(entry.from.size()), t->substr(entry.path.size()));
          EXPECT_EQ(before.at(*f), after.at(*t));
        }
      } else {
        EXPECT_EQ(before.at(entry.from).text, after.at(entry.path).text);
      }
      removed.insert(from.begin(), from.end());
      added.insert(to.begin(), to.end());
    }
    std::set<std::string> should_be_added;
    std::set<std::string> should_be_removed;
    std::set<std::string> should_be_changed;
    for (const auto& [path, model] : before) {
      if (!after.contains(path)) should_be_removed.insert(path);
    }
    for (const auto& [path, model] : after) {
      if (!before.contains(path))
        should_be_added.insert(path);
      else if (before.at(path) != model)
        should_be_changed.insert(path);
    }
    EXPECT_EQ(added, should_be_added);
    EXPECT_EQ(removed, should_be_removed);
    EXPECT_EQ(changed, should_be_changed);
  }
  EXPECT_GT(renames, 100U);
  EXPECT_GT(whole_directories, 5U);
}

}  // namespace
}  // namespace wasifs::test
