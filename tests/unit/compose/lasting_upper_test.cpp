// SPDX-License-Identifier: Apache-2.0
#include "compose/lasting_upper.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fs/host/host_fs.h"
#include "layers.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

constexpr NewNode kFile = {.type = FileType::regular, .mode = 0644};

/// An upper and its work directory in one memory layer.
class LastingUpperTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  /// As the next start does.
  void open() { names_ = ok(LastingUpper::open(work_, marks_)); }

  Node& upper() { return *upper_; }
  LastingUpper& steps() { return *names_; }
  /// What is being prepared, and must not stay.
  std::string scratch() { return names(*ok(find(disk_, "/work/work"))); }
  std::string in_upper(std::string_view path = "") {
    return names(*ok(find(disk_, "/upper/" + std::string(path))));
  }
  bool whiteout(std::string_view name) { return ok(OverlayMarks::is_whiteout(*ok(upper().lookup(name)))); }
  void put_whiteout(Node& dir, std::string_view name) {
    ok(dir.create(name, {.type = FileType::char_device, .mode = 0}));
  }
  bool opaque(std::string_view name) { return ok(marks_.of(*ok(upper().lookup(name)))).opaque; }

  OverlayMarks marks_{MarkSpace::trusted};
  MemoryFilesystem disk_;
  NodeRef upper_ = dir_in(disk_, "/upper");
  NodeRef work_ = dir_in(disk_, "/work");
  std::unique_ptr<LastingUpper> names_;
};

TEST_F(LastingUpperTest, MakesItsDirectoriesAndKeepsThem) {
  EXPECT_EQ(names(*work_), "wasifs-links work");
  const NodeRef file = ok(upper().create("f", kFile));
  ok(steps().enter_linked("key", *file));
  open();
  EXPECT_EQ(names(*work_), "wasifs-links work");
  EXPECT_EQ(ok(steps().find_linked("key")), file) << "hard links outlive the process";
}

TEST_F(LastingUpperTest, EmptiesWhatAnEarlierRunWasPreparing) {
  file_in(disk_, "/work/work/w1", "half");
  file_in(disk_, "/work/work/w2/deep/er/f", "half");
  dir_in(disk_, "/work/work/w2/empty");
  put_whiteout(*ok(find(disk_, "/work/work")), "w3");
  // What others keep in the work directory is not ours to remove.
  file_in(disk_, "/work/index/f", "kernel");
  open();
  EXPECT_EQ(scratch(), "");
  EXPECT_EQ(names(*work_), "index wasifs-links work");
}

TEST_F(LastingUpperTest, LeftoversMayBeDeeperThanTheStack) {
  constexpr int kDepth = 100'000;
  NodeRef at = ok(find(disk_, "/work/work"));
  for (int depth = 0; depth < kDepth; ++depth) at = ok(at->create("d", kDirectory));
  at = nullptr;
  open();
  EXPECT_EQ(scratch(), "");
}

TEST_F(LastingUpperTest, AWorkDirectoryThatHoldsAFileOfThatNameIsRefused) {
  for (const char* const name : {"work", "wasifs-links"}) {
    MemoryFilesystem disk;
    file_in(disk, "/" + std::string(name), "x");
    const auto opened = LastingUpper::open(disk.root(), marks_);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error(), Errc::enotdir);
  }
}

TEST_F(LastingUpperTest, CreatesAtAFreeNameWithoutMarks) {
  ok(steps().create(upper(), "f", kFile));
  ok(steps().create(upper(), "d", kDirectory));
  EXPECT_EQ(in_upper(), "d f");
  EXPECT_FALSE(opaque("d")) << "nothing below has that name";
  EXPECT_EQ(scratch(), "");
}

TEST_F(LastingUpperTest, CreatesInThePlaceOfAWhiteout) {
  for (const char* const name : {"f", "d", "l"}) put_whiteout(upper(), name);
  ok(steps().create(upper(), "f", kFile));
  ok(steps().create(upper(), "d", kDirectory));
  ok(steps().create(upper(), "l", {.type = FileType::symlink, .target = "t"}));
  EXPECT_EQ(ok(upper().lookup("f"))->type(), FileType::regular);
  EXPECT_EQ(ok(upper().lookup("l"))->type(), FileType::symlink);
  EXPECT_TRUE(opaque("d")) << "what the whiteout hid must stay hidden";
  EXPECT_EQ(scratch(), "");
}

TEST_F(LastingUpperTest, LinksAtAFreeNameAndInThePlaceOfAWhiteout) {
  const NodeRef file = ok(upper().create("f", kFile));
  put_whiteout(upper(), "w");
  ok(steps().link(upper(), "free", *file));
  ok(steps().link(upper(), "w", *file));
  EXPECT_EQ(ok(upper().lookup("w")), file);
  EXPECT_EQ(ok(file->attr()).nlink, 3U);
  EXPECT_EQ(scratch(), "");
}

TEST_F(LastingUpperTest, RemovesWithAndWithoutAWhiteout) {
  for (const char* const name : {"a", "b"}) ok(upper().create(name, kFile));
  for (const char* const name : {"c", "d"}) ok(upper().create(name, kDirectory));
  put_whiteout(*ok(upper().lookup("c")), "gone");
  put_whiteout(*ok(upper().lookup("d")), "gone");
  ok(steps().remove(upper(), "a", false));
  ok(steps().remove(upper(), "b", true));
  ok(steps().remove(upper(), "c", false));
  ok(steps().remove(upper(), "d", true));
  ok(steps().remove(upper(), "lower", true));
  EXPECT_EQ(in_upper(), "b d lower");
  for (const char* const name : {"b", "d", "lower"}) EXPECT_TRUE(whiteout(name)) << name;
  EXPECT_EQ(steps().remove(upper(), "nothing", false).error(), Errc::enoent);
  EXPECT_EQ(scratch(), "");
}

