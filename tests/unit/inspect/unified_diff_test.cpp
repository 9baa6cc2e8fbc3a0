// SPDX-License-Identifier: Apache-2.0
// Unified diffs: the form, and that patch(1) makes the one file of the other with them.
#include "inspect/unified_diff.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

TEST(UnifiedDiff, LooksLikeThatOfDiff) {
  EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(unified_diff("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, TellsWhereTheLastNewlineIsMissing) {
  EXPECT_EQ(unified_diff("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
  EXPECT_EQ(unified_diff("x\na", "y\na"), "@@ -1,2 +1,2 @@\n-x\n+y\n a\n\\ No newline at end of file\n");
}

TEST(UnifiedDiff, HunksThatTouchAreOne) {
  const std::string apart = "1\n-\n-\n-\n-\n-\n-\n2\n";
  const std::string far = "1\n-\n-\n-\n-\n-\n-\n-\n2\n";
  const auto hunks = [](const std::string& text) {
    std::string changed = text;
    changed.front() = 'a';
    changed[changed.size() - 2] = 'b';
    const std::string diff = *unified_diff(text, changed);
    std::size_t count = 0;
    for (std::size_t at = diff.find("@@ -"); at != std::string::npos; at = diff.find("@@ -", at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(hunks(apart), 1U);
  EXPECT_EQ(hunks(far), 2U);
}

TEST(UnifiedDiff, HasALimit) {
  const std::string long_text(kMostTextLines + 1, '\n');
  EXPECT_EQ(unified_diff(long_text, ""), std::nullopt);
  EXPECT_TRUE(is_binary(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_binary("a\xff\n"));
}

/// Applies `diff` to a file of `before` as patch(1) does.
std::string patched(const std::string& before, const std::string& diff) {
  TempDir dir;
  dir.write_file("f", before);
  dir.write_file("diff", "--- a/f\n+++ b/f\n" + diff);
  const std::string command =
      "patch -s -f --no-backup-if-mismatch -F0 -d " + dir.string() + " -p1 < " + (dir / "diff");
  EXPECT_EQ(std::system(command.c_str()), 0) << diff;  // NOLINT(concurrency-mt-unsafe): no other threads
  return dir.read_file("f");
}

std::string random_text(std::mt19937& random, std::size_t lines, unsigned words) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += "word" + std::to_string(random() % words) + "\n";
  if (random() % 3 == 0 && !text.empty()) text.pop_back();
  return text;
}

/// Takes away, adds and changes pieces.
std::string edited(std::mt19937& random, std::string text) {
  const std::size_t edits = 1 + random() % 6;
  for (std::size_t i = 0; i < edits; ++i) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    if (random() % 2 == 0) {
      text.erase(at, random() % 40);
    } else {
      text.insert(at, random_text(random, random() % 4, 5));
    }
  }
  return text;
}

TEST(UnifiedDiff, PatchMakesTheOtherFileOfIt) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::string before = random_text(random, random() % 60, 3 + seed % 50);
    const std::string after = edited(random, before);
    const std::string diff = *unified_diff(before, after);
    ASSERT_EQ(diff.empty(), before == after);
    // An empty file would be removed.
    if (diff.empty() || after.empty()) continue;
    ASSERT_EQ(patched(before, diff), after) << diff;
  }
}

/// Too much for the exact search: lines that are there once cut it, or nothing does.
TEST(UnifiedDiff, LongTextsAreCompared) {
  for (const unsigned words : {3U, 1'000'000U}) {
    std::mt19937 random(words);
    const std::string before = random_text(random, 8000, words);
    std::string after = before;
    for (int i = 0; i < 20; ++i) after = edited(random, std::move(after));
    const std::string other = random_text(random, 8000, words);
    EXPECT_EQ(patched(before, *unified_diff(before, after)), after);
    EXPECT_EQ(patched(before, *unified_diff(before, other)), other);
    if (words < 4) continue;
    EXPECT_LT(unified_diff(before, after)->size(), before.size() / 4) << "most lines are equal";
  }
}

}  // namespace
}  // namespace wasifs::test
