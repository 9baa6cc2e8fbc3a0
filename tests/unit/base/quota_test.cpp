// SPDX-License-Identifier: Apache-2.0
#include "base/quota.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace wasifs {
namespace {

TEST(Quota, WithoutLimitsGrantsEverything) {
  Quota quota;
  EXPECT_TRUE(quota.charge(std::uint64_t{1} << 60U, 1'000'000));
  EXPECT_EQ(quota.bytes_used(), std::uint64_t{1} << 60U);
  EXPECT_EQ(quota.bytes_max(), Quota::kUnlimited);
  EXPECT_EQ(quota.inodes_max(), Quota::kUnlimited);
}

TEST(Quota, GrantsUpToItsLimitAndNotAByteMore) {
  Quota quota(100, 2);
  EXPECT_TRUE(quota.charge(100, 1));
  EXPECT_EQ(quota.bytes_free(), 0U);
  EXPECT_EQ(quota.charge(1, 0).error(), Errc::enospc);
  EXPECT_TRUE(quota.charge(0, 1));
  EXPECT_EQ(quota.charge(0, 1).error(), Errc::enospc);
}

TEST(Quota, ARefusalChargesNothing) {
  Quota quota(100, 1);
  ASSERT_TRUE(quota.charge(10, 1));
  EXPECT_FALSE(quota.charge(91, 0));
  EXPECT_FALSE(quota.charge(10, 1));  // the bytes would fit, the inode does not
  EXPECT_EQ(quota.bytes_used(), 10U);
  EXPECT_EQ(quota.inodes_used(), 1U);
}

TEST(Quota, ReleasingMakesRoom) {
  Quota quota(100, 1);
  ASSERT_TRUE(quota.charge(100, 1));
  quota.release(40, 1);
  EXPECT_EQ(quota.bytes_free(), 40U);
  EXPECT_TRUE(quota.charge(40, 1));
}

TEST(Quota, AnAmountNearTheLargestNumberDoesNotWrap) {
  Quota quota(100, 10);
  ASSERT_TRUE(quota.charge(50, 0));
  EXPECT_FALSE(quota.charge(Quota::kUnlimited, 0));
  EXPECT_FALSE(quota.charge(Quota::kUnlimited - 10, 0));
  EXPECT_EQ(quota.bytes_used(), 50U);
}

TEST(Quota, AChildChargesItsParentToo) {
  const auto parent = std::make_shared<Quota>(100, 10);
  Quota child(60, 5, parent);
  ASSERT_TRUE(child.charge(50, 2));
  EXPECT_EQ(parent->bytes_used(), 50U);
  EXPECT_EQ(parent->inodes_used(), 2U);
  child.release(50, 2);
  EXPECT_EQ(parent->bytes_used(), 0U);
  EXPECT_EQ(parent->inodes_used(), 0U);
}

TEST(Quota, TheTighterLimitOfChildAndParentHolds) {
  const auto parent = std::make_shared<Quota>(100, 10);
  Quota first(80, 10, parent);
  Quota second(80, 3, parent);
  EXPECT_EQ(first.bytes_max(), 80U);
  EXPECT_EQ(second.inodes_max(), 3U);
  ASSERT_TRUE(first.charge(70, 1));
  EXPECT_EQ(second.bytes_free(), 30U);
  EXPECT_FALSE(second.charge(31, 0));
  EXPECT_TRUE(second.charge(30, 0));
}

TEST(Quota, ARefusalByTheParentChargesNeither) {
  const auto parent = std::make_shared<Quota>(10, 10);
  Quota child(100, 100, parent);
  EXPECT_EQ(child.charge(11, 1).error(), Errc::enospc);
  EXPECT_EQ(child.bytes_used(), 0U);
  EXPECT_EQ(child.inodes_used(), 0U);
  EXPECT_EQ(parent->inodes_used(), 0U);
}

TEST(Quota, AnUnlimitedChildHasItsParentsLimit) {
  Quota child(Quota::kUnlimited, Quota::kUnlimited, std::make_shared<Quota>(10, 5));
  EXPECT_EQ(child.bytes_max(), 10U);
  EXPECT_EQ(child.inodes_free(), 5U);
}

TEST(Quota, WhatCannotBeRefusedMayPassTheLimit) {
  Quota quota(10, 0);
  quota.charge_anyway(0, 1);
  EXPECT_EQ(quota.inodes_used(), 1U);
  EXPECT_EQ(quota.inodes_free(), 0U);
  EXPECT_FALSE(quota.charge(0, 1));
}

TEST(Quota, ChargesOfSeveralThreadsAddUp) {
  Quota quota(1000, Quota::kUnlimited);
  std::atomic<int> granted{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) granted += quota.charge(1, 0) ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(granted, 1000);
  EXPECT_EQ(quota.bytes_used(), 1000U);
}

TEST(Charge, GivesBackWhatIsNotKept) {
  Quota quota(100, 10);
  {
    Charge charge;
    ASSERT_TRUE(charge.reserve(&quota, 30, 2));
    EXPECT_EQ(quota.bytes_used(), 30U);
  }
  EXPECT_EQ(quota.bytes_used(), 0U);
  EXPECT_EQ(quota.inodes_used(), 0U);
}

TEST(Charge, LeavesWhatIsKept) {
  Quota quota(100, 10);
  {
    Charge charge;
    ASSERT_TRUE(charge.reserve(&quota, 30, 2));
    charge.keep();
  }
  EXPECT_EQ(quota.bytes_used(), 30U);
  EXPECT_EQ(quota.inodes_used(), 2U);
}

TEST(Charge, ThatWasRefusedGivesNothingBack) {
  Quota quota(10, 10);
  ASSERT_TRUE(quota.charge(5, 1));
  {
    Charge charge;
    EXPECT_EQ(charge.reserve(&quota, 6, 0).error(), Errc::enospc);
  }
  EXPECT_EQ(quota.bytes_used(), 5U);
}

TEST(Charge, WithoutAQuotaIsGranted) {
  Charge charge;
  EXPECT_TRUE(charge.reserve(nullptr, 1'000'000, 1));
}

}  // namespace
}  // namespace wasifs
