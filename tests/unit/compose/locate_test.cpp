// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "layers.h"

namespace wasifs::test {
namespace {

/// "dir|name|node|/" of a Place: paths in the memory layer, "-" for no node, "/" if
/// a directory is wanted; or the error's number.
class LocateTest : public testing::Test {
 protected:
  void SetUp() override {
    file_in(*fs_, "/f", "x");
    file_in(*fs_, "/d/in/deep", "x");
    file_in(*fs_, "/d/g", "x");
  }

  void symlink(std::string_view path, std::string_view text) {
    const std::size_t slash = path.rfind('/');
    ok(dir_in(*fs_, path.substr(0, slash))
           ->create(path.substr(slash + 1), {.type = FileType::symlink, .mode = 0777, .target = text}));
  }

  std::string located(const Tree& tree, const VNode& base, std::string_view path, Follow follow,
                      Scope scope) {
    const Result<Place> place = tree.locate_at(base, path, follow, scope);
    if (!place) return message(place.error());
    std::string out = fs_->path_of(*place->dir.node) + "|" + place->name + "|";
    out += place->node ? fs_->path_of(*place->node->node) : "-";
    return out + (place->wants_directory ? "|/" : "");
  }
  std::string from_root(std::string_view path, Follow follow = Follow::yes) {
    return located(tree_, tree_.root(), path, follow, Scope::tree);
  }
  std::string below_d(std::string_view path, Follow follow = Follow::yes) {
    return located(tree_, ok(tree_.resolve("/d")), path, follow, Scope::beneath);
  }

