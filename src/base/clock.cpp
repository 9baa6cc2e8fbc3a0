// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace wasifs {

Time now() noexcept {
  timespec stamp{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &stamp);
  return {.sec = stamp.tv_sec, .nsec = static_cast<std::int32_t>(stamp.tv_nsec)};
}

}  // namespace wasifs
