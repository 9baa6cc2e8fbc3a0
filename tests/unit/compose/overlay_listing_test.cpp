// SPDX-License-Identifier: Apache-2.0
// Listings that go on in another open directory: over lowers that never change a cookie
// means the same in each.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "compose/overlay.h"
#include "layers.h"

namespace wasifs::test {
namespace {

FilesystemPtr fixed(FilesystemPtr memory, bool marks = false) {
  return std::make_shared<LayerWithTraits>(
      std::move(memory), Traits{.immutable = true, .overlay_marks = marks, .lasting_cookies = true});
}

struct Line {
  std::string name;
  std::uint64_t ino;
  FileType type;
};

/// Lists `directory` in pieces of `piece` names, each from a Dir of its own, and calls
/// `between` after each.
std::vector<Line> list_in_pieces(
    Node& directory, std::size_t piece,
    const std::function<void(std::size_t)>& between = [](std::size_t) {}) {
  std::vector<Line> lines;
  std::uint64_t cookie = 0;
  for (std::size_t before = lines.size() + 1; before != lines.size();) {
    before = lines.size();
    const DirPtr dir = ok(directory.open_dir());
    ok(dir->read(cookie, [&](const DirEntry& entry) {
      if (lines.size() == before + piece) return false;
      lines.push_back({std::string(entry.name), entry.ino, entry.type});
      cookie = entry.next;
      return true;
    }));
    if (before != lines.size()) between(lines.size());
  }
  return lines;
}

std::string names_of(const std::vector<Line>& lines) {
  std::vector<std::string> all;
  for (const Line& line : lines) all.push_back(line.name);
  std::ranges::sort(all);
  std::string text;
  for (const std::string& name : all) text += (text.empty() ? "" : " ") + name;
  return text;
}

class LastingListing : public testing::Test {
 protected:
  LastingListing() {
    for (const char* name : {"a", "b", "c", "d"}) file_in(*top_, std::string("/d/") + name, "top");
    for (const char* name : {"c", "d", "e", "f", "g"}) file_in(*bottom_, std::string("/d/") + name, "bottom");
    dir_in(*top_, "/d/sub");
    dir_in(*bottom_, "/d/sub");
  }
  void compose(bool marks = false) {
    overlay_ =
        std::make_shared<Overlay>(upper_, std::vector<FilesystemPtr>{fixed(top_, marks), fixed(bottom_)});
    ASSERT_TRUE(overlay_->traits().lasting_cookies);
    directory_ = ok(find(*overlay_, "/d"));
  }
  /// Numbers and types are those that a look at the node tells.
  void expect_true(const std::vector<Line>& lines) {
    for (const Line& line : lines) {
      const NodeRef node = ok(directory_->lookup(line.name));
      EXPECT_EQ(ok(node->attr()).ino, line.ino) << line.name;
      EXPECT_EQ(node->type(), line.type) << line.name;
    }
  }

  std::shared_ptr<MemoryFilesystem> upper_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> top_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<MemoryFilesystem> bottom_ = std::make_shared<MemoryFilesystem>();
  std::shared_ptr<Overlay> overlay_;
  NodeRef directory_;
};

TEST_F(LastingListing, IsWholeInPiecesOfAnySize) {
  compose();
  ok(directory_->create("new", {}));
  ok(directory_->unlink("e"));
  ok(ok(find(*overlay_, "/d/b"))->set_attr({.mode = 0600}));
  for (std::size_t piece = 1; piece < 11; ++piece) {
    const auto lines = list_in_pieces(*directory_, piece);
    EXPECT_EQ(names_of(lines), "a b c d f g new sub");
    expect_true(lines);
  }
}

TEST_F(LastingListing, NeitherLosesNorRepeatsANameWhileOthersGo) {
  compose();
  for (const char* name : {"u1", "u2", "u3", "u4"}) ok(directory_->create(name, {}));
  // As `rm -r` does it: what was listed is removed, in pieces.
  std::size_t removed = 0;
  std::vector<Line> lines;
  std::uint64_t cookie = 0;
  for (;;) {
    const std::size_t before = lines.size();
    ok(ok(directory_->open_dir())->read(cookie, [&](const DirEntry& entry) {
      if (lines.size() == before + 2) return false;
      lines.push_back({std::string(entry.name), entry.ino, entry.type});
      cookie = entry.next;
      return true;
    }));
    if (lines.size() == before) break;
    for (; removed < lines.size(); ++removed) {
      const Line& line = lines[removed];
      ok(line.type == FileType::directory ? directory_->rmdir(line.name) : directory_->unlink(line.name));
    }
  }
  EXPECT_EQ(names_of(lines), "a b c d e f g sub u1 u2 u3 u4");
  EXPECT_EQ(names(*directory_), "");
}

TEST_F(LastingListing, WhatIsCopiedUpStaysWhereItWas) {
  compose();
  const auto before = list_in_pieces(*directory_, 3);
  const auto lines = list_in_pieces(*directory_, 1, [&](std::size_t count) {
    ok(ok(directory_->lookup(before[count - 1].name))->set_attr({.mode = 0700}));
  });
  EXPECT_EQ(names_of(lines), names_of(before));
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].name, before[i].name);
  expect_true(lines);
}

