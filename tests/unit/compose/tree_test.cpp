// SPDX-License-Identifier: Apache-2.0
#include "wasifs/tree.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "layers.h"

namespace wasifs::test {
namespace {

/// A node that is a symlink with a text that starts at its layer's root.
class RootedLink final : public Node {
 public:
  explicit RootedLink(std::string text) : Node(FileType::symlink), text_(std::move(text)) {}
  Result<Attr> attr() override {
    Attr attr;
    attr.ino = 1;
    attr.type = FileType::symlink;
    return attr;
  }
  Result<Link> read_link() override { return Link{.text = text_, .layer_rooted = true}; }

 private:
  std::string text_;
};

/// A layer with one rooted link, "link", beside what a memory layer holds.
class LayerWithLink final : public Filesystem {
 public:
  LayerWithLink(FilesystemPtr inner, std::string text)
      : inner_(std::move(inner)),
        root_(make_ref<Root>(inner_->root(), make_ref<RootedLink>(std::move(text)))) {}
  NodeRef root() override { return root_; }
  [[nodiscard]] Traits traits() const override { return {.immutable = true}; }
  Result<StatFs> statfs() override { return inner_->statfs(); }
  [[nodiscard]] std::string describe() const override { return "layer with a link"; }

 private:
  class Root final : public Node {
   public:
    Root(NodeRef inner, NodeRef link)
        : Node(FileType::directory), inner_(std::move(inner)), link_(std::move(link)) {}
    Result<Attr> attr() override { return inner_->attr(); }
    Result<NodeRef> lookup(std::string_view name) override {
      return name == "link" ? link_ : inner_->lookup(name);
    }

   private:
    NodeRef inner_;
    NodeRef link_;
  };
  FilesystemPtr inner_;
  NodeRef root_;
};

class TreeTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryFilesystem> fs_ = std::make_shared<MemoryFilesystem>();
  Tree tree_{MountTable(fs_)};

