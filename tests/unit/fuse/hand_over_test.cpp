// SPDX-License-Identifier: Apache-2.0
#include "fuse/hand_over.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace wasifs::fuse {
namespace {

cpu_set_t affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  return set;
}

bool pause_until(const auto& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// Whether it ever becomes active depends on what else the machine does; what follows
// does not.
TEST(HandOver, LetsGoWhenNobodyAsksAndWhenAThreadLeaves) {
  const cpu_set_t before = affinity();
  HandOver hand_over;
  std::thread([&] {
    hand_over.join();
    for (int i = 0; i < 20; ++i) {
      hand_over.asked_by(static_cast<std::uint32_t>(::gettid()));
      if (hand_over.active()) {
        EXPECT_EQ(::sched_getscheduler(0), SCHED_IDLE);
        const cpu_set_t kept = affinity();
        EXPECT_EQ(CPU_COUNT(&kept), 1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    EXPECT_TRUE(pause_until([&] { return !hand_over.active(); }));
    const cpu_set_t quiet = affinity();
    EXPECT_TRUE(CPU_EQUAL(&quiet, &before));
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    hand_over.asked_by(static_cast<std::uint32_t>(::gettid()));
    hand_over.leave();
    const cpu_set_t left = affinity();
    EXPECT_TRUE(CPU_EQUAL(&left, &before));
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
  }).join();
}

TEST(HandOver, KnowsNobodyWhoIsNot) {
  HandOver hand_over;
  hand_over.join();
  hand_over.asked_by(0);            // the kernel itself
  hand_over.asked_by(0x7fff'fff0);  // no such thread
  EXPECT_FALSE(hand_over.active());
  hand_over.leave();
}

}  // namespace
}  // namespace wasifs::fuse
