// SPDX-License-Identifier: Apache-2.0
#include "fuse/hand_over.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "fuse/unique_fd.h"

namespace wasifs::fuse {

namespace {

/// How long a guess holds.
constexpr std::chrono::milliseconds kInterval(20);

cpu_set_t allowed_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  return set;
}

/// All processors that this process had when it started to serve.
const cpu_set_t& all_processors() {
  static const cpu_set_t kAll = allowed_processors();
  return kAll;
}

/// The start of a file of /proc; "" where it cannot be read.
std::string_view read_start(const char* path, std::array<char, 1024>& buffer) {
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  const ssize_t length = ::read(file.get(), buffer.data(), buffer.size());
  return {buffer.data(), static_cast<std::size_t>(length > 0 ? length : 0)};
}

/// The number that `field`, counted from 0 and divided by spaces, starts with.
std::optional<int> number_at(std::string_view text, int field) {
  for (; field > 0; --field) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

/// True if nothing wants to run but the caller.
bool machine_is_idle() {
  std::array<char, 1024> buffer;
  // "0.00 0.01 0.05 1/123 4567": how many run of how many, in the fourth field.
  return number_at(read_start("/proc/loadavg", buffer), 3) == 1;
}

/// Where `task` ran last.
std::optional<int> processor_of(std::uint32_t task) {
  std::array<char, 1024> buffer;
  const std::string path = "/proc/" + std::to_string(task) + "/stat";
  std::string_view line = read_start(path.c_str(), buffer);
  // Behind the name, which may hold anything, the third of 52 fields follows; see
  // proc(5).
  constexpr int kProcessor = 39;
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 > line.size()) return std::nullopt;
  return number_at(line.substr(name_end + 2), kProcessor - 3);
}

/// What this thread is kept to.
thread_local int own_processor = -1;

void keep_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (processor >= 0) CPU_SET(static_cast<std::size_t>(processor), &set);
  ::sched_setaffinity(0, sizeof set, processor >= 0 ? &set : &all_processors());
  own_processor = processor;
}

}  // namespace

HandOver::HandOver() : possible_(CPU_COUNT(&all_processors()) > 1) {}

void HandOver::asked_by(std::uint32_t task) noexcept {
  if (!possible_ || task == 0) return;
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  std::int64_t due = next_look_.load(std::memory_order_relaxed);
  if (now >= due || task != last_task_.load(std::memory_order_relaxed)) {
    const std::int64_t next = now + std::chrono::nanoseconds(kInterval).count();
    if (next_look_.compare_exchange_strong(due, next, std::memory_order_relaxed)) look(task);
  }
  if (const int wanted = processor(); wanted != own_processor) keep_to(wanted);
}

void HandOver::look(std::uint32_t task) noexcept {
  last_task_.store(task, std::memory_order_relaxed);
  int wanted = -1;
  if (machine_is_idle()) {
    const std::optional<int> found = processor_of(task);
    if (found && *found >= 0 && *found < CPU_SETSIZE &&
        CPU_ISSET(static_cast<std::size_t>(*found), &all_processors())) {
      wanted = *found;
    }
  }
  processor_.store(wanted, std::memory_order_relaxed);
}

}  // namespace wasifs::fuse
