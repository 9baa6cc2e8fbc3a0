// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "wasifs/wasi_host.h"
#include "wasifs/wasifs.h"

namespace wasifs::capi {

/// The machine that the hooks of `given` make, the system's for those that are
/// missing; null where all are.
[[nodiscard]] std::shared_ptr<wasi::Host> host_of(const wasifs_wasi_options& given);

/// A stream that calls `given`'s functions back.
[[nodiscard]] wasi::StreamPtr callback_stream(const wasifs_stream& given);

}  // namespace wasifs::capi
