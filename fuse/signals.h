// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <functional>
#include <thread>

#include "fuse/unique_fd.h"

namespace wasifs::fuse {

/// While it lives, SIGINT, SIGTERM and SIGHUP wait instead of ending this thread
/// and the threads it starts: between mounting and serving an end would leave a
/// dead mount behind.
class BlockedSignals {
 public:
  BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals();

 private:
  sigset_t before_;
};

/// A thread that takes the signals which BlockedSignals keeps waiting (it has to
/// live around this) and calls `on_signal` for each, one at a time.
class SignalWatch {
 public:
  explicit SignalWatch(std::function<void()> on_signal);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

 private:
  void watch(const std::function<void()>& on_signal) const;

  UniqueFd signals_;
  UniqueFd end_;
  std::thread thread_;
};

/// While it lives, SIGUSR2 does nothing but interrupt the system call that the
/// thread it is sent to waits in.
class WakeSignal {
 public:
  WakeSignal();
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;
  ~WakeSignal();

  static void send(pthread_t thread);

 private:
  struct sigaction before_;
};

}  // namespace wasifs::fuse
