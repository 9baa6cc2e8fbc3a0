// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace wasifs::fuse {

/// Keeps the threads that answer on the processor of the one who asks, as long as the
/// machine has nothing else to do: there, waking a processor that sleeps costs many
/// times what the request does, above all in virtual machines, and the scheduler cannot
/// know that who asks sleeps until it is answered.
///
/// Two things do it: the threads may run on that processor only, and they are
/// SCHED_IDLE, so that the one who asks, woken by the answer, takes the processor to be
/// free and stays. Threads like that starve as soon as anything else wants to run
/// there, so a watcher looks every few milliseconds, and lets them go again then; it
/// also does when nobody asks for a while. Needs the right to give back what SCHED_IDLE
/// takes (root has it); without it nothing is done.
///
/// Thread-safe.
class HandOver {
 public:
  HandOver();
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;
  ~HandOver();

  /// The calling thread answers requests from now on, until it leaves.
  void join();
  void leave();

  /// The calling thread, which has joined, has read a request of `task` (a thread's
  /// number, 0: of the kernel itself).
  void asked_by(std::uint32_t task) noexcept;

  /// Whether threads are kept anywhere now.
  [[nodiscard]] bool active() const noexcept { return processor_.load(std::memory_order_relaxed) >= 0; }

 private:
  void look(std::uint32_t task, std::int64_t now) noexcept;
  void watch();
  // With lock_ held:
  void keep_to(int processor);
  void apply(pid_t thread) const;
  /// Waits a little, and tells if one of the threads could not run meanwhile.
  [[nodiscard]] bool starve(std::unique_lock<std::mutex>& hold);

  cpu_set_t all_{};  ///< the processors that we had at the start
  std::atomic<bool> possible_{false};
  std::atomic<int> processor_{-1};
  std::atomic<std::uint32_t> last_task_{0};
  std::atomic<std::int64_t> last_look_{0};     ///< nanoseconds of the steady clock
  std::atomic<std::int64_t> last_request_{0};  ///< likewise
  std::atomic<std::int64_t> not_before_{0};    ///< likewise: since the machine was busy
  std::mutex lock_;                            ///< guards what follows
  std::condition_variable changed_;
  std::vector<pid_t> threads_;
  bool over_ = false;
  std::thread watcher_;
};

}  // namespace wasifs::fuse
