// SPDX-License-Identifier: Apache-2.0
// Absolute links of a layer, shown as relative ones: the text that a kernel
// follows leads to what resolve() finds.
#include <gtest/gtest.h>

#include <map>

#include "layers.h"

namespace wasifs::test {
namespace {

/// A memory layer whose absolute links start at its root, as those of packages
/// and host directories do.
class RootedLayer final : public Filesystem {
 public:
  class RootedNode final : public Node {
   public:
    explicit RootedNode(NodeRef inner) : Node(inner->type()), inner_(std::move(inner)) {}
    Result<Attr> attr() override { return inner_->attr(); }
    Result<DirPtr> open_dir() override { return inner_->open_dir(); }
    Result<FilePtr> open(OpenFlags flags) override { return inner_->open(flags); }
    Result<NodeRef> lookup(std::string_view name) override {
      Result<NodeRef> child = inner_->lookup(name);
      if (!child) return child;
      Ref<RootedNode>& made = children_[child->get()];
      if (!made) made = make_ref<RootedNode>(*child);
      return NodeRef(made);
    }
    Result<Link> read_link() override {
      Result<Link> link = inner_->read_link();
      if (link) link->layer_rooted = true;
      return link;
    }
    NodeRef inner_;

   private:
    std::map<Node*, Ref<RootedNode>> children_;
  };

  explicit RootedLayer(std::shared_ptr<MemoryFilesystem> inner)
      : inner_(std::move(inner)), root_(make_ref<RootedNode>(inner_->root())) {}
  NodeRef root() override { return root_; }
  [[nodiscard]] Traits traits() const override { return {.immutable = true}; }
  Result<StatFs> statfs() override { return inner_->statfs(); }
  [[nodiscard]] std::string describe() const override { return "rooted"; }
  std::string path_of(Node& node) override { return inner_->path_of(*static_cast<RootedNode&>(node).inner_); }

 private:
  std::shared_ptr<MemoryFilesystem> inner_;
  Ref<RootedNode> root_;
};

class RebaseTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryFilesystem> layer_ = std::make_shared<MemoryFilesystem>();
  std::optional<Tree> tree_;

