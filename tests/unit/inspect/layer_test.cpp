// SPDX-License-Identifier: Apache-2.0
// What of a changed tree becomes a layer, and in which order.
#include "inspect/layer.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/change_text.h"
#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
#include "inspect/merged_package.h"

namespace wasifs::test {
namespace {

/// A line for each entry: its path with '/' behind a directory, what a file holds, and
/// where links lead.
class Lines final : public CopySink {
 public:
  Outcome<void> put(const CopiedEntry& entry) override {
    std::string line(entry.path.empty() ? "." : entry.path);
    if (entry.attr.type == FileType::directory) line += "/";
    if (entry.hard_link) {
      line += " is " + std::string(entry.link);
    } else if (entry.attr.type == FileType::symlink) {
      line += " -> " + std::string(entry.link);
    } else if (entry.content != nullptr) {
      std::string text(entry.attr.size, '\0');
      EXPECT_TRUE(entry.content->read_at(0, std::as_writable_bytes(std::span(text))));
      line += " = " + text;
    }
    for (const auto& [name, value] : entry.xattrs) line += " [" + name + "]";
    lines_.push_back(line);
    return {};
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

using Expected = std::vector<std::string>;

/// A memory upper over a memory lower, which is filled before the Tree is there.
class Layer : public testing::Test {
 protected:
  Layer() {
    Tree below{MountTable(lower_)};
    for (const char* dir : {"/d", "/d/deep", "/e"}) EXPECT_TRUE(below.make_dir(dir));
    for (const char* file : {"/a", "/d/b", "/d/deep/c", "/e/f"}) EXPECT_TRUE(below.write_file(file, "old"));
    EXPECT_TRUE(below.link("/a", "/e/also-a"));
    tree_ = std::make_unique<Tree>(
        MountTable(std::make_shared<Overlay>(std::make_shared<MemoryFilesystem>(), std::vector{lower_})));
  }
  Outcome<LayerCounts> walk(CopySink& sink) {
    TreeChanges changes(*tree_);
    return copy_layer(*tree_, changes, sink, losses_);
  }
  Expected layer() {
    Lines sink;
    const Outcome<LayerCounts> counts = walk(sink);
    EXPECT_TRUE(counts) << counts.error().text();
    if (counts) counts_ = *counts;
    return sink.lines();
  }

  FilesystemPtr lower_ = std::make_shared<MemoryFilesystem>();
  std::unique_ptr<Tree> tree_;
  std::vector<CopyLoss> losses_;
  LayerCounts counts_;
};

TEST_F(Layer, WithoutAChangeHasNothing) { EXPECT_EQ(layer(), Expected{}); }

TEST_F(Layer, HasWhatWasAddedWithTheDirectoriesAboveIt) {
  ASSERT_TRUE(tree_->write_file("/d/deep/new", "n"));
  ASSERT_TRUE(tree_->make_dirs("/x/y"));
  ASSERT_TRUE(tree_->symlink("../a", "/x/link"));
  EXPECT_EQ(layer(), (Expected{"./", "d/", "d/deep/", "d/deep/new = n", "x/", "x/link -> ../a", "x/y/"}));
  EXPECT_EQ(counts_.entries, 7U);
  EXPECT_EQ(counts_.whiteouts + counts_.opaque, 0U);
}

TEST_F(Layer, HasAChangedFileAsAWhole) {
  ASSERT_TRUE(tree_->write_file("/d/b", "new"));
  EXPECT_EQ(layer(), (Expected{"./", "d/", "d/b = new"}));
}

TEST_F(Layer, HasAFileOfWhichOnlyTheModeWasChanged) {
  ASSERT_TRUE(tree_->set_attr("/d/b", {.mode = 0600}));
  EXPECT_EQ(layer(), (Expected{"./", "d/", "d/b = old"}));
}

TEST_F(Layer, HasADirectoryOfWhichOnlyTheModeWasChanged) {
  ASSERT_TRUE(tree_->set_attr("/d/deep", {.mode = 0700}));
  EXPECT_EQ(layer(), (Expected{"./", "d/", "d/deep/"}));
}

TEST_F(Layer, SaysWhatWasRemovedBeforeWhatIsNew) {
  ASSERT_TRUE(tree_->unlink("/d/b"));
  ASSERT_TRUE(tree_->write_file("/d/.hidden", "h"));
  EXPECT_EQ(layer(), (Expected{"./", "d/", "d/.wh.b", "d/.hidden = h"}));
  EXPECT_EQ(counts_.whiteouts, 1U);
}

TEST_F(Layer, SaysNothingOfWhatCameAndWent) {
  ASSERT_TRUE(tree_->write_file("/d/short", "s"));
  ASSERT_TRUE(tree_->unlink("/d/short"));
  EXPECT_EQ(layer(), (Expected{"./", "d/"}));
}

TEST_F(Layer, HidesWhatAReplacedDirectoryHad) {
  ASSERT_TRUE(tree_->unlink("/d/b"));
  ASSERT_TRUE(tree_->unlink("/d/deep/c"));
  ASSERT_TRUE(tree_->remove_dir("/d/deep"));
  ASSERT_TRUE(tree_->remove_dir("/d"));
  ASSERT_TRUE(tree_->make_dir("/d"));
  ASSERT_TRUE(tree_->write_file("/d/n", "n"));
  EXPECT_EQ(layer(), (Expected{"./", "d/", "d/.wh..wh..opq", "d/n = n"}));
  EXPECT_EQ(counts_.opaque, 1U);
}

TEST_F(Layer, HasAMovedDirectoryWithAllThatIsInIt) {
  ASSERT_TRUE(tree_->rename("/d", "/moved"));
  ASSERT_TRUE(tree_->unlink("/moved/b"));
  EXPECT_EQ(layer(), (Expected{"./", ".wh.d", "moved/", "moved/deep/", "moved/deep/c = old"}));
}

TEST_F(Layer, HasADirectoryThatWasMovedOverAnotherInItsPlace) {
  ASSERT_TRUE(tree_->rename("/d/deep", "/deep"));
  ASSERT_TRUE(tree_->unlink("/e/f"));
  ASSERT_TRUE(tree_->unlink("/e/also-a"));
  ASSERT_TRUE(tree_->rename("/deep", "/e"));
  EXPECT_EQ(layer(), (Expected{"./", "d/", "d/.wh.deep", "e/", "e/.wh..wh..opq", "e/c = old"}));
}

TEST_F(Layer, HasAFileInThePlaceOfADirectory) {
  ASSERT_TRUE(tree_->unlink("/e/f"));
  ASSERT_TRUE(tree_->unlink("/e/also-a"));
  ASSERT_TRUE(tree_->remove_dir("/e"));
  ASSERT_TRUE(tree_->write_file("/e", "file"));
  EXPECT_EQ(layer(), (Expected{"./", "e = file"}));
}

TEST_F(Layer, KeepsAllNamesOfAFileThatWasChangedByOneOfThem) {
  ASSERT_TRUE(tree_->write_file("/e/also-a", "new"));
  EXPECT_EQ(layer(), (Expected{"./", "a = new", "e/", "e/also-a is a"}));
}

TEST_F(Layer, KeepsTheNamesOfANewFile) {
  ASSERT_TRUE(tree_->write_file("/d/n", "n"));
  ASSERT_TRUE(tree_->link("/d/n", "/c"));
  EXPECT_EQ(layer(), (Expected{"./", "c = n", "d/", "d/n is c"}));
}

TEST_F(Layer, LeavesTheMarksOfOverlaysOut) {
  ASSERT_TRUE(tree_->write_file("/n", ""));
  const VNode node = *tree_->resolve("/n");
  for (const char* name : {"trusted.overlay.opaque", "user.overlay.origin", "user.kept"})
    ASSERT_TRUE(tree_->set_xattr(node, name, "y", XattrMode::any));
  EXPECT_EQ(layer(), (Expected{"./", "n =  [user.kept]"}));
}

TEST_F(Layer, CannotHoldNamesThatWouldDeleteOthers) {
  ASSERT_TRUE(tree_->write_file("/d/.wh.b", "x"));
  ASSERT_TRUE(tree_->make_dir("/.wh.x"));
  Lines sink;
  const Outcome<LayerCounts> counts = walk(sink);
  ASSERT_FALSE(counts);
  EXPECT_EQ(counts.error().trouble, Trouble::source);
  EXPECT_EQ(counts.error().text(),
            "error: 2 names begin with \".wh.\", which in a layer deletes another one\n"
            "  cause: \"/.wh.x\"\n"
            "  cause: \"/d/.wh.b\"\n"
            "hint: rename what is named so, or write a package (FILE.webc)");
}

TEST_F(Layer, CannotHoldADeviceThatIsAWhiteout) {
  const VNode root = tree_->root();
  ASSERT_TRUE(tree_->create(root, "n", {.type = FileType::char_device, .mode = 0600, .rdev = 0}));
  EXPECT_EQ(layer(), Expected{"./"});
  ASSERT_EQ(losses_.size(), 1U);
  EXPECT_EQ(losses_[0].what, "device 0:0");
  EXPECT_EQ(losses_[0].example, "n");
}

TEST(LayerOfMounts, HasThePathsOfTheWholeTree) {
  const auto memory = [] { return std::make_shared<MemoryFilesystem>(); };
  const auto root = memory();
  ASSERT_TRUE(root->root()->create("data", {.type = FileType::directory, .mode = 0755}));
  const auto low = memory();
  ASSERT_TRUE(low->root()->create("gone", {}));
  const auto none = [] { return FilesystemPtr(); };
  MountTable table(std::make_shared<Overlay>(memory(), std::vector<FilesystemPtr>{root}));
  ASSERT_TRUE(table.mount("/data", std::make_shared<Overlay>(memory(), std::vector<FilesystemPtr>{low}), "",
                          {}, none));
  const Tree tree(std::move(table));
  ASSERT_TRUE(tree.unlink("/data/gone"));
  ASSERT_TRUE(tree.write_file("/data/new", "n"));
  Lines sink;
  std::vector<CopyLoss> losses;
  TreeChanges changes(tree);
  ASSERT_TRUE(copy_layer(tree, changes, sink, losses));
  EXPECT_EQ(sink.lines(), (Expected{"./", "data/", "data/.wh.gone", "data/new = n"}));
}

TEST(MemoryChanges, CountFromTheThawOn) {
  MemoryFilesystem fs({.frozen_time = Time{.sec = 1}});
  const NodeRef root = fs.root();
  const NewNode dir{.type = FileType::directory, .mode = 0755};
  for (const char* name : {"keep", "old", "gone"}) ASSERT_TRUE(root->create(name, dir));
  const NodeRef file = *root->create("file", {});
  fs.thaw();
  EXPECT_EQ(fs.changes(*root), Result<UpperChanges>(UpperChanges{}));
  ASSERT_TRUE(root->rmdir("gone"));
  ASSERT_TRUE(root->rename("old", *root, "renamed", RenameMode::replace));
  ASSERT_TRUE(root->create("old", dir));
  ASSERT_TRUE(root->create("new", dir));
  ASSERT_TRUE(file->set_attr({.mode = 0600}));
  using Kind = UpperChange::Kind;
  EXPECT_EQ(fs.changes(*root), Result<UpperChanges>(UpperChanges{{"", Kind::changed},
                                                                 {"file", Kind::changed},
                                                                 {"gone", Kind::removed},
                                                                 {"new", Kind::whole},
                                                                 {"old", Kind::replaced},
                                                                 {"renamed", Kind::whole}}));
}

TEST(MergedPackage, IsNotMadeOfWhatCannotBeUnderstood) {
  const Tree tree{MountTable(std::make_shared<MemoryFilesystem>())};
  TreeChanges changes(tree);
  std::vector<CopyLoss> losses;
  const std::string deep =
      R"({"programs":{},"manifest":{"x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}}";
  for (const std::string& described : std::vector<std::string>{
           deep, "", "[]", "{", R"({"manifest":{}})", R"({"manifest":[],"programs":{}})",
           R"({"manifest":{"commands":[]},"programs":{}})", R"({"manifest":{},"programs":{"a":"c"}})",
           R"({"manifest":{"atoms":{"a":1}},"programs":{"a":"c"}})"}) {
    const auto written =
        write_merged_package(tree, changes, {.described = described}, "/nowhere/x.webc", losses);
    ASSERT_FALSE(written) << described;
    EXPECT_EQ(written.error().text(),
              "error: what the composition says of its packages cannot be understood\n"
              "hint: use the wasifs that serves it")
        << described;
  }
}

TEST(ChangeText, IsReadBack) {
  using Kind = UpperChange::Kind;
  const UpperChanges changes{
      {"", Kind::changed}, {"a\n", Kind::removed}, {"b", Kind::whole}, {"c", Kind::replaced}};
  EXPECT_EQ(parse_changes(change_text(changes)), changes);
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"x"sv, "ca"sv, "xa\0"sv, "cb\0ca\0"sv, "ca\0da\0"sv, "\0"sv, "d..\0"sv, "da/b\0"sv})
    EXPECT_EQ(parse_changes(text), std::nullopt);
}

