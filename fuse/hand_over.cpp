// SPDX-License-Identifier: Apache-2.0
#include "fuse/hand_over.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "fuse/unique_fd.h"

namespace wasifs::fuse {

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
/// How long a guess holds: for the one it was made for, and at least.
constexpr std::int64_t kInterval = 20 * kMillisecond;
constexpr std::int64_t kLeast = 2 * kMillisecond;
/// After it was busy the machine is left alone for so long.
constexpr std::int64_t kPause = 200 * kMillisecond;
constexpr std::int64_t kQuiet = 50 * kMillisecond;  ///< without a request
/// The watcher itself disturbs them: more often, and half of the gain is gone.
constexpr std::chrono::milliseconds kWatch(25);

std::int64_t clock_now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The start of a file of /proc; "" where it cannot be read.
std::string_view read_start(const char* path, std::array<char, 1024>& buffer) {
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  const ssize_t length = ::read(file.get(), buffer.data(), buffer.size());
  return {buffer.data(), static_cast<std::size_t>(length > 0 ? length : 0)};
}

/// The number that `field`, counted from 0 and divided by spaces, starts with.
template <class Number = int>
std::optional<Number> number_at(std::string_view text, int field) {
  for (; field > 0; --field) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

/// How many threads of the whole machine want to run now, the caller included.
int running() {
  std::array<char, 1024> buffer;
  // "0.00 0.01 0.05 1/123 4567": of how many, in the fourth field. Not known is many.
  return number_at(read_start("/proc/loadavg", buffer), 3).value_or(1000);
}

/// For how many nanoseconds `thread`, one of ours, has wanted to run and could not.
std::int64_t waited(pid_t thread) {
  std::array<char, 1024> buffer;
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/schedstat";
  return number_at<std::int64_t>(read_start(path.c_str(), buffer), 1).value_or(0);
}

/// Where `task` ran last.
std::optional<int> processor_of(std::uint32_t task) {
  std::array<char, 1024> buffer;
  const std::string path = "/proc/" + std::to_string(task) + "/stat";
  const std::string_view line = read_start(path.c_str(), buffer);
  // Behind the name, which may hold anything, the third of 52 fields follows; see
  // proc(5).
  constexpr int kProcessor = 39;
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 > line.size()) return std::nullopt;
  return number_at(line.substr(name_end + 2), kProcessor - 3);
}

}  // namespace

HandOver::HandOver() {
  CPU_ZERO(&all_);
  const bool known = ::sched_getaffinity(0, sizeof all_, &all_) == 0;
  // Without what tells that they starve it would be too dangerous.
  const bool watchable = ::access("/proc/self/schedstat", R_OK) == 0;
  possible_ = known && watchable && CPU_COUNT(&all_) > 1 && ::geteuid() == 0 &&
              ::sched_getscheduler(0) == SCHED_OTHER;
}

HandOver::~HandOver() {
  {
    const std::scoped_lock hold(lock_);
    over_ = true;
  }
  changed_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void HandOver::join() {
  const std::scoped_lock hold(lock_);
  threads_.push_back(::gettid());
  if (active()) apply(::gettid());
}

void HandOver::leave() {
  const std::scoped_lock hold(lock_);
  std::erase(threads_, ::gettid());
  // The thread may have others to serve.
  if (!active()) return;
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_OTHER, &none);
  ::sched_setaffinity(0, sizeof all_, &all_);
}

void HandOver::asked_by(std::uint32_t task) noexcept {
  if (!possible_ || task == 0) return;
  const std::int64_t now = clock_now();
  last_request_.store(now, std::memory_order_relaxed);
  const bool same = task == last_task_.load(std::memory_order_relaxed);
  std::int64_t looked = last_look_.load(std::memory_order_relaxed);
  if (now - looked <= (same ? kInterval : kLeast)) return;
  // One of the threads looks, for all of them.
  if (last_look_.compare_exchange_strong(looked, now, std::memory_order_relaxed)) look(task, now);
}

void HandOver::look(std::uint32_t task, std::int64_t now) noexcept {
  last_task_.store(task, std::memory_order_relaxed);
  if (now < not_before_.load(std::memory_order_relaxed)) return;
  // The watcher lets go of them where that is to be done.
  if (running() > 1) return;
  const std::optional<int> found = processor_of(task);
  if (!found || *found < 0 || *found >= CPU_SETSIZE || !CPU_ISSET(static_cast<std::size_t>(*found), &all_)) {
    return;
  }
  if (*found == processor_.load(std::memory_order_relaxed)) return;
  try {
    const std::scoped_lock hold(lock_);
    if (over_) return;
    if (!watcher_.joinable()) watcher_ = std::thread([this] { watch(); });
    keep_to(*found);
    changed_.notify_all();
  } catch (const std::system_error& error) {
    spdlog::warn("threads are not kept on one processor: {}", error.what());
    possible_ = false;
  }
}

void HandOver::keep_to(int processor) {
  processor_.store(processor, std::memory_order_relaxed);
  for (const pid_t thread : threads_) apply(thread);
}

void HandOver::apply(pid_t thread) const {
  const int processor = processor_.load(std::memory_order_relaxed);
  cpu_set_t one;
  CPU_ZERO(&one);
  if (processor >= 0) CPU_SET(static_cast<std::size_t>(processor), &one);
  const sched_param none{};
  ::sched_setscheduler(thread, processor >= 0 ? SCHED_IDLE : SCHED_OTHER, &none);
  ::sched_setaffinity(thread, sizeof all_, processor >= 0 ? &one : &all_);
}

bool HandOver::starve(std::unique_lock<std::mutex>& hold) {
  std::vector<std::pair<pid_t, std::int64_t>> before;
  for (const pid_t thread : threads_) before.emplace_back(thread, waited(thread));
  const std::int64_t start = clock_now();
  changed_.wait_for(hold, kWatch, [this] { return over_; });
  // Who asks has them wait, too: each time from the moment that it is woken by an answer
  // to when it sleeps again. That is about half of the time, not nearly all of it.
  const std::int64_t too_long = (clock_now() - start) / 8 * 7;
  return std::ranges::any_of(
      before, [&](const auto& thread) { return waited(thread.first) - thread.second > too_long; });
}

void HandOver::watch() {
  std::unique_lock hold(lock_);
  while (!over_) {
    changed_.wait(hold, [this] { return over_ || active(); });
    const bool starving = starve(hold);
    if (over_ || !active()) continue;
    const std::int64_t now = clock_now();
    if (starving) not_before_.store(now + kPause, std::memory_order_relaxed);
    if (starving || now - last_request_.load(std::memory_order_relaxed) > kQuiet) keep_to(-1);
  }
}

}  // namespace wasifs::fuse
