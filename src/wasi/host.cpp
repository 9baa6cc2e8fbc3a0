// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sched.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <vector>

#include "wasifs/wasi_host.h"

namespace wasifs::wasi {

namespace {

constexpr std::uint64_t kNanoseconds = 1'000'000'000;

Result<clockid_t> clock_id(Clock clock) {
  switch (clock) {
    case Clock::realtime:
      return CLOCK_REALTIME;
    case Clock::monotonic:
      return CLOCK_MONOTONIC;
    case Clock::process_cputime:
      return CLOCK_PROCESS_CPUTIME_ID;
    case Clock::thread_cputime:
      return CLOCK_THREAD_CPUTIME_ID;
  }
  return fail(Errc::einval);
}

using ClockCall = int (*)(clockid_t, timespec*);

Result<std::uint64_t> ask(ClockCall call, Clock clock) {
  const Result<clockid_t> id = clock_id(clock);
  if (!id) return fail(id.error());
  timespec told{};
  if (call(*id, &told) != 0) return fail_errno();
  // A machine whose clock says that it is before 1970.
  if (told.tv_sec < 0) return fail(Errc::eoverflow);
  return static_cast<std::uint64_t>(told.tv_sec) * kNanoseconds + static_cast<std::uint64_t>(told.tv_nsec);
}

}  // namespace

Result<std::uint64_t> Host::now(Clock clock) { return ask(::clock_gettime, clock); }
Result<std::uint64_t> Host::resolution(Clock clock) { return ask(::clock_getres, clock); }

Status Host::random(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno != EINTR) return fail_errno();
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

void Host::yield() { ::sched_yield(); }

namespace {

timespec timespec_of(std::uint64_t nanoseconds) {
  // Longer than a machine runs; more would not fit in every time_t.
  constexpr auto kMaxSeconds = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  return {.tv_sec = static_cast<time_t>(std::min(nanoseconds / kNanoseconds, kMaxSeconds)),
          .tv_nsec = static_cast<long>(nanoseconds % kNanoseconds)};
}

/// poll(2) that goes on where a signal has interrupted it.
Result<int> poll_fds(std::vector<pollfd>& fds, std::optional<std::uint64_t> timeout) {
  const Result<std::uint64_t> start = ask(::clock_gettime, Clock::monotonic);
  if (!start) return fail(start.error());
  for (std::uint64_t waited = 0;;) {
    timespec limit{};
    if (timeout) limit = timespec_of(*timeout - std::min(*timeout, waited));
    const int ready = ::ppoll(fds.data(), fds.size(), timeout ? &limit : nullptr, nullptr);
    if (ready >= 0) return ready;
    if (errno != EINTR) return fail_errno();
    const Result<std::uint64_t> time = ask(::clock_gettime, Clock::monotonic);
    if (!time) return fail(time.error());
    waited = *time - *start;
  }
}

}  // namespace

Status Host::wait(std::span<Waited> fds, std::optional<std::uint64_t> timeout) {
  std::vector<pollfd> polled;
  polled.reserve(fds.size());
  for (const Waited& waited : fds) {
    polled.push_back(
        {.fd = waited.fd, .events = static_cast<short>(waited.write ? POLLOUT : POLLIN), .revents = 0});
  }
  const Result<int> ready = poll_fds(polled, timeout);
  if (!ready) return fail(ready.error());
  for (std::size_t i = 0; i < fds.size(); ++i) {
    const auto events = static_cast<unsigned>(polled[i].revents);
    fds[i].ready = events != 0;
    fds[i].hang_up = (events & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  }
  return {};
}

}  // namespace wasifs::wasi