  void symlink(std::string_view path, std::string_view text) {
    const std::size_t slash = path.rfind('/');
    ok(dir_in(*fs_, path.substr(0, slash))
           ->create(path.substr(slash + 1), {.type = FileType::symlink, .mode = 0777, .target = text}));
  }
  Errc error_of(std::string_view path, Follow follow = Follow::yes) {
    const Result<VNode> node = tree_.resolve(path, follow);
    return node ? Errc{} : node.error();
  }
  std::string text(const VNode& node) { return read(*ok(tree_.open(node, {}))); }
  std::string text(std::string_view path) { return text(ok(tree_.resolve(path))); }
};

TEST_F(TreeTest, TheRootIsWhatSlashNames) {
  EXPECT_EQ(ok(tree_.resolve("/")), tree_.root());
  EXPECT_EQ(ok(tree_.resolve("///")), tree_.root());
  EXPECT_EQ(ok(tree_.resolve("/.")), tree_.root());
  EXPECT_TRUE(tree_.root().is_directory());
}

TEST_F(TreeTest, TheEmptyPathIsEnoent) { EXPECT_EQ(error_of(""), Errc::enoent); }

TEST_F(TreeTest, DotDotAtTheRootStaysThere) {
  file_in(*fs_, "/f", "x");
  EXPECT_EQ(ok(tree_.resolve("/..")), tree_.root());
  EXPECT_EQ(text("/../../f"), "x");
}

TEST_F(TreeTest, DotDotNeedsADirectoryThatExists) {
  file_in(*fs_, "/f", "x");
  EXPECT_EQ(error_of("/none/.."), Errc::enoent);
  EXPECT_EQ(error_of("/f/.."), Errc::enotdir);
  EXPECT_EQ(error_of("/f/."), Errc::enotdir);
}

TEST_F(TreeTest, DotDotStepsBackAlongAPathOfAnyDepth) {
  constexpr int kDepth = 20;
  std::vector<VNode> way{tree_.root()};
  std::string path;
  for (int level = 0; level < kDepth; ++level) {
    way.push_back(ok(tree_.create(way.back(), "d", kDirectory)));
    path += "/d";
  }
  for (int back = 0; back <= kDepth; ++back) {
    EXPECT_EQ(ok(tree_.resolve(path)), way[static_cast<std::size_t>(kDepth - back)]) << back;
    EXPECT_EQ(ok(tree_.resolve(path + "/../d/..")),
              way[static_cast<std::size_t>(std::max(0, kDepth - back - 1))])
        << back;
    path += "/..";
  }
  const VNode link = ok(tree_.create(way.back(), "to_top", {.type = FileType::symlink, .target = "/d/.."}));
  EXPECT_EQ(ok(tree_.resolve_at(way.back(), "to_top")), tree_.root());
  EXPECT_EQ(ok(tree_.locate_at(way[10], "d/d/d/d/d/d/d/d/d/new", Follow::no)).dir, way[19]);
}

TEST_F(TreeTest, ATrailingSlashWantsADirectory) {
  file_in(*fs_, "/d/f", "x");
  EXPECT_TRUE(tree_.resolve("/d/"));
  EXPECT_EQ(error_of("/d/f/"), Errc::enotdir);
}

TEST_F(TreeTest, ATrailingSlashFollowsASymlink) {
  dir_in(*fs_, "/d");
  symlink("/s", "d");
  EXPECT_TRUE(ok(tree_.resolve("/s/", Follow::no)).is_directory());
  EXPECT_EQ(ok(tree_.resolve("/s", Follow::no)).type(), FileType::symlink);
}

TEST_F(TreeTest, ARelativePathStartsAtTheBaseAndAnAbsoluteOneAtTheRoot) {
  file_in(*fs_, "/d/f", "inner");
  file_in(*fs_, "/f", "outer");
  const VNode base = ok(tree_.resolve("/d"));
  EXPECT_EQ(text(ok(tree_.resolve_at(base, "f"))), "inner");
  EXPECT_EQ(text(ok(tree_.resolve_at(base, "/f"))), "outer");
  EXPECT_EQ(ok(tree_.resolve_at(base, ".")), base);
  EXPECT_EQ(tree_.resolve_at(base, "").error(), Errc::enoent);
}

TEST_F(TreeTest, AFileIsNoBase) {
  file_in(*fs_, "/f", "x");
  EXPECT_EQ(tree_.resolve_at(ok(tree_.resolve("/f")), "x").error(), Errc::enotdir);
}

TEST_F(TreeTest, ARelativeSymlinkStartsAtItsDirectory) {
  file_in(*fs_, "/a/b/f", "x");
  symlink("/a/s", "b/f");
  symlink("/a/b/up", "../s");
  EXPECT_EQ(text("/a/s"), "x");
  EXPECT_EQ(text("/a/b/up"), "x");
}

TEST_F(TreeTest, ASymlinkInTheMiddleIsFollowedEvenIfTheLastIsNot) {
  file_in(*fs_, "/d/f", "x");
  symlink("/s", "d");
  symlink("/d/link", "f");
  EXPECT_EQ(ok(tree_.resolve("/s/link", Follow::no)).type(), FileType::symlink);
  EXPECT_EQ(text("/s/link"), "x");
}

TEST_F(TreeTest, AnAbsoluteSymlinkStartsAtTheRootOfTheTree) {
  file_in(*fs_, "/etc/f", "root");
  const auto mounted = std::make_shared<MemoryFilesystem>();
  file_in(*mounted, "/etc/f", "mounted");
  ok(mounted->root()->create("link", {.type = FileType::symlink, .mode = 0777, .target = "/etc/f"}));
  MountTable table(fs_);
  ok(table.mount("/m", mounted, "", {}, []() -> FilesystemPtr { return nullptr; }));
  const Tree tree(std::move(table));
  EXPECT_EQ(read(*ok(tree.open(ok(tree.resolve("/m/link")), {}))), "root");
}

TEST_F(TreeTest, AnAbsoluteSymlinkOfARootedLayerStartsAtTheLayersRoot) {
  file_in(*fs_, "/etc/f", "root");
  const auto inner = std::make_shared<MemoryFilesystem>();
  file_in(*inner, "/etc/f", "layer");
  MountTable table(fs_);
  ok(table.mount("/m", std::make_shared<LayerWithLink>(inner, "/etc/f"), "", {},
                 []() -> FilesystemPtr { return nullptr; }));
  const Tree tree(std::move(table));
  EXPECT_EQ(read(*ok(tree.open(ok(tree.resolve("/m/link")), {}))), "layer");
}

TEST_F(TreeTest, FortyLinksAreFollowedAndFortyOneAreEloop) {
  file_in(*fs_, "/0", "end");
  for (int i = 1; i <= 41; ++i) symlink("/" + std::to_string(i), std::to_string(i - 1));
  EXPECT_EQ(text("/40"), "end");
  EXPECT_EQ(error_of("/41"), Errc::eloop);
}

TEST_F(TreeTest, TheBudgetIsForTheWholePath) {
  symlink("/here", ".");
  std::string path;
  for (int i = 0; i < 40; ++i) path += "/here";
  EXPECT_EQ(ok(tree_.resolve(path)), tree_.root());
  EXPECT_EQ(error_of(path + "/here"), Errc::eloop);
}

TEST_F(TreeTest, ALoopIsEloop) {
  symlink("/a", "b");
  symlink("/b", "a");
  EXPECT_EQ(error_of("/a"), Errc::eloop);
  EXPECT_EQ(ok(tree_.resolve("/a", Follow::no)).type(), FileType::symlink);
}

TEST_F(TreeTest, ALongNameOrPathIsEnametoolong) {
  EXPECT_EQ(error_of("/" + std::string(256, 'n')), Errc::enametoolong);
  std::string path = "/";
  while (path.size() < Tree::kMaxPath) path += "./";
  EXPECT_EQ(error_of(path), Errc::enametoolong);
  EXPECT_TRUE(tree_.resolve(path.substr(0, Tree::kMaxPath - 1)));
}

TEST_F(TreeTest, LookupTakesASingleNameOnly) {
  dir_in(*fs_, "/d");
  for (const char* const name : {"", ".", "..", "d/x", "/d"}) {
    EXPECT_EQ(tree_.lookup(tree_.root(), name).error(), Errc::einval) << name;
  }
  EXPECT_EQ(tree_.lookup(tree_.root(), std::string(256, 'n')).error(), Errc::enametoolong);
  EXPECT_TRUE(tree_.lookup(tree_.root(), "d"));
}

TEST_F(TreeTest, InvalidNamesAreRefusedByEveryChange) {
  dir_in(*fs_, "/d");
  const VNode root = tree_.root();
  for (const char* const name : {"", ".", "..", "a/b"}) {
    EXPECT_EQ(tree_.create(root, name, {}).error(), Errc::einval) << name;
    EXPECT_EQ(tree_.unlink(root, name).error(), Errc::einval) << name;
    EXPECT_EQ(tree_.rmdir(root, name).error(), Errc::einval) << name;
    EXPECT_EQ(tree_.rename(root, "d", root, name, RenameMode::replace).error(), Errc::einval) << name;
    EXPECT_EQ(tree_.rename(root, name, root, "e", RenameMode::replace).error(), Errc::einval) << name;
  }
}

TEST_F(TreeTest, AFileIsNoDirectoryForAnyOperation) {
  file_in(*fs_, "/f", "x");
  const VNode file = ok(tree_.resolve("/f"));
  EXPECT_EQ(tree_.lookup(file, "x").error(), Errc::enotdir);
  EXPECT_EQ(tree_.open_dir(file).error(), Errc::enotdir);
  EXPECT_EQ(tree_.create(file, "x", {}).error(), Errc::enotdir);
  EXPECT_EQ(tree_.unlink(file, "x").error(), Errc::enotdir);
  EXPECT_EQ(tree_.rmdir(file, "x").error(), Errc::enotdir);
  EXPECT_EQ(tree_.link(file, "x", file).error(), Errc::enotdir);
  EXPECT_EQ(tree_.rename(tree_.root(), "f", file, "x", RenameMode::replace).error(), Errc::enotdir);
}

TEST_F(TreeTest, OpeningADirectoryIsEisdirAndASymlinkEloop) {
  symlink("/s", "x");
  EXPECT_EQ(tree_.open(tree_.root(), {}).error(), Errc::eisdir);
  EXPECT_EQ(tree_.open(ok(tree_.resolve("/s", Follow::no)), {}).error(), Errc::eloop);
}

TEST_F(TreeTest, HardLinksAreEqualNodes) {
  const NodeRef file = file_in(*fs_, "/a", "x");
  ok(fs_->root()->link("b", *file));
  EXPECT_EQ(ok(tree_.resolve("/a")), ok(tree_.resolve("/b")));
  EXPECT_FALSE(ok(tree_.resolve("/a")) == tree_.root());
}

TEST_F(TreeTest, ASetGroupIdDirectoryPassesItsGroupOn) {
  SetAttr change;
  change.mode = 02770;
  change.gid = 55;
  ok(dir_in(*fs_, "/d")->set_attr(change));
  const VNode dir = ok(tree_.resolve("/d"));
  const Attr file = ok(tree_.attr(ok(tree_.create(dir, "f", {.mode = 0644, .gid = 1}))));
  const Attr sub =
      ok(tree_.attr(ok(tree_.create(dir, "sub", {.type = FileType::directory, .mode = 0755, .gid = 1}))));
  EXPECT_EQ(file.gid, 55U);
  EXPECT_EQ(file.mode, 0644);
  EXPECT_EQ(sub.gid, 55U);
  EXPECT_EQ(sub.mode, 02755);
}

TEST_F(TreeTest, AWhiteoutIsItsMakers) {
  SetAttr change;
  change.mode = 02770;
  change.gid = 55;
  ok(dir_in(*fs_, "/d")->set_attr(change));
  const auto owner_of = [&](std::string_view dir_path, std::optional<Maker> maker) {
    const VNode dir = ok(tree_.resolve(dir_path));
    ok(tree_.create(dir, "old", {}));
    ok(tree_.rename(dir, "old", dir, "new", RenameMode::whiteout, maker));
    const Attr attr = ok(tree_.attr(ok(tree_.lookup(dir, "old"))));
    ok(tree_.unlink(dir, "old"));
    ok(tree_.unlink(dir, "new"));
    return std::pair(attr.uid, attr.gid);
  };
  EXPECT_EQ(owner_of("/", Maker{.uid = 7, .gid = 8}), std::pair(7U, 8U));
  EXPECT_EQ(owner_of("/d", Maker{.uid = 7, .gid = 8}), std::pair(7U, 55U));
  EXPECT_EQ(owner_of("/", std::nullopt), std::pair(::geteuid(), ::getegid()));
}

TEST_F(TreeTest, ALayerOfASingleFileIsATree) {
  class FileLayer final : public Filesystem {
   public:
    explicit FileLayer(NodeRef file) : file_(std::move(file)) {}
    NodeRef root() override { return file_; }
    [[nodiscard]] Traits traits() const override { return {}; }
    Result<StatFs> statfs() override { return StatFs{}; }
    [[nodiscard]] std::string describe() const override { return "file"; }

   private:
    NodeRef file_;
  };
  MountTable table(fs_);
  ok(table.mount("/f", std::make_shared<FileLayer>(file_in(*fs_, "/source", "x")), "", {},
                 []() -> FilesystemPtr { return nullptr; }));
  const Tree tree(std::move(table));
  EXPECT_EQ(read(*ok(tree.open(ok(tree.resolve("/f")), {}))), "x");
  EXPECT_EQ(tree.resolve("/f/").error(), Errc::enotdir);
}

}  // namespace
}  // namespace wasifs::test