  std::shared_ptr<MemoryFilesystem> fs_ = std::make_shared<MemoryFilesystem>();
  Tree tree_{MountTable(fs_)};
};

const std::string kNoEntry = message(Errc::enoent);
const std::string kNoDirectory = message(Errc::enotdir);
const std::string kOutside = message(Errc::exdev);

TEST_F(LocateTest, WhatIsThereHasADirectoryANameAndANode) {
  EXPECT_EQ(from_root("/f"), "/|f|/f");
  EXPECT_EQ(from_root("f"), "/|f|/f");
  EXPECT_EQ(from_root("/d/in/deep"), "/d/in|deep|/d/in/deep");
  EXPECT_EQ(from_root("//d//g"), "/d|g|/d/g");
}

TEST_F(LocateTest, WhatIsMissingHasADirectoryAndAName) {
  EXPECT_EQ(from_root("/new"), "/|new|-");
  EXPECT_EQ(from_root("/d/in/new"), "/d/in|new|-");
}

TEST_F(LocateTest, OnlyTheLastComponentMayBeMissing) {
  EXPECT_EQ(from_root("/none/new"), kNoEntry);
  EXPECT_EQ(from_root("/none/."), kNoEntry);
  EXPECT_EQ(from_root("/none/.."), kNoEntry);
  EXPECT_EQ(from_root("/f/new"), kNoDirectory);
  EXPECT_EQ(from_root(""), kNoEntry);
}

TEST_F(LocateTest, NamesAndPathsMayBeTooLong) {
  const std::string tooLong = message(Errc::enametoolong);
  EXPECT_EQ(from_root(std::string(256, 'n')), tooLong);
  EXPECT_EQ(from_root(std::string(Tree::kMaxPath, '/')), tooLong);
  EXPECT_EQ(from_root(std::string(255, 'n')), "/|" + std::string(255, 'n') + "|-");
}

TEST_F(LocateTest, ATrailingSlashWantsADirectory) {
  EXPECT_EQ(from_root("/d/"), "/|d|/d|/");
  EXPECT_EQ(from_root("/d///"), "/|d|/d|/");
  EXPECT_EQ(from_root("/new/"), "/|new|-|/");
  EXPECT_EQ(from_root("/f/"), kNoDirectory);
}

TEST_F(LocateTest, APathThatEndsInADotHasNoName) {
  EXPECT_EQ(from_root("/"), "/||/");
  EXPECT_EQ(from_root("/."), "/||/|/");
  EXPECT_EQ(from_root("/.."), "/||/|/");
  EXPECT_EQ(from_root("/d/."), "/d||/d|/");
  EXPECT_EQ(from_root("/d/in/.."), "/d||/d|/");
  EXPECT_EQ(from_root("/d/in/../"), "/d||/d|/");
  EXPECT_EQ(from_root("/f/."), kNoDirectory);
}

TEST_F(LocateTest, DotsInTheMiddleLeaveTheNameAlone) {
  EXPECT_EQ(from_root("/d/./g"), "/d|g|/d/g");
  EXPECT_EQ(from_root("/d/in/../new"), "/d|new|-");
  EXPECT_EQ(from_root("/../../f"), "/|f|/f");
}

TEST_F(LocateTest, ALastLinkIsFollowedOnDemand) {
  symlink("/l", "d/g");
  EXPECT_EQ(from_root("/l", Follow::no), "/|l|/l");
  EXPECT_EQ(from_root("/l", Follow::yes), "/d|g|/d/g");
}

TEST_F(LocateTest, ALinkToADirectoryPathEndsWhereThatDoes) {
  symlink("/dot", "d/.");
  symlink("/up", "d/in/..");
  symlink("/slash", "d/in/");
  EXPECT_EQ(from_root("/dot"), "/d||/d|/");
  EXPECT_EQ(from_root("/up"), "/d||/d|/");
  EXPECT_EQ(from_root("/slash"), "/d|in|/d/in|/");
}

TEST_F(LocateTest, ADanglingLinkLeadsToWhatIsMissing) {
  symlink("/l", "d/new");
  symlink("/chain", "l");
  symlink("/lost", "none/new");
  symlink("/d/up", "../new");
  EXPECT_EQ(from_root("/l"), "/d|new|-");
  EXPECT_EQ(from_root("/chain"), "/d|new|-");
  EXPECT_EQ(from_root("/lost"), kNoEntry);
  EXPECT_EQ(from_root("/d/up"), "/|new|-");
  EXPECT_EQ(from_root("/l", Follow::no), "/|l|/l");
}

TEST_F(LocateTest, ASlashBehindALinkFollowsIt) {
  symlink("/l", "d");
  symlink("/dangling", "new");
  symlink("/file", "f");
  EXPECT_EQ(from_root("/l/", Follow::no), "/|d|/d|/");
  EXPECT_EQ(from_root("/dangling/", Follow::no), "/|new|-|/");
  EXPECT_EQ(from_root("/file/", Follow::no), kNoDirectory);
}

TEST_F(LocateTest, LoopsEnd) {
  symlink("/a", "b");
  symlink("/b", "a");
  EXPECT_EQ(from_root("/a"), message(Errc::eloop));
  EXPECT_EQ(from_root("/a/x", Follow::no), message(Errc::eloop));
  EXPECT_EQ(from_root("/a", Follow::no), "/|a|/a");
}

TEST_F(LocateTest, ATreeScopeGoesWhereThePathLeads) {
  const VNode d = ok(tree_.resolve("/d"));
  symlink("/d/abs", "/f");
  EXPECT_EQ(located(tree_, d, "/f", Follow::yes, Scope::tree), "/|f|/f");
  EXPECT_EQ(located(tree_, d, "abs", Follow::yes, Scope::tree), "/|f|/f");
  // Nodes know no parents: ".." of where a path starts is that itself.
  EXPECT_EQ(located(tree_, d, "../g", Follow::yes, Scope::tree), "/d|g|/d/g");
}

TEST_F(LocateTest, BeneathIsAllThatLiesBelow) {
  EXPECT_EQ(below_d("g"), "/d|g|/d/g");
  EXPECT_EQ(below_d("."), "/d||/d|/");
  EXPECT_EQ(below_d("in/.."), "/d||/d|/");
  EXPECT_EQ(below_d("in/../new"), "/d|new|-");
  EXPECT_EQ(below_d("in/deep"), "/d/in|deep|/d/in/deep");
}

TEST_F(LocateTest, BeneathNeverLeaves) {
  EXPECT_EQ(below_d(".."), kOutside);
  EXPECT_EQ(below_d("../d/g"), kOutside);
  EXPECT_EQ(below_d("in/../.."), kOutside);
  EXPECT_EQ(below_d("in/../../d"), kOutside);
  EXPECT_EQ(below_d("/"), kOutside);
  EXPECT_EQ(below_d("/d/g"), kOutside);
  EXPECT_EQ(below_d(""), kNoEntry);
}

TEST_F(LocateTest, NoLinkLeavesBeneath) {
  symlink("/d/up", "../f");
  symlink("/d/abs", "/d/g");
  symlink("/d/in/side", "../g");
  symlink("/d/in/out", "../../f");
  EXPECT_EQ(below_d("up"), kOutside);
  EXPECT_EQ(below_d("abs"), kOutside);
  EXPECT_EQ(below_d("abs/"), kOutside);
  EXPECT_EQ(below_d("in/side"), "/d|g|/d/g");
  EXPECT_EQ(below_d("in/out"), kOutside);
  EXPECT_EQ(below_d("up", Follow::no), "/d|up|/d/up");
  EXPECT_EQ(below_d("abs", Follow::no), "/d|abs|/d/abs");
}

TEST_F(LocateTest, AllLiesBeneathTheRoot) {
  symlink("/d/abs", "/d/g");
  symlink("/d/up", "/../f");
  const auto beneath = [&](std::string_view path) {
    return located(tree_, tree_.root(), path, Follow::yes, Scope::beneath);
  };
  EXPECT_EQ(beneath("d/abs"), "/d|g|/d/g");
  // The root is where an absolute link starts, and its ".." is itself.
  EXPECT_EQ(beneath("d/up"), "/|f|/f");
  EXPECT_EQ(beneath(".."), kOutside);
  EXPECT_EQ(beneath("d/../.."), kOutside);
}

TEST_F(LocateTest, ResolvingKeepsTheSameBounds) {
  const VNode d = ok(tree_.resolve("/d"));
  EXPECT_EQ(tree_.resolve_at(d, "../f", Follow::yes, Scope::beneath).error(), Errc::exdev);
  EXPECT_EQ(tree_.resolve_at(d, "/f", Follow::yes, Scope::beneath).error(), Errc::exdev);
  EXPECT_EQ(tree_.resolve_at(d, "new", Follow::yes, Scope::beneath).error(), Errc::enoent);
  EXPECT_TRUE(tree_.resolve_at(d, "in/deep", Follow::yes, Scope::beneath));
}

/// A mounted layer whose absolute links start at its own root.
class LayerRootedTest : public LocateTest {
 protected:
  class Rooted final : public Node {
   public:
    explicit Rooted(std::string text) : Node(FileType::symlink), text_(std::move(text)) {}
    Result<Attr> attr() override {
      Attr attr;
      attr.ino = 900;
      attr.type = FileType::symlink;
      return attr;
    }
    Result<Link> read_link() override { return Link{.text = text_, .layer_rooted = true}; }

