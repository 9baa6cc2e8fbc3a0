// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace wasifs::fuse {

/// Keeps the threads that answer on the processor of the one that asks, where that
/// pays: on a machine that has nothing else to do, waking a processor that sleeps costs
/// many times what the request does, above all in virtual machines. The scheduler
/// cannot know that the one who asks sleeps until it is answered.
///
/// A guess, made anew from time to time: as soon as anything else wants to run, or two
/// ask at the same time, threads may run anywhere again. Thread-safe.
class HandOver {
 public:
  HandOver();
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;

  /// This thread has read a request of `task` (a thread's number, 0: of the kernel).
  void asked_by(std::uint32_t task) noexcept;

  /// Where threads are kept now; -1: nowhere.
  [[nodiscard]] int processor() const noexcept { return processor_.load(std::memory_order_relaxed); }

 private:
  void look(std::uint32_t task) noexcept;

  const bool possible_;  ///< more than one processor, of which we may choose
  std::atomic<int> processor_{-1};
  std::atomic<std::uint32_t> last_task_{0};
  std::atomic<std::int64_t> next_look_{0};  ///< nanoseconds of the steady clock
};

}  // namespace wasifs::fuse
