// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "cli/cli.h"
#include "engine/engine.h"
#include "wasifs/wasi.h"

namespace wasifs::cli {

/// A program and what messages call it.
struct Program {
  std::string name;
  std::string bytes;
  bool packaged = false;  ///< from a package; else a file of the host
};

/// The standard streams of the process for a guest: descriptors where `io` has
/// them, else the streams of `io`, which must outlive the guest.
[[nodiscard]] std::array<wasi::StreamPtr, 3> guest_streams(Io& io);

/// Runs `program` from its function `entry` on. Nothing of the guest is thrown; the
/// caller's thread is the guest's.
[[nodiscard]] engine::Ended run_guest(const Program& program, const std::string& entry,
                                      wasi::Context& context);

/// The exit status of a guest that has ended, with 134 for a trap; what kept it from
/// running is a Diagnostic. A trap is told on `err`.
[[nodiscard]] Outcome<int> guest_status(Io& io, const Program& program, const std::string& entry,
                                        const engine::Ended& ended);

/// Why nothing can be run, for a build without an engine.
[[nodiscard]] Diagnostic no_engine();

}  // namespace wasifs::cli
