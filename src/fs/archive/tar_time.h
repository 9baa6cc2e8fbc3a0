// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "wasifs/types.h"

namespace wasifs::archive {

// The times of a pax header are decimal numbers, so that half a second before 1970 is
// "-0.5". libarchive has the digits behind the point as nanoseconds of the same sign as
// the seconds: "-1.5" is {-1, 500000000}, and what a Time has as {-2, 500000000}. It has
// no sign for a second that is 0, so there is no way to say "-0.5".

constexpr std::int32_t kNanoseconds = 1'000'000'000;

/// Whether a tar of libarchive can hold it: all but a fraction in the last second before 1970.
[[nodiscard]] constexpr bool fits_tar(const Time& time) { return time.sec != -1 || time.nsec == 0; }

/// `time` as libarchive wants it; what does not fit is rounded down to the second.
[[nodiscard]] constexpr Time to_tar_time(const Time& time) {
  if (time.sec >= 0 || time.nsec == 0) return time;
  if (!fits_tar(time)) return {.sec = time.sec, .nsec = 0};
  return {.sec = time.sec + 1, .nsec = kNanoseconds - time.nsec};
}

/// The other way round.
[[nodiscard]] constexpr Time from_tar_time(const Time& time) {
  if (time.sec >= 0 || time.nsec == 0 || time.sec == INT64_MIN) return time;
  return {.sec = time.sec - 1, .nsec = kNanoseconds - time.nsec};
}

}  // namespace wasifs::archive