   private:
    std::string text_;
  };
  /// The root of the memory layer with the link "link" beside what it has.
  class Root final : public Node {
   public:
    Root(NodeRef inner, std::string text)
        : Node(FileType::directory), inner_(std::move(inner)), link_(make_ref<Rooted>(std::move(text))) {}
    Result<Attr> attr() override { return inner_->attr(); }
    Result<NodeRef> lookup(std::string_view name) override {
      return name == "link" ? link_ : inner_->lookup(name);
    }

   private:
    NodeRef inner_;
    NodeRef link_;
  };
  class Layer final : public Filesystem {
   public:
    Layer(FilesystemPtr inner, std::string text)
        : inner_(std::move(inner)), root_(make_ref<Root>(inner_->root(), std::move(text))) {}
    NodeRef root() override { return root_; }
    [[nodiscard]] Traits traits() const override { return {}; }
    Result<StatFs> statfs() override { return inner_->statfs(); }
    [[nodiscard]] std::string describe() const override { return "layer with a link"; }

   private:
    FilesystemPtr inner_;
    NodeRef root_;
  };

  static Tree tree_with(FilesystemPtr inner, std::string text) {
    MountTable table(std::make_shared<MemoryFilesystem>());
    const auto synthetic = []() -> FilesystemPtr { return nullptr; };
    ok(table.mount("/m", std::make_shared<Layer>(std::move(inner), std::move(text)), "", {}, synthetic));
    return Tree(std::move(table));
  }
};

/// The file /f in the layer's root, which is no node of the memory layer.
const std::string kBelowItsRoot = "|f|/f";

TEST_F(LayerRootedTest, ItsLinksStartAtItsRoot) {
  const Tree tree = tree_with(fs_, "/d/new");
  EXPECT_EQ(located(tree, tree.root(), "/m/link", Follow::yes, Scope::tree), "/d|new|-");
  const Tree other = tree_with(fs_, "/../f");
  EXPECT_EQ(located(other, other.root(), "/m/link", Follow::yes, Scope::tree), kBelowItsRoot);
}

TEST_F(LayerRootedTest, ItsRootLiesBeneathTheTreesAndItself) {
  const Tree tree = tree_with(fs_, "/f");
  const VNode mount = ok(tree.resolve("/m"));
  EXPECT_EQ(located(tree, tree.root(), "m/link", Follow::yes, Scope::beneath), kBelowItsRoot);
  EXPECT_EQ(located(tree, mount, "link", Follow::yes, Scope::beneath), kBelowItsRoot);
  EXPECT_EQ(located(tree, mount, "d/../link", Follow::yes, Scope::beneath), kBelowItsRoot);
  // From a directory inside of it there is no way back to the link, but the link
  // itself would lead out.
  EXPECT_EQ(located(tree, ok(tree.resolve("/m/d")), "../link", Follow::yes, Scope::beneath), kOutside);
}

TEST_F(LayerRootedTest, DotDotStaysAtItsRootAndOutOfTheTreesDirectories) {
  const Tree tree = tree_with(fs_, "/../../d");
  EXPECT_EQ(located(tree, tree.root(), "m/link/g", Follow::yes, Scope::beneath), "/d|g|/d/g");
  EXPECT_EQ(located(tree, tree.root(), "m/link/../../f", Follow::yes, Scope::beneath), kBelowItsRoot);
}

}  // namespace
}  // namespace wasifs::test
