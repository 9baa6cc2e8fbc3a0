// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "conformance.h"

namespace wasifs::test {

class ReadDir : public Conformance {
 protected:
  static std::string name_of(int i) { return "entry-" + std::to_string(10'000 + i); }

  /// A fixture of `count` files in `dir`.
  static Fixture files(std::string_view dir, int count) {
    Fixture fixture;
    for (int i = 0; i < count; ++i) fixture.file(join(dir, name_of(i)));
    return fixture;
  }
  /// Counts the names that a listing still delivers.
  static void count_rest(Listing& listing, std::map<std::string, int>& seen, std::size_t step = 50) {
    for (;;) {
      const std::vector<Listed> some = ok(listing.next(step));
      if (some.empty()) return;
      for (const Listed& entry : some) ++seen[entry.name];
    }
  }
};
WASIFS_ON_EVERY_BACKEND(ReadDir);

TEST_P(ReadDir, EveryNameComesOnceWithItsType) {
  Vfs& fs = given(Fixture().file("/d/f").dir("/d/sub").symlink("/d/s", "x"));
  const std::vector<Listed> entries = ok(fs.list("/d"));
  ASSERT_EQ(names(entries), "f s sub");
  EXPECT_EQ(entries[0].type, FileType::regular);
  EXPECT_EQ(entries[1].type, FileType::symlink);
  EXPECT_EQ(entries[2].type, FileType::directory);
}

TEST_P(ReadDir, InodeNumbersAreThoseOfStat) {
  Vfs& fs = given(Fixture().file("/d/f", "x").dir("/d/sub").symlink("/d/s", "x").file("/d/changed", "x"));
  ok(fs.append("/d/changed", "y"));
  ok(fs.put("/d/new", "z"));
  for (const Listed& entry : ok(fs.list("/d"))) {
    EXPECT_EQ(entry.ino, ok(fs.lstat("/d/" + entry.name)).ino) << entry.name;
  }
}

TEST_P(ReadDir, OldAndNewNamesAreListedTogether) {
  Vfs& fs = given(Fixture().file("/d/b").file("/d/d"));
  ok(fs.put("/d/a", ""));
  ok(fs.put("/d/c", ""));
  EXPECT_EQ(names(ok(fs.list("/d"))), "a b c d");
}

TEST_P(ReadDir, AChangedFileIsListedOnce) {
  Vfs& fs = given(Fixture().file("/d/f", "x").file("/d/g/h", "x"));
  ok(fs.put("/d/f", "y"));
  ok(fs.put("/d/g/h", "y"));
  EXPECT_EQ(names(ok(fs.list("/d"))), "f g");
  EXPECT_EQ(names(ok(fs.list("/d/g"))), "h");
}

TEST_P(ReadDir, RemovedNamesAreNotListed) {
  Vfs& fs = given(files("/d", 20));
  for (int i = 0; i < 20; i += 2) ok(fs.unlink("/d/" + name_of(i)));
  const std::vector<Listed> left = ok(fs.list("/d"));
  EXPECT_EQ(left.size(), 10U);
  for (const Listed& entry : left) EXPECT_EQ(entry.name.back() % 2, 1) << entry.name;
}

TEST_P(ReadDir, SixteenThousandNamesAreListedOnce) {
  Vfs& fs = given(files("/d", 100));
  for (int i = 100; i < 16'000; ++i) ok(fs.make("/d/" + name_of(i), {}));
  const std::vector<Listed> entries = ok(fs.list("/d"));
  ASSERT_EQ(entries.size(), 16'000U);
  for (int i = 0; i < 16'000; ++i) EXPECT_EQ(entries[static_cast<std::size_t>(i)].name, name_of(i));
}

TEST_P(ReadDir, PiecesOfAnySizeMakeTheWhole) {
  Vfs& fs = given(files("/d", 300));
  for (const std::size_t step : {1U, 7U, 64U, 65U, 299U, 1000U}) {
    std::map<std::string, int> seen;
    count_rest(*ok(fs.open_dir("/d")), seen, step);
    EXPECT_EQ(seen.size(), 300U) << step;
    EXPECT_TRUE(std::ranges::all_of(seen, [](const auto& entry) { return entry.second == 1; })) << step;
  }
}

TEST_P(ReadDir, WhatStaysIsListedOnceWhileOthersAreRemoved) {
  Vfs& fs = given(files("/d", 1000));
  const ListingPtr listing = ok(fs.open_dir("/d"));
  std::map<std::string, int> seen;
  for (const Listed& entry : ok(listing->next(10))) ++seen[entry.name];
  for (int i = 0; i < 1000; i += 2) ok(fs.unlink("/d/" + name_of(i)));
  count_rest(*listing, seen);
  for (int i = 1; i < 1000; i += 2) EXPECT_EQ(seen[name_of(i)], 1) << name_of(i);
}

TEST_P(ReadDir, WhatStaysIsListedOnceWhileOthersAreAdded) {
  Vfs& fs = given(files("/d", 500));
  const ListingPtr listing = ok(fs.open_dir("/d"));
  std::map<std::string, int> seen;
  for (const Listed& entry : ok(listing->next(10))) ++seen[entry.name];
  for (int i = 500; i < 1000; ++i) ok(fs.put("/d/" + name_of(i), ""));
  count_rest(*listing, seen);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(seen[name_of(i)], 1) << name_of(i);
  for (const auto& [name, count] : seen) EXPECT_EQ(count, 1) << name;
}

TEST_P(ReadDir, WhatStaysIsListedOnceWhileItIsWrittenTo) {
  Vfs& fs = given(files("/d", 200));
  const ListingPtr listing = ok(fs.open_dir("/d"));
  std::map<std::string, int> seen;
  for (int i = 0; i < 200; ++i) {
    ok(fs.append("/d/" + name_of(i), "x"));
    for (const Listed& entry : ok(listing->next(1))) ++seen[entry.name];
  }
  count_rest(*listing, seen);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(seen[name_of(i)], 1) << name_of(i);
}

TEST_P(ReadDir, EmptyingADirectoryWhileListingItReachesTheEnd) {
  Vfs& fs = given(files("/d", 700));
  const ListingPtr listing = ok(fs.open_dir("/d"));
  for (;;) {
    const std::vector<Listed> some = ok(listing->next(13));
    if (some.empty()) break;
    for (const Listed& entry : some) ok(fs.unlink("/d/" + entry.name));
  }
  EXPECT_EQ(names(ok(fs.list("/d"))), "");
  ok(fs.rmdir("/d"));
}

TEST_P(ReadDir, RewindingShowsTheDirectoryAsItIsNow) {
  Vfs& fs = given(Fixture().file("/d/a").file("/d/b"));
  const ListingPtr listing = ok(fs.open_dir("/d"));
  EXPECT_EQ(ok(listing->next(100)).size(), 2U);
  ok(fs.put("/d/c", ""));
  ok(fs.unlink("/d/a"));
  ok(listing->rewind());
  std::map<std::string, int> seen;
  count_rest(*listing, seen);
  EXPECT_EQ(seen, (std::map<std::string, int>{{"b", 1}, {"c", 1}}));
}

TEST_P(ReadDir, AListingSurvivesTheRenameOfItsDirectory) {
  Vfs& fs = given(files("/d", 200));
  const ListingPtr listing = ok(fs.open_dir("/d"));
  std::map<std::string, int> seen;
  for (const Listed& entry : ok(listing->next(10))) ++seen[entry.name];
  ok(fs.move("/d", "/e"));
  count_rest(*listing, seen);
  EXPECT_EQ(seen.size(), 200U);
}

TEST_P(ReadDir, OnlyADirectoryIsListed) {
  Vfs& fs = given(Fixture().file("/f").symlink("/s", "f"));
  EXPECT_EQ(error(fs.list("/f")), Errc::enotdir);
  EXPECT_EQ(error(fs.list("/s")), Errc::enotdir);
  EXPECT_EQ(error(fs.list("/none")), Errc::enoent);
}

}  // namespace wasifs::test