TEST_F(LastingListing, ANameOfTheUpperThatWasThereFromTheStartIsListedOnceAsWhatItIs) {
  dir_in(*upper_, "/d/a");
  file_in(*upper_, "/d/sub", "no directory");
  compose();
  const auto lines = list_in_pieces(*directory_, 4);
  EXPECT_EQ(names_of(lines), "a b c d e f g sub");
  expect_true(lines);
}

TEST_F(LastingListing, WhiteoutsOfALayerHideWhatLiesBelowAndAreNotListed) {
  ok(dir_in(*top_, "/d")->create("e", {.type = FileType::char_device, .mode = 0}));
  ok(dir_in(*top_, "/d")->create("zero", {.type = FileType::char_device, .mode = 0666, .rdev = 0x105}));
  compose(true);
  for (std::size_t piece = 1; piece < 4; ++piece) {
    const auto lines = list_in_pieces(*directory_, piece);
    EXPECT_EQ(names_of(lines), "a b c d f g sub zero");
    expect_true(lines);
  }
  EXPECT_EQ(directory_->lookup("e").error(), Errc::enoent);
  ok(directory_->create("e", {}));
  EXPECT_EQ(names_of(list_in_pieces(*directory_, 2)), "a b c d e f g sub zero");
}

TEST_F(LastingListing, MarksSayWhatMergesInDirectoriesOfIndexedOnes) {
  const NodeRef opaque = dir_in(*top_, "/d/sub");
  ok(opaque->set_xattr("trusted.overlay.opaque", "y", XattrMode::any));
  file_in(*bottom_, "/d/sub/hidden", "below");
  file_in(*bottom_, "/d/other/moved", "below");
  ok(dir_in(*top_, "/d/elsewhere")->set_xattr("trusted.overlay.redirect", "other", XattrMode::any));
  compose(true);
  EXPECT_EQ(names(*ok(directory_->lookup("sub"))), "");
  EXPECT_EQ(names(*ok(directory_->lookup("elsewhere"))), "moved");
}

TEST_F(LastingListing, OverWhatMayChangeThereIsNone) {
  const auto lasting = [](FilesystemPtr upper, FilesystemPtr lower) {
    return Overlay(std::move(upper), {std::move(lower)}).traits().lasting_cookies;
  };
  EXPECT_TRUE(lasting(upper_, fixed(top_)));
  EXPECT_TRUE(lasting(nullptr, fixed(top_)));
  EXPECT_FALSE(lasting(upper_, top_)) << "a lower that is not promised to stay as it is";
  const auto plain = std::make_shared<LayerWithTraits>(bottom_, Traits{});
  EXPECT_FALSE(lasting(plain, fixed(top_))) << "an upper whose own cookies do not last";
}

/// A random directory, listed in random pieces while other names come and go.
TEST_F(LastingListing, NamesThatStayAreDeliveredOnceWhateverHappensToOthers) {
  compose();
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::map<std::string, int> stay;
    const DirPtr now = ok(directory_->open_dir());
    ok(now->read(0, [&](const DirEntry& entry) {
      if (entry.name.starts_with("x")) return true;
      stay.emplace(entry.name, 0);
      return true;
    }));
    const auto lines = list_in_pieces(*directory_, 1 + random() % 4, [&](std::size_t) {
      const std::string name = "x" + std::to_string(random() % 6);
      if (!directory_->create(name, {})) ok(directory_->unlink(name));
      const auto touched = std::next(stay.begin(), static_cast<std::ptrdiff_t>(random() % stay.size()));
      ok(ok(directory_->lookup(touched->first))->set_attr({.mode = 0600}));
    });
    for (const Line& line : lines) {
      if (stay.contains(line.name)) ++stay[line.name];
    }
    for (const auto& [name, count] : stay) EXPECT_EQ(count, 1) << name << " in round " << round;
    // Another one for the next rounds.
    if (round % 10 == 0) ok(directory_->create("n" + std::to_string(round), {}));
  }
}

}  // namespace
}  // namespace wasifs::test