TEST_F(LastingUpperTest, RenamesOverNothingAFileAndAWhiteout) {
  for (const char* const name : {"a", "b", "c", "old"}) ok(upper().create(name, kFile));
  put_whiteout(upper(), "w");
  ok(steps().rename({upper(), "a", upper(), "new"}, false));
  ok(steps().rename({upper(), "b", upper(), "old"}, true));
  ok(steps().rename({upper(), "c", upper(), "w"}, true));
  EXPECT_EQ(in_upper(), "b c new old w");
  EXPECT_TRUE(whiteout("b"));
  EXPECT_TRUE(whiteout("c"));
  EXPECT_FALSE(whiteout("w"));
  EXPECT_EQ(scratch(), "");
}

TEST_F(LastingUpperTest, RenamesADirectoryToTheNameOfAWhiteout) {
  ok(upper().create("d", kDirectory));
  ok(upper().create("e", kDirectory));
  put_whiteout(upper(), "v");
  put_whiteout(upper(), "w");
  ok(steps().rename({upper(), "d", upper(), "v"}, false));
  ok(steps().rename({upper(), "e", upper(), "w"}, true));
  EXPECT_EQ(in_upper(), "e v w");
  EXPECT_TRUE(whiteout("e"));
  EXPECT_TRUE(ok(upper().lookup("v"))->is_directory());
  EXPECT_TRUE(ok(upper().lookup("w"))->is_directory());
}

TEST_F(LastingUpperTest, RenamesADirectoryOverOneThatHoldsOnlyWhiteouts) {
  ok(upper().create("from", kDirectory));
  const NodeRef to = ok(upper().create("to", kDirectory));
  put_whiteout(*to, "gone");
  file_in(disk_, "/upper/from/f", "x");
  ok(steps().rename({upper(), "from", upper(), "to"}, true));
  EXPECT_EQ(in_upper("to"), "f");
  EXPECT_TRUE(whiteout("from"));
  EXPECT_EQ(scratch(), "");
}

TEST_F(LastingUpperTest, WhatIsPreparedGoesUnlessItIsPlaced) {
  {
    auto file = ok(steps().prepare(kFile));
    auto directory = ok(steps().prepare(kDirectory));
    file_in(disk_, "/work/work/" + scratch().substr(3, 2) + "/inner/f", "x");
    EXPECT_EQ(scratch(), "w1 w2");
    auto moved = std::move(file);
    EXPECT_EQ(scratch(), "w1 w2") << "a name goes once";
  }
  EXPECT_EQ(scratch(), "");
  {
    auto placed = ok(steps().prepare(kFile));
    ok(placed.place(upper(), "f"));
    EXPECT_EQ(scratch(), "");
  }
  EXPECT_EQ(in_upper(), "f");
}

TEST_F(LastingUpperTest, PlacingReplacesNothing) {
  ok(upper().create("f", kFile));
  {
    auto prepared = ok(steps().prepare(kDirectory));
    EXPECT_EQ(prepared.place(upper(), "f").error(), Errc::eexist);
    EXPECT_NE(scratch(), "");
  }
  EXPECT_EQ(scratch(), "");
  EXPECT_EQ(ok(upper().lookup("f"))->type(), FileType::regular);
}

TEST_F(LastingUpperTest, PreparedNamesPassOverThoseThatAreTaken) {
  const NodeRef taken = file_in(disk_, "/work/work/w1", "x");
  const auto prepared = ok(steps().prepare(kFile));
  EXPECT_EQ(scratch(), "w1 w2");
  EXPECT_EQ(content(*taken), "x");
}

TEST_F(LastingUpperTest, AnEntryOfAHardLinkReplacesAnOldOne) {
  const NodeRef old = ok(upper().create("old", kFile));
  const NodeRef fresh = ok(upper().create("fresh", kFile));
  ok(steps().enter_linked("key", *old));
  ok(steps().enter_linked("key", *fresh));
  EXPECT_EQ(ok(steps().find_linked("key")), fresh);
  ok(steps().drop_linked("key"));
  EXPECT_EQ(steps().find_linked("key").error(), Errc::enoent);
}

TEST(LastingUpperOnTheHost, EmptiesDeepLeftoversOfAKilledRun) {
  constexpr int kDepth = 500;
  TempDir dir;
  for (const char* const name : {"upper", "work/work"}) dir.make_dirs(name);
  const auto open = [&] {
    auto opened = HostFilesystem::open(dir / "upper", {.work = dir / "work"});
    if (!opened) throw std::runtime_error(opened.error().text());
    return *std::move(opened);
  };
  {
    const auto host = open();
    NodeRef at = ok(host->work()->lookup("work"));
    // Deeper than any path can be.
    for (int depth = 0; depth < kDepth; ++depth) at = ok(at->create("directory", kDirectory));
    ok(at->create("f", kFile));
  }
  const auto host = open();
  ok(LastingUpper::open(host->work(), OverlayMarks(MarkSpace::user)));
  EXPECT_EQ(names(*ok(host->work()->lookup("work"))), "");
}

}  // namespace
}  // namespace wasifs::test
