// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wasifs/wasi.h"

namespace wasifs::cli {

/// One call of a guest as a JSON object on a line of its own: function, arguments
/// by their names, the paths that it read from the guest's memory, result, time.
[[nodiscard]] std::string trace_line(const wasi::TraceEvent& event);

}  // namespace wasifs::cli
