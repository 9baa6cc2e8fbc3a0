// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace wasifs {

/// A std::shared_mutex of 4 bytes instead of 56, for objects of which there are
/// hundreds of thousands. Threads that find it taken sleep in the kernel.
///
/// Once somebody waits to have it alone, nobody else gets it shared: writers do not
/// starve among readers. So a thread that has it shared must not take it again.
class SmallSharedMutex {
 public:
  SmallSharedMutex() = default;
  SmallSharedMutex(const SmallSharedMutex&) = delete;
  SmallSharedMutex& operator=(const SmallSharedMutex&) = delete;

  void lock() {
    std::uint32_t free = 0;
    if (!state_.compare_exchange_strong(free, kAlone, std::memory_order_acquire, std::memory_order_relaxed))
      wait_alone();
  }
  [[nodiscard]] bool try_lock() {
    std::uint32_t free = 0;
    return state_.compare_exchange_strong(free, kAlone, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() {
    // Whoever waits, to share it or not, tries again.
    if (state_.exchange(0, std::memory_order_release) != kAlone) state_.notify_all();
  }

  void lock_shared() {
    std::uint32_t seen = state_.load(std::memory_order_relaxed);
    if (seen >= kWaited ||
        !state_.compare_exchange_strong(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed))
      wait_shared();
  }
  [[nodiscard]] bool try_lock_shared() {
    std::uint32_t seen = state_.load(std::memory_order_relaxed);
    while (seen < kWaited) {
      if (state_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    }
    return false;
  }
  void unlock_shared() {
    // The last one out makes way for whoever waits to have it alone.
    if (state_.fetch_sub(1, std::memory_order_release) == (kWaited | 1U)) state_.notify_all();
  }

 private:
  // How many have it shared, and above that two bits.
  static constexpr std::uint32_t kWaited = 0x4000'0000U;  ///< somebody sleeps until it changes
  static constexpr std::uint32_t kAlone = 0x8000'0000U;   ///< somebody has it alone

  void wait_alone();
  void wait_shared();

  std::atomic<std::uint32_t> state_{0};
};

}  // namespace wasifs
