// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace wasifs {

Time now() noexcept {
  timespec stamp{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &stamp);
  return {.sec = stamp.tv_sec, .nsec = static_cast<std::int32_t>(stamp.tv_nsec)};
}

Time stamp_after(const Time& stamp, const Time& before) noexcept {
  constexpr std::int32_t kSecond = 1'000'000'000;
  constexpr std::int64_t kTick = 10'000'000;  // at 100 Hz, the slowest that Linux is built with
  if (before < stamp || before.sec > stamp.sec + 1) return stamp;
  const std::int64_t ahead = (before.sec - stamp.sec) * kSecond + before.nsec - stamp.nsec;
  if (ahead >= kTick) return stamp;
  const bool carries = before.nsec == kSecond - 1;
  return {.sec = before.sec + (carries ? 1 : 0), .nsec = carries ? 0 : before.nsec + 1};
}

}  // namespace wasifs
