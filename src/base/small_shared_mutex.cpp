// SPDX-License-Identifier: Apache-2.0
#include "base/small_shared_mutex.h"

namespace wasifs {

void SmallSharedMutex::wait_alone() {
  std::uint32_t seen = state_.load(std::memory_order_relaxed);
  for (;;) {
    if ((seen & ~kWaited) == 0) {
      // Others may sleep still, so the mark stays: unlock() wakes them.
      if (state_.compare_exchange_weak(seen, seen | kAlone, std::memory_order_acquire,
                                       std::memory_order_relaxed))
        return;
      continue;
    }
    if ((seen & kWaited) == 0) {
      if (!state_.compare_exchange_weak(seen, seen | kWaited, std::memory_order_relaxed)) continue;
      seen |= kWaited;
    }
    state_.wait(seen, std::memory_order_relaxed);
    seen = state_.load(std::memory_order_relaxed);
  }
}

void SmallSharedMutex::wait_shared() {
  std::uint32_t seen = state_.load(std::memory_order_relaxed);
  for (;;) {
    if (seen < kWaited) {
      if (state_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed))
        return;
      continue;
    }
    // Marked, so that unlock() wakes us.
    if ((seen & kWaited) == 0) {
      if (!state_.compare_exchange_weak(seen, seen | kWaited, std::memory_order_relaxed)) continue;
      seen |= kWaited;
    }
    state_.wait(seen, std::memory_order_relaxed);
    seen = state_.load(std::memory_order_relaxed);
  }
}

}  // namespace wasifs
