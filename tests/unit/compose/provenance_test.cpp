// SPDX-License-Identifier: Apache-2.0
// Where the objects of a tree come from, and why others are not there.
#include <gtest/gtest.h>

#include "compose/labelled.h"
#include "compose/subtree.h"
#include "layers.h"

namespace wasifs::test {
namespace {

/// One layer: its place in the order, its role and why.
std::string line(const LayerTrace& layer) {
  return std::string(name_of(layer.role)) + " " + layer.origin.text() + ": " + layer.why() + "\n";
}

std::string lines(const std::vector<LayerTrace>& layers) {
  std::string text;
  for (const LayerTrace& layer : layers) text += line(layer);
  return text;
}

/// A memory layer that says where its nodes lie, as packages and host
/// directories do.
class PlacedLayer final : public Filesystem {
 public:
  PlacedLayer(std::shared_ptr<MemoryFilesystem> inner, std::string name)
      : inner_(std::move(inner)), name_(std::move(name)) {}
  NodeRef root() override { return inner_->root(); }
  [[nodiscard]] Traits traits() const override { return inner_->traits(); }
  Result<StatFs> statfs() override { return inner_->statfs(); }
  [[nodiscard]] std::string describe() const override { return name_; }
  std::string path_of(Node& node) override { return inner_->path_of(node); }

 private:
  std::shared_ptr<MemoryFilesystem> inner_;
  std::string name_;
};

class ProvenanceTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryFilesystem> upper_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> a_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> b_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> c_ = std::make_shared<MemoryFilesystem>();

  FilesystemPtr overlay() {
    return std::make_shared<Overlay>(
        upper_, std::vector<FilesystemPtr>{placed(a_, "A"), placed(b_, "B"), placed(c_, "C")});
  }
  static FilesystemPtr placed(const std::shared_ptr<MemoryFilesystem>& fs, std::string name) {
    return std::make_shared<PlacedLayer>(fs, std::move(name));
  }

  Tree& tree() {
    if (!tree_) tree_.emplace(MountTable(overlay(), {.label = "root"}));
    return *tree_;
  }
  void mount(MountTable& table, std::string_view guest, FilesystemPtr fs, std::string_view subpath = "") {
    ok(table.mount(guest, std::move(fs), subpath, {.label = "who " + std::string(guest)},
                   [] { return std::make_shared<MemoryFilesystem>(); }));
  }
  VNode at(std::string_view path) { return ok(tree().resolve(path, Follow::no)); }
  std::string told(std::string_view path) { return lines(ok(tree().provenance(path)).layers); }
  std::string told(const VNode& node) { return lines(tree().provenance(node).layers); }
  /// The name and errno of what is missing.
  std::string missing(std::string_view path) {
    const Provenance provenance = ok(tree().provenance(path));
    if (!provenance.missing) return "nothing";
    return provenance.missing->at + ": " + message(provenance.missing->error);
  }
  /// The two ways to ask agree on every count.
  void expect_agreement(std::string_view path) {
    const Provenance by_path = ok(tree().provenance(path));
    const Provenance by_node = tree().provenance(at(path));
    EXPECT_EQ(by_path.path, by_node.path);
    EXPECT_EQ(by_path.layers, by_node.layers);
    EXPECT_EQ(by_path.mounts, by_node.mounts);
    ASSERT_NE(by_path.shown(), nullptr);
    EXPECT_EQ(ok(tree().get_xattr(at(path), "user.wasifs.layer")), by_path.shown()->layer);
    EXPECT_EQ(ok(tree().get_xattr(at(path), "user.wasifs.origin")), by_path.shown()->origin.text());
    EXPECT_EQ(ok(tree().get_xattr(at(path), "user.wasifs.shadows")), by_path.shadows());
  }

