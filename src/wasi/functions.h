// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "wasi/call.h"

namespace wasifs::wasi {

/// Serves a function with arguments that are as many as it has parameters.
using Serve = Errno (*)(Call& call, const u64* args);

/// What serves each of functions(abi), in that order.
[[nodiscard]] std::span<const Serve> servers(Abi abi);

}  // namespace wasifs::wasi
