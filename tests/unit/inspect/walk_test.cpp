// SPDX-License-Identifier: Apache-2.0
#include "inspect/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "memory_tree.h"

namespace wasifs {
namespace {

using test::MemoryTree;

std::vector<std::string> paths_of(const Tree& tree, WalkOrder order, std::string_view from = "/") {
  std::vector<std::string> paths;
  const WalkableTree source(tree);
  walk(
      source, tree.resolve(from, Follow::no).value(), from, order,
      [&](const WalkEntry& entry) { paths.emplace_back(entry.path); },
      [](std::string_view path, Errc error) { FAIL() << path << ": " << message(error); });
  return paths;
}

TEST(Walk, PreorderShowsADirectoryBeforeItsChildrenAndSiblingsByName) {
  MemoryTree made;
  made.dir("/b");
  made.file("/b/x", "");
  made.file("/b-c", "");
  made.dir("/a");
  EXPECT_EQ(paths_of(made.tree(), WalkOrder::preorder),
            (std::vector<std::string>{"/", "/a", "/b", "/b/x", "/b-c"}));
}

TEST(Walk, ByPathOrdersWholePathsAsBytes) {
  MemoryTree made;
  made.dir("/b");
  made.file("/b/x", "");
  made.file("/b-c", "");
  made.dir("/b0");
  made.file("/\xff", "");
  made.file("/z", "");
  EXPECT_EQ(paths_of(made.tree(), WalkOrder::by_path),
            (std::vector<std::string>{"/", "/b", "/b-c", "/b/x", "/b0", "/z", "/\xff"}));
}

TEST(Walk, ByPathEqualsASortOfPreorderOnRandomTrees) {
  std::mt19937 random(20240229);
  for (int round = 0; round < 20; ++round) {
    MemoryTree made;
    std::vector<std::string> dirs{""};
    constexpr std::string_view kLetters = "-./0a~";  // around '/' on purpose
    for (int i = 0; i < 60; ++i) {
      std::string name = "n";
      for (unsigned length = random() % 4; length > 0; --length) name += kLetters[random() % kLetters.size()];
      std::ranges::replace(name, '/', '+');
      const std::string path = dirs[random() % dirs.size()] + "/" + name;
      if (made.tree().resolve(path)) continue;
      if (random() % 2 == 0) {
        made.dir(path);
        dirs.push_back(path);
      } else {
        made.file(path, "");
      }
    }
    std::vector<std::string> sorted = paths_of(made.tree(), WalkOrder::preorder);
    std::ranges::sort(sorted);
    EXPECT_EQ(paths_of(made.tree(), WalkOrder::by_path), sorted);
  }
}

TEST(Walk, StartsAtAFile) {
  MemoryTree made;
  made.dir("/d");
  made.file("/d/f", "abc");
  EXPECT_EQ(paths_of(made.tree(), WalkOrder::preorder, "/d/f"), std::vector<std::string>{"/d/f"});
}

TEST(Walk, DoesNotFollowSymlinksAndShowsTheirText) {
  MemoryTree made;
  made.dir("/d");
  made.file("/d/f", "");
  made.link("/l", "d");
  std::vector<std::string> targets;
  const WalkableTree source(made.tree());
  walk(
      source, source.root(), "/", WalkOrder::preorder,
      [&](const WalkEntry& entry) {
        if (entry.attr.type == FileType::symlink)
          targets.push_back(std::string(entry.path) + ">" + entry.target);
      },
      [](std::string_view, Errc) { FAIL(); });
  EXPECT_EQ(targets, std::vector<std::string>{"/l>d"});
}

TEST(Walk, TellsDepthAndWhichSiblingIsTheLast) {
  MemoryTree made;
  made.dir("/a");
  made.file("/a/x", "");
  made.dir("/b");
  made.file("/b/y", "");
  std::string seen;
  const WalkableTree source(made.tree());
  walk(
      source, source.root(), "/", WalkOrder::preorder,
      [&](const WalkEntry& entry) {
        seen += std::string(entry.name) + std::to_string(entry.depth) + (entry.last ? "L " : " ");
      },
      [](std::string_view, Errc) { FAIL(); });
  EXPECT_EQ(seen, "/0L a1 x2L b1L y2L ");
}

TEST(Walk, DeepTreesNeedNoDeepStack) {
  // Recursion at this depth would overflow the stack; paths here are longer
  // than any that resolve() takes, so the chain is built node by node.
  constexpr int kDepth = 20'000;
  MemoryTree made;
  VNode at = made.tree().root();
  for (int i = 0; i < kDepth; ++i) {
    at = made.tree().create(at, "d", {.type = FileType::directory, .mode = 0755}).value();
  }
  std::size_t count = 0;
  std::size_t deepest = 0;
  const WalkableTree source(made.tree());
  walk(
      source, source.root(), "/", WalkOrder::by_path,
      [&](const WalkEntry& entry) {
        ++count;
        deepest = std::max(deepest, entry.depth);
      },
      [](std::string_view, Errc) { FAIL(); });
  EXPECT_EQ(count, kDepth + 1U);
  EXPECT_EQ(deepest, static_cast<std::size_t>(kDepth));
}

/// A tree in which some names cannot be looked up.
class Broken final : public Walkable {
 public:
  explicit Broken(const Tree& tree) : whole_(tree) {}
  [[nodiscard]] VNode root() const override { return whole_.root(); }
  [[nodiscard]] Result<VNode> lookup(const VNode& dir, std::string_view name) const override {
    if (name == "gone") return fail(Errc::enoent);
    if (name == "bad") return fail(Errc::eio);
    return whole_.lookup(dir, name);
  }
  [[nodiscard]] Result<Attr> attr(const VNode& node) const override { return whole_.attr(node); }
  [[nodiscard]] Result<DirPtr> open_dir(const VNode& dir) const override { return whole_.open_dir(dir); }
  [[nodiscard]] Result<Link> read_link(const VNode& node) const override { return whole_.read_link(node); }

 private:
  WalkableTree whole_;
};

TEST(Walk, ReportsWhatCannotBeReadAndLeavesOutWhatHasGone) {
  MemoryTree made;
  made.file("/a", "");
  made.file("/bad", "");
  made.file("/gone", "");
  made.file("/z", "");
  std::vector<std::string> shown;
  std::vector<std::string> failed;
  const Broken source(made.tree());
  walk(
      source, source.root(), "/", WalkOrder::by_path,
      [&](const WalkEntry& entry) { shown.emplace_back(entry.path); },
      [&](std::string_view path, Errc error) {
        failed.push_back(std::string(path) + ": " + message(error));
      });
  EXPECT_EQ(shown, (std::vector<std::string>{"/", "/a", "/z"}));
  EXPECT_EQ(failed, std::vector<std::string>{"/bad: Input/output error"});
}

TEST(AbsolutePath, AddsTheSlashAndDropsEmptyAndDotParts) {
  EXPECT_EQ(absolute_path("usr//lib/./x/"), "/usr/lib/x");
  EXPECT_EQ(absolute_path("."), "/");
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_EQ(absolute_path("a/../b"), "/a/../b");
}

}  // namespace
}  // namespace wasifs