  std::optional<Tree> tree_;
};

TEST_F(ProvenanceTest, AFileOfOneLayerIsThatLayersAlone) {
  file_in(*b_, "/d/f", "");
  EXPECT_EQ(told("/d/f"), "shown B path \"/d/f\": nothing else has it\n");
  expect_agreement("/d/f");
}

TEST_F(ProvenanceTest, TheFirstLayerShadowsTheFilesBelowIt) {
  for (const auto& fs : {a_, b_, c_}) file_in(*fs, "/f", "");
  EXPECT_EQ(told("/f"),
            "shown A path \"/f\": the first layer that has it\n"
            "shadowed B path \"/f\": \"/f\" of A comes first\n"
            "shadowed C path \"/f\": \"/f\" of A comes first\n");
  EXPECT_EQ(ok(tree().get_xattr(at("/f"), "user.wasifs.shadows")), "B path \"/f\"\nC path \"/f\"\n");
  expect_agreement("/f");
}

TEST_F(ProvenanceTest, DirectoriesMergeAndShadowNothing) {
  dir_in(*upper_, "/d");
  for (const auto& fs : {a_, c_}) dir_in(*fs, "/d");
  EXPECT_EQ(told("/d"),
            "shown memory: the first layer that has it\n"
            "merged A path \"/d\": directories of one name merge\n"
            "merged C path \"/d\": directories of one name merge\n");
  EXPECT_EQ(ok(tree().get_xattr(at("/d"), "user.wasifs.shadows")), "");
  expect_agreement("/d");
}

TEST_F(ProvenanceTest, AFileEndsTheMergeOfDirectories) {
  dir_in(*a_, "/x");
  file_in(*b_, "/x", "");
  dir_in(*c_, "/x");
  EXPECT_EQ(told("/x"),
            "shown A path \"/x\": the first layer that has it\n"
            "shadowed B path \"/x\": \"/x\" of A comes first\n"
            "shadowed C path \"/x\": \"/x\" of B comes first\n");
  expect_agreement("/x");
}

TEST_F(ProvenanceTest, WhatLiesBelowAFileIsMissingAndTheLayersThatHaveItSayWhy) {
  file_in(*a_, "/x", "");
  file_in(*c_, "/x/y/z", "");
  EXPECT_EQ(missing("/x/y/z"), "/x: Not a directory");
  EXPECT_EQ(told("/x/y/z"), "shadowed C path \"/x/y/z\": \"/x\" of A comes first\n");
}

TEST_F(ProvenanceTest, AMissingPathIsHeldByNobody) {
  dir_in(*a_, "/d");
  EXPECT_EQ(missing("/d/e/f"), "/d/e: No such file or directory");
  EXPECT_EQ(told("/d/e/f"), "");
  EXPECT_EQ(ok(tree().provenance("/d/e/f")).path, "/d/e/f");
}

TEST_F(ProvenanceTest, ARemovedFileIsHidden) {
  file_in(*a_, "/d/f", "");
  file_in(*b_, "/d/f", "");
  ok(tree().unlink(at("/d"), "f"));
  EXPECT_EQ(missing("/d/f"), "/d/f: No such file or directory");
  EXPECT_EQ(told("/d/f"),
            "hidden A path \"/d/f\": \"/d/f\" was removed or renamed\n"
            "hidden B path \"/d/f\": \"/d/f\" was removed or renamed\n");
}

TEST_F(ProvenanceTest, WhatLaidBelowARemovedDirectoryIsHiddenByIt) {
  file_in(*a_, "/d/e/f", "");
  ok(tree().unlink(at("/d/e"), "f"));
  ok(tree().rmdir(at("/d"), "e"));
  EXPECT_EQ(missing("/d/e/f"), "/d/e: No such file or directory");
  EXPECT_EQ(told("/d/e/f"), "hidden A path \"/d/e/f\": \"/d/e\" was removed or renamed\n");
}

TEST_F(ProvenanceTest, ARecreatedDirectoryIsOpaque) {
  file_in(*a_, "/d/f", "");
  ok(tree().unlink(at("/d"), "f"));
  ok(tree().rmdir(at("/"), "d"));
  ok(tree().create(at("/"), "d", kDirectory));
  EXPECT_EQ(told("/d"),
            "shown memory: the first layer that has it\n"
            "hidden A path \"/d\": \"/d\" was removed and replaced\n");
  EXPECT_EQ(missing("/d/f"), "/d/f: No such file or directory");
  EXPECT_EQ(told("/d/f"), "hidden A path \"/d/f\": \"/d\" was removed and replaced\n");
  expect_agreement("/d");
}

TEST_F(ProvenanceTest, ACopyNamesItsOriginal) {
  file_in(*a_, "/d/f", "x");
  file_in(*b_, "/d/f", "y");
  ok(tree().set_attr(at("/d/f"), {.mode = 0600}));
  EXPECT_EQ(told("/d/f"),
            "shown memory: copied up when it was first changed\n"
            "shadowed A path \"/d/f\": the original of the copy that is shown\n"
            "shadowed B path \"/d/f\": \"/d/f\" of memory comes first\n");
  expect_agreement("/d/f");
}

TEST_F(ProvenanceTest, ARenamedFileIsToldWithThePlaceOfItsOriginal) {
  file_in(*a_, "/old", "x");
  ok(tree().rename(at("/"), "old", at("/"), "new", RenameMode::replace));
  EXPECT_EQ(told("/new"),
            "shown memory: copied up when it was first changed\n"
            "shadowed A path \"/old\": the original of the copy that is shown\n");
  EXPECT_EQ(told("/old"), "hidden A path \"/old\": \"/old\" was removed or renamed\n");
  expect_agreement("/new");
}

TEST_F(ProvenanceTest, ARenamedDirectoryTakesItsLayersAlong) {
  file_in(*a_, "/old/sub/f", "x");
  file_in(*b_, "/new/sub/f", "y");
  file_in(*b_, "/new/g", "y");
  ok(tree().unlink(at("/new/sub"), "f"));
  ok(tree().rmdir(at("/new"), "sub"));
  ok(tree().unlink(at("/new"), "g"));
  ok(tree().rename(at("/"), "old", at("/"), "new", RenameMode::replace));
  EXPECT_EQ(told("/new/sub/f"),
            "shown A path \"/old/sub/f\": the first layer that has it\n"
            "hidden B path \"/new/sub/f\": \"/new\" was removed and replaced\n");
  EXPECT_EQ(told("/old/sub/f"), "hidden A path \"/old/sub/f\": \"/old\" was removed or renamed\n");
  expect_agreement("/new/sub/f");
}

TEST_F(ProvenanceTest, AFileThatReplacedAnotherHidesIt) {
  file_in(*a_, "/f", "x");
  file_in(*b_, "/g", "x");
  ok(tree().rename(at("/"), "g", at("/"), "f", RenameMode::replace));
  EXPECT_EQ(told("/f"),
            "shown memory: copied up when it was first changed\n"
            "hidden A path \"/f\": \"/f\" was removed and replaced\n"
            "shadowed B path \"/g\": the original of the copy that is shown\n");
}

TEST_F(ProvenanceTest, EveryNameOfAFileLeadsToIt) {
  const NodeRef file = file_in(*a_, "/f", "x");
  ok(dir_in(*a_, "/d")->link("g", *file));
  EXPECT_EQ(told("/f"), "shown A path \"/f\": nothing else has it\n");
  ok(tree().link(at("/"), "h", at("/f")));
  EXPECT_EQ(told("/h"),
            "shown memory: copied up when it was first changed\n"
            "shadowed A path \"/f\": the original of the copy that is shown\n");
  EXPECT_EQ(told("/d/g"), told("/h"));
}

TEST_F(ProvenanceTest, AFileWithoutANameIsToldByItsLayers) {
  file_in(*a_, "/f", "x");
  const VNode held = at("/f");
  ok(tree().unlink(at("/"), "f"));
  const Provenance provenance = tree().provenance(held);
  EXPECT_EQ(provenance.path, "");
  EXPECT_EQ(provenance.type, FileType::regular);
  EXPECT_EQ(lines(provenance.layers), "shown A path \"/f\": nothing else has it\n");
  EXPECT_EQ(ok(tree().get_xattr(held, "user.wasifs.mount")), "\"/\" from root");
}

TEST_F(ProvenanceTest, AMountCoversWhatTheOuterOneHolds) {
  file_in(*a_, "/data/f", "");
  file_in(*b_, "/data/f", "");
  file_in(*a_, "/data/only", "");
  const auto inner = std::make_shared<MemoryFilesystem>();
  file_in(*inner, "/f", "");
  MountTable table(overlay(), {.label = "root"});
  mount(table, "/data", placed(inner, "I"));
  tree_.emplace(std::move(table));
  EXPECT_EQ(told("/data/f"),
            "shown I path \"/f\": it is mounted at \"/data\"\n"
            "shadowed A path \"/data/f\": the mount at \"/data\" covers it\n"
            "shadowed B path \"/data/f\": \"/data/f\" of A comes first\n");
  EXPECT_EQ(told("/data"),
            "shown I path \"/\": it is mounted at \"/data\"\n"
            "shadowed A path \"/data\": the mount at \"/data\" covers it\n"
            "shadowed B path \"/data\": the mount at \"/data\" covers it\n");
  EXPECT_EQ(missing("/data/only"), "/data/only: No such file or directory");
  EXPECT_EQ(told("/data/only"), "shadowed A path \"/data/only\": the mount at \"/data\" covers it\n");
  EXPECT_EQ(ok(tree().get_xattr(at("/data/f"), "user.wasifs.mount")), "\"/data\" from who /data");
  expect_agreement("/data/f");
  expect_agreement("/data");
}

TEST_F(ProvenanceTest, AFileInMemoryKnowsWhatItsMountCovers) {
  file_in(*a_, "/m/d/f", "");
  const auto memory = std::make_shared<MemoryFilesystem>();
  MountTable table(overlay());
  mount(table, "/m", memory);
  tree_.emplace(std::move(table));
  ok(tree().create(ok(tree().create(at("/m"), "d", kDirectory)), "f", {}));
  EXPECT_EQ(ok(tree().get_xattr(at("/m/d/f"), "user.wasifs.shadows")), "A path \"/m/d/f\"\n");
  EXPECT_EQ(ok(tree().get_xattr(at("/m/d/f"), "user.wasifs.origin")), "memory");
  expect_agreement("/m/d/f");
}

TEST_F(ProvenanceTest, AMountMovesWithTheDirectoryAroundIt) {
  file_in(*a_, "/new/d/f", "");
  dir_in(*b_, "/old/d");
  const auto inner = std::make_shared<MemoryFilesystem>();
  file_in(*inner, "/f", "");
  MountTable table(overlay());
  mount(table, "/old/d", placed(inner, "I"));
  tree_.emplace(std::move(table));
  ok(tree().unlink(at("/new/d"), "f"));
  ok(tree().rmdir(at("/new"), "d"));
  ok(tree().rename(at("/"), "old", at("/"), "new", RenameMode::replace));
  EXPECT_EQ(tree().provenance(at("/new/d/f")).path, "/new/d/f");
  EXPECT_EQ(told("/new/d/f"),
            "shown I path \"/f\": it is mounted at \"/new/d\"\n"
            "hidden A path \"/new/d/f\": \"/new\" was removed and replaced\n");
  expect_agreement("/new/d/f");
}

TEST_F(ProvenanceTest, ASingleFileOfALayerIsToldWithItsPlace) {
  file_in(*a_, "/pkg/bin/tool", "");
  MountTable table(overlay());
  mount(table, "/usr/tool", placed(a_, "A"), "/pkg/bin/tool");
  tree_.emplace(std::move(table));
  EXPECT_EQ(told("/usr/tool"), "shown A path \"/pkg/bin/tool\": nothing else has it\n");
  expect_agreement("/usr/tool");
}

TEST_F(ProvenanceTest, DirectoriesMadeForAMountPointSaySo) {
  MountTable table(placed(a_, "A"));
  mount(table, "/x/y/z", placed(b_, "B"));
  tree_.emplace(std::move(table));
  EXPECT_TRUE(ok(tree().provenance("/x")).synthetic);
  EXPECT_TRUE(ok(tree().provenance("/x/y")).synthetic);
  EXPECT_FALSE(ok(tree().provenance("/x/y/z")).synthetic);
  EXPECT_FALSE(ok(tree().provenance("/")).synthetic);
}

TEST_F(ProvenanceTest, AMountMadeForAMountPointSaysSo) {
  MountTable table(std::make_shared<LayerWithTraits>(a_, Traits{.immutable = true}));
  mount(table, "/x/y/z", placed(b_, "B"));
  tree_.emplace(std::move(table));
  EXPECT_TRUE(tree().provenance(at("/x")).synthetic);
  EXPECT_TRUE(tree().provenance(at("/x/y")).synthetic);
  EXPECT_EQ(ok(tree().get_xattr(at("/x/y"), "user.wasifs.mount")), "\"/x\" made for the mount at \"/x/y/z\"");
}

TEST_F(ProvenanceTest, LinksOnTheWayAreFollowedAndToldTheLastIsNot) {
  file_in(*a_, "/real/f", "");
  ok(dir_in(*a_, "/d")->create("link", {.type = FileType::symlink, .mode = 0777, .target = "../real"}));
  ok(dir_in(*a_, "/real")->create("last", {.type = FileType::symlink, .mode = 0777, .target = "f"}));
  const Provenance provenance = ok(tree().provenance("/d/link/last"));
  EXPECT_EQ(provenance.path, "/real/last");
  EXPECT_EQ(provenance.type, FileType::symlink);
  EXPECT_EQ(provenance.links, (std::vector<FollowedLink>{{.path = "/d/link", .text = "../real"}}));
}

TEST_F(ProvenanceTest, ALinkToNothingIsToldWithWhatItLeadsTo) {
  ok(dir_in(*a_, "/d")->create("link", {.type = FileType::symlink, .mode = 0777, .target = "/gone/x"}));
  EXPECT_EQ(missing("/d/link/f"), "/gone: No such file or directory");
  const Provenance provenance = ok(tree().provenance("/d/link/f"));
  EXPECT_EQ(provenance.path, "/gone/x/f");
  EXPECT_EQ(provenance.links, (std::vector<FollowedLink>{{.path = "/d/link", .text = "/gone/x"}}));
}

TEST_F(ProvenanceTest, PathsThatCannotBeResolvedAreErrors) {
  ok(a_->root()->create("loop", {.type = FileType::symlink, .mode = 0777, .target = "loop"}));
  EXPECT_EQ(tree().provenance("/loop/x").error(), Errc::eloop);
  EXPECT_EQ(tree().provenance("").error(), Errc::enoent);
  EXPECT_EQ(tree().provenance(std::string(Tree::kMaxPath, 'x')).error(), Errc::enametoolong);
}

TEST_F(ProvenanceTest, TheAttributesAreNeverListedStoredOrCopied) {
  const NodeRef lower = file_in(*a_, "/f", "");
  ok(lower->set_xattr("user.own", "1", XattrMode::any));
  ok(lower->set_xattr("user.wasifs.layer", "a lie", XattrMode::any));
  using Names = std::vector<std::string>;
  EXPECT_EQ(ok(tree().list_xattrs(at("/f"))), Names{"user.own"});
  EXPECT_EQ(ok(tree().get_xattr(at("/f"), "user.wasifs.layer")), "A");
  EXPECT_EQ(tree().get_xattr(at("/f"), "user.wasifs.other").error(), Errc::enodata);
  EXPECT_EQ(tree().set_xattr(at("/f"), "user.wasifs.layer", "x", XattrMode::any).error(), Errc::enotsup);
  EXPECT_EQ(tree().set_xattr(at("/f"), "user.wasifs.other", "x", XattrMode::any).error(), Errc::enotsup);
  EXPECT_EQ(tree().remove_xattr(at("/f"), "user.wasifs.layer").error(), Errc::enotsup);
  ok(tree().set_attr(at("/f"), {.mode = 0600}));
  EXPECT_EQ(ok(tree().list_xattrs(at("/f"))), Names{"user.own"});
  EXPECT_EQ(ok(tree().get_xattr(at("/f"), "user.wasifs.layer")), "memory");
}

TEST_F(ProvenanceTest, APartOfALayerTellsItsPlaceInTheWhole) {
  const NodeRef file = file_in(*a_, "/pkg/sub/f", "");
  const NodeRef beside = file_in(*a_, "/pkg2/f", "");
  const FilesystemPtr part = ok(Subtree::open(placed(a_, "A"), "pkg"));
  EXPECT_EQ(part->path_of(*file), "/sub/f");
  EXPECT_EQ(part->path_of(*part->root()), "/");
  EXPECT_EQ(part->path_of(*beside), "");
  EXPECT_EQ(part->origin(*file).text(), "A path \"/pkg/sub/f\"");
  EXPECT_EQ(part->trace_path("/sub/f").front().layer, "A path \"pkg\"");
}

TEST_F(ProvenanceTest, ALabelledLayerSpeaksAsItsUserDoes) {
  file_in(*a_, "/sub/f", "");
  const auto fs = std::make_shared<Labelled>(placed(a_, "A"), "mine path \"/sub\"", "mine");
  EXPECT_EQ(fs->describe(), "mine path \"/sub\"");
  EXPECT_EQ(lines(fs->trace_path("/sub/f")), "shown mine path \"/sub/f\": nothing else has it\n");
}

}  // namespace
}  // namespace wasifs::test
