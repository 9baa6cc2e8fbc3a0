// SPDX-License-Identifier: Apache-2.0
#include "base/child_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wasifs {
namespace {

std::string name_of(std::uint32_t child) { return "name" + std::to_string(child); }

/// Directories with so many children each, side by side, and an index of them.
struct Volume {
  explicit Volume(std::vector<std::uint32_t> counts) : index(entries(counts)) {
    std::uint32_t next = 1;
    for (const std::uint32_t count : counts) {
      directories.push_back({next, count});
      for (std::uint32_t i = 0; i < count; ++i, ++next) index.insert(directories.back(), name_of(next), next);
    }
  }
  static std::size_t entries(const std::vector<std::uint32_t>& counts) {
    std::size_t sum = 1;
    for (const std::uint32_t count : counts) sum += count;
    return sum;
  }
  [[nodiscard]] std::uint32_t find(ChildRange directory, const std::string& name) const {
    return index.find(directory, name, [&](std::uint32_t child) { return name_of(child) == name; });
  }

  ChildIndex index;
  std::vector<ChildRange> directories;
};

/// Stretches of one slot and of two, full ones and ones with room, beside large ones.
const std::vector<std::uint32_t> kCounts = {1, 1, 2, 3, 1, 0, 2, 50, 1, 0, 0, 1'000, 1, 2};

TEST(ChildIndex, FindsEachChildInItsDirectory) {
  const Volume volume(kCounts);
  for (const ChildRange directory : volume.directories) {
    for (std::uint32_t i = 0; i < directory.count; ++i)
      EXPECT_EQ(volume.find(directory, name_of(directory.first + i)), directory.first + i);
  }
}

TEST(ChildIndex, ASearchForWhatIsNotThereEndsInFullStretchesToo) {
  const Volume volume(kCounts);
  for (const ChildRange directory : volume.directories) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(volume.find(directory, "missing" + std::to_string(i)), 0U);
  }
}

TEST(ChildIndex, AChildIsFoundInNoOtherDirectory) {
  const Volume volume(kCounts);
  for (const ChildRange here : volume.directories) {
    for (const ChildRange there : volume.directories) {
      if (here.first == there.first || there.count == 0) continue;
      EXPECT_EQ(volume.find(here, name_of(there.first)), 0U);
    }
  }
}

TEST(ChildIndex, AVolumeOfItsRootAloneHasNoChildren) {
  const Volume volume({0});
  EXPECT_EQ(volume.find(volume.directories[0], "a"), 0U);
}

}  // namespace
}  // namespace wasifs
