// SPDX-License-Identifier: Apache-2.0
#include "base/bulk_array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>

namespace wasifs {
namespace {

TEST(BulkMemory, IsZeroedWhereItIsUsable) {
  BulkMemory memory(10'000'000);
  memory.use(5'000'000);
  ASSERT_GE(memory.usable(), 5'000'000U);
  EXPECT_TRUE(
      std::all_of(memory.data(), memory.data() + 5'000'000, [](std::byte b) { return b == std::byte{}; }));
}

TEST(BulkMemory, ContentStaysInPlaceWhenMoreIsUsed) {
  BulkMemory memory(10'000'000);
  memory.use(1);
  std::byte* const before = memory.data();
  memory.data()[0] = std::byte{7};
  memory.use(10'000'000);
  memory.data()[9'999'999] = std::byte{8};
  EXPECT_EQ(memory.data(), before);
  EXPECT_EQ(memory.data()[0], std::byte{7});
}

TEST(BulkMemory, LessThanAHugePageIsUsableToItsLastByte) {
  BulkMemory memory(5'000);
  memory.use(5'000);
  memory.data()[4'999] = std::byte{1};
  EXPECT_GE(memory.usable(), 5'000U);
}

TEST(BulkMemory, MoreThanIsReservedIsRefused) {
  BulkMemory memory(4096);
  memory.use(4096);
  EXPECT_THROW(memory.use(memory.usable() + 1), std::bad_alloc);
}

TEST(BulkMemory, MoreThanThereIsAddressSpaceIsRefused) {
  EXPECT_THROW(BulkMemory(std::numeric_limits<std::size_t>::max() / 2), std::bad_alloc);
  EXPECT_THROW(BulkMemory(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
}

TEST(BulkMemory, NothingTakesNothing) {
  BulkMemory memory(0);
  memory.use(0);
  EXPECT_EQ(memory.usable(), 0U);
}

TEST(BulkArray, GrowsToItsCapacityWithoutMoving) {
  constexpr std::uint64_t kCount = 1'000'000;
  BulkArray<std::uint64_t> array(kCount);
  array.push_back(0);
  const std::uint64_t* const first = array.begin();
  for (std::uint64_t i = 1; i < kCount; ++i) array.push_back(i);
  EXPECT_EQ(array.begin(), first);
  ASSERT_EQ(array.size(), kCount);
  for (std::uint64_t i = 0; i < kCount; ++i) ASSERT_EQ(array[i], i);
}

/// Three times eight bytes: no power of two divides the pages.
struct Odd {
  std::uint64_t a, b, c;
};

TEST(BulkArray, MoreThanItsCapacityIsRefused) {
  BulkArray<Odd> array(1000);
  // What the last page has over is given as well, and nothing behind it.
  const auto fill = [&array] {
    for (int i = 0; i < 2000; ++i) array.push_back({1, 2, 3});
  };
  EXPECT_THROW(fill(), std::bad_alloc);
  EXPECT_GE(array.size(), 1000U);
  EXPECT_LT(array.size(), 1200U);
}

TEST(BulkArray, AMovedOneIsEmptyAndTheOtherHasAll) {
  BulkArray<int> from(10);
  from.push_back(5);
  BulkArray<int> to;
  to = std::move(from);
  EXPECT_EQ(from.size(), 0U);  // NOLINT(bugprone-use-after-move): that is the question
  ASSERT_EQ(to.size(), 1U);
  EXPECT_EQ(to[0], 5);
  const BulkArray<int> third(std::move(to));
  EXPECT_EQ(third.size(), 1U);
}

}  // namespace
}  // namespace wasifs