TEST(ChangePages, ThatNeverEndAreGivenUp) {
  const std::string page(kAttributePage, 'c');
  EXPECT_EQ(read_paged_attribute("user.x", [&](const std::string&) { return Result<std::string>(page); }),
            Result<std::string>(fail(Errc::efbig)));
}

TEST(ChangePages, AreOfOneMomentAndEndWithAShortOne) {
  const auto fs = std::make_shared<MemoryFilesystem>();
  const Tree tree{MountTable(fs)};
  constexpr int kNames = 1000;
  for (int i = 0; i < kNames; ++i)
    ASSERT_TRUE(tree.write_file("/" + std::string(200, 'n') + std::to_string(i), ""));
  const auto page = [&](const std::string& name) {
    return tree.get_xattr(tree.root(), "user.wasifs.changes" + name);
  };
  std::string text;
  for (const char* name : {"", ".1", ".2", ".3"}) {
    const Result<std::string> part = page(name);
    ASSERT_TRUE(part) << name;
    EXPECT_LE(part->size(), 65536U);
    text += *part;
    ASSERT_TRUE(tree.write_file("/another" + std::string(name), ""));
  }
  const auto changes = parse_changes(text);
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->size(), kNames + 1U) << "with the root itself, and without what came later";
  for (const char* name : {".4", ".99999999999999999999", ".01", ".0", ".", "x"}) {
    EXPECT_EQ(page(name), Result<std::string>(fail(Errc::enodata))) << name;
  }
}

}  // namespace
}  // namespace wasifs::test