  void link_in(std::string_view directory, std::string_view name, std::string_view text) {
    ok(dir_in(*layer_, directory)->create(name, {.type = FileType::symlink, .mode = 0777, .target = text}));
  }
  /// The layer, writable, at /opt/pkg of an otherwise empty root.
  Tree& tree(bool rebase = true) {
    if (tree_) return *tree_;
    MountTable table(std::make_shared<MemoryFilesystem>());
    const auto fs =
        std::make_shared<Overlay>(std::make_shared<MemoryFilesystem>(),
                                  std::vector<FilesystemPtr>{std::make_shared<RootedLayer>(layer_)});
    ok(table.mount("/opt/pkg", fs, "", {.rebase_links = rebase},
                   [] { return std::make_shared<MemoryFilesystem>(); }));
    tree_.emplace(std::move(table));
    return *tree_;
  }
  VNode at(std::string_view path) { return ok(tree().resolve(path, Follow::no)); }
  std::string text(std::string_view path) { return ok(tree().read_link(at(path))).text; }
  /// Where a kernel gets to that puts the text in the place of the link's name;
  /// "" for nowhere.
  std::string kernel(std::string_view path) {
    return resolved(std::string(path.substr(0, path.rfind('/') + 1)) + text(path));
  }
  std::string resolved(std::string_view path) {
    const Result<VNode> found = tree().resolve(path);
    return found ? tree().provenance(*found).path : "";
  }
  void expect_text(std::string_view path, std::string_view wanted) {
    EXPECT_EQ(text(path), wanted);
    EXPECT_EQ(ok(tree().attr(at(path))).size, wanted.size());
  }
};

TEST_F(RebaseTest, GoesUpToTheMountsRootAndDown) {
  file_in(*layer_, "/lib/x", "");
  link_in("/", "top", "/lib/x");
  link_in("/bin/sub", "deep", "/lib/x");
  link_in("/lib", "self", "/lib/");
  link_in("/lib", "root", "/");
  link_in("/", "here", "/");
  expect_text("/opt/pkg/top", "lib/x");
  expect_text("/opt/pkg/bin/sub/deep", "../../lib/x");
  expect_text("/opt/pkg/lib/self", "../lib/");
  expect_text("/opt/pkg/lib/root", "../");
  expect_text("/opt/pkg/here", ".");
  for (const char* const path :
       {"/opt/pkg/top", "/opt/pkg/bin/sub/deep", "/opt/pkg/lib/self", "/opt/pkg/lib/root", "/opt/pkg/here"}) {
    EXPECT_EQ(resolved(path), kernel(path)) << path;
    EXPECT_NE(resolved(path), "") << path;
  }
}

TEST_F(RebaseTest, VerbatimMountsAndOtherLinksStayAsTheyAre) {
  link_in("/bin", "relative", "../lib");
  expect_text("/opt/pkg/bin/relative", "../lib");
  ok(tree().create(at("/opt/pkg/bin"), "made", {.type = FileType::symlink, .mode = 0777, .target = "/etc"}));
  expect_text("/opt/pkg/bin/made", "/etc");
  EXPECT_TRUE(tree().traits().rebases_links);
}

TEST_F(RebaseTest, WithoutItTextsAreVerbatimAndMayBeKept) {
  link_in("/", "top", "/lib/x");
  tree(false);
  expect_text("/opt/pkg/top", "/lib/x");
  EXPECT_FALSE(tree().traits().rebases_links);
  EXPECT_FALSE(tree().traits(at("/opt/pkg/top")).place_bound);
}

TEST_F(RebaseTest, FollowsTheLinkAndTheDirectoriesAboveIt) {
  file_in(*layer_, "/lib/x", "");
  link_in("/a/b", "l", "/lib/x");
  expect_text("/opt/pkg/a/b/l", "../../lib/x");
  ok(tree().rename(at("/opt/pkg/a"), "b", at("/opt/pkg"), "c", RenameMode::replace));
  expect_text("/opt/pkg/c/l", "../lib/x");
  EXPECT_EQ(resolved("/opt/pkg/c/l"), "/opt/pkg/lib/x");
  ok(tree().rename(at("/opt/pkg/c"), "l", at("/opt/pkg"), "l", RenameMode::replace));
  expect_text("/opt/pkg/l", "lib/x");
  EXPECT_EQ(resolved("/opt/pkg/l"), "/opt/pkg/lib/x");
  EXPECT_TRUE(tree().traits(at("/opt/pkg/l")).place_bound);
  EXPECT_FALSE(tree().traits(at("/opt/pkg/lib")).place_bound);
}

TEST_F(RebaseTest, ACopiedUpLinkIsStillTheLayers) {
  file_in(*layer_, "/lib/x", "");
  link_in("/bin", "l", "/lib/x");
  ok(tree().set_attr(at("/opt/pkg/bin/l"), {.uid = 7, .mtime = Time{.sec = 5}}));
  expect_text("/opt/pkg/bin/l", "../lib/x");
  EXPECT_EQ(resolved("/opt/pkg/bin/l"), "/opt/pkg/lib/x");
}

TEST_F(RebaseTest, ParentsNeverLeadOutOfTheMount) {
  file_in(*layer_, "/etc/passwd", "");
  link_in("/bin", "up", "/../../etc/passwd");
  link_in("/bin", "later", "/etc/../../../etc/passwd");
  for (const char* const path : {"/opt/pkg/bin/up", "/opt/pkg/bin/later"}) {
    EXPECT_EQ(text(path), "../../../opt/pkg/etc/passwd") << path;
    EXPECT_EQ(kernel(path), "/opt/pkg/etc/passwd") << path;
    EXPECT_EQ(resolved(path), kernel(path)) << path;
  }
}

TEST_F(RebaseTest, ParentsOfWhatIsALinkAreThoseOfItsTarget) {
  file_in(*layer_, "/real/deep/dir/f", "");
  file_in(*layer_, "/real/deep/x", "");
  link_in("/", "short", "/real/deep/dir");
  link_in("/bin", "l", "/short/../x");
  EXPECT_EQ(resolved("/opt/pkg/bin/l"), "/opt/pkg/real/deep/x");
  EXPECT_EQ(kernel("/opt/pkg/bin/l"), "/opt/pkg/real/deep/x");
}

TEST_F(RebaseTest, ALinkToNothingStaysInsideToo) {
  file_in(*layer_, "/etc/passwd", "");
  link_in("/bin", "l", "/gone/../../../../etc/passwd");
  EXPECT_EQ(text("/opt/pkg/bin/l"), "../gone/../etc/passwd");
  EXPECT_EQ(resolved("/opt/pkg/bin/l"), "");
  EXPECT_EQ(kernel("/opt/pkg/bin/l"), "");
}

TEST_F(RebaseTest, ATextThatWouldBeTooLongStays) {
  std::string path = "/opt/pkg";
  std::string inside;
  for (int i = 0; i < 12; ++i) inside += "/" + std::string(1, 'd');
  const std::string target = "/" + std::string(200, 'a') + [] {
    std::string rest;
    for (int i = 0; i < 19; ++i) rest += "/" + std::string(200, 'b');
    return rest;
  }();
  ASSERT_LT(target.size(), 4096U);
  link_in(inside, "l", target + "/" + std::string(4090 - target.size(), 'c'));
  EXPECT_TRUE(text(path + inside + "/l").starts_with("/aaa"));
}

}  // namespace
}  // namespace wasifs::test
