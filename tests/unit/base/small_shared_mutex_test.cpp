// SPDX-License-Identifier: Apache-2.0
#include "base/small_shared_mutex.h"

#include <gtest/gtest.h>

#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace wasifs::test {
namespace {

TEST(SmallSharedMutex, IsSmall) { EXPECT_EQ(sizeof(SmallSharedMutex), 4U); }

TEST(SmallSharedMutex, ManyMayShareItAndOneHasItAlone) {
  SmallSharedMutex mutex;
  ASSERT_TRUE(mutex.try_lock_shared());
  ASSERT_TRUE(mutex.try_lock_shared());
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock_shared();
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock_shared();
  ASSERT_TRUE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock_shared());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock_shared());
  mutex.unlock_shared();
}

/// Waits until `mutex`, which is shared, is waited for by somebody who wants it alone.
void until_waited_for(SmallSharedMutex& mutex) {
  while (mutex.try_lock_shared()) {
    mutex.unlock_shared();
    std::this_thread::yield();
  }
}

TEST(SmallSharedMutex, WhoWaitsToHaveItAloneGoesBeforeNewReaders) {
  SmallSharedMutex mutex;
  bool written = false;
  mutex.lock_shared();
  std::thread writer([&] {
    const std::scoped_lock held(mutex);
    written = true;
  });
  until_waited_for(mutex);
  std::thread reader([&] {
    const std::shared_lock held(mutex);
    EXPECT_TRUE(written);
  });
  mutex.unlock_shared();
  writer.join();
  reader.join();
}

TEST(SmallSharedMutex, EverybodyWhoWaitsIsWoken) {
  SmallSharedMutex mutex;
  int count = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::thread> threads;
    mutex.lock();
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        const std::scoped_lock held(mutex);
        ++count;
      });
      threads.emplace_back([&] {
        const std::shared_lock held(mutex);
        EXPECT_GE(count, 0);
      });
    }
    mutex.unlock();
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(count, 600);
}

TEST(SmallSharedMutex, ExcludesUnderContention) {
  SmallSharedMutex mutex;
  // Two counters that are equal whenever nobody has it alone.
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  constexpr int kRounds = 20'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        const std::scoped_lock held(mutex);
        ++first;
        ++second;
      }
    });
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        const std::shared_lock held(mutex);
        ASSERT_EQ(first, second);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, 3U * kRounds);
  EXPECT_EQ(second, 3U * kRounds);
}

}  // namespace
}  // namespace wasifs::test
