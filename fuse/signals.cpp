// SPDX-License-Identifier: Apache-2.0
#include "fuse/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace wasifs::fuse {

namespace {

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

BlockedSignals::BlockedSignals() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

BlockedSignals::~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

SignalWatch::SignalWatch(std::function<void()> on_signal) {
  const sigset_t set = stop_signals();
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  end_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
  if (!signals_ || !end_) throw std::system_error(errno, std::generic_category(), "signalfd");
  thread_ = std::thread([this, call = std::move(on_signal)] { watch(call); });
}

SignalWatch::~SignalWatch() {
  const std::uint64_t one = 1;
  // An eventfd that nobody else writes to takes this without waiting.
  while (::write(end_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void SignalWatch::watch(const std::function<void()>& on_signal) const {
  std::array<pollfd, 2> waits{{{signals_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
  while (true) {
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) on_signal();
  }
}

WakeSignal::WakeSignal() {
  struct sigaction nothing{};
  nothing.sa_handler = [](int) {};
  ::sigemptyset(&nothing.sa_mask);
  ::sigaction(SIGUSR2, &nothing, &before_);
}

WakeSignal::~WakeSignal() { ::sigaction(SIGUSR2, &before_, nullptr); }

void WakeSignal::send(pthread_t thread) { ::pthread_kill(thread, SIGUSR2); }

}  // namespace wasifs::fuse
