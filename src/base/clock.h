// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wasifs/types.h"

namespace wasifs {

/// The time that a kernel file system would stamp a change with: the coarse
/// real-time clock, so that our stamps and the host's never appear out of order.
[[nodiscard]] Time now() noexcept;

/// `stamp`, or just after `before` where that is not earlier by less than the clock can
/// tell: who remembers a directory's listing by its modification time must see that two
/// changes within one tick are two. What lies further in the future somebody has set.
[[nodiscard]] Time stamp_after(const Time& stamp, const Time& before) noexcept;

}  // namespace wasifs
