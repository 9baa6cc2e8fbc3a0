// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wasifs/types.h"

namespace wasifs {

/// The time that a kernel file system would stamp a change with: the coarse
/// real-time clock, so that our stamps and the host's never appear out of order.
[[nodiscard]] Time now() noexcept;

}  // namespace wasifs
