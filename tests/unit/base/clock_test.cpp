// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace wasifs {
namespace {

TEST(StampAfter, IsTheStampWhereThatIsLater) {
  EXPECT_EQ(stamp_after({7, 500}, {7, 499}), (Time{7, 500}));
  EXPECT_EQ(stamp_after({7, 0}, {6, 999'999'999}), (Time{7, 0}));
  EXPECT_EQ(stamp_after({-1, 0}, {-2, 5}), (Time{-1, 0}));
}

TEST(StampAfter, IsJustAfterAChangeWithinTheTick) {
  EXPECT_EQ(stamp_after({7, 500}, {7, 500}), (Time{7, 501}));
  EXPECT_EQ(stamp_after({7, 500}, {7, 501}), (Time{7, 502}));
  EXPECT_EQ(stamp_after({7, 999'999'999}, {7, 999'999'999}), (Time{8, 0}));
  EXPECT_EQ(stamp_after({7, 999'999'999}, {8, 3}), (Time{8, 4}));
}

TEST(StampAfter, IsTheStampWhereSomebodyHasSetALaterTime) {
  EXPECT_EQ(stamp_after({7, 500}, {7, 10'000'500}), (Time{7, 500}));
  EXPECT_EQ(stamp_after({7, 500}, {4'000'000'000, 0}), (Time{7, 500}));
  constexpr std::int64_t kEnd = INT64_MAX;
  EXPECT_EQ(stamp_after({7, 500}, {kEnd, 0}), (Time{7, 500}));
}

}  // namespace
}  // namespace wasifs
