// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

namespace wasifs::cli {

/// Everything of the surrounding process that a verb may talk to. main() fills
/// it from the real process, tests from string streams.
///
/// While a verb runs, a failed write to `out` throws (see run()), so verbs write
/// without checking, and never from inside a callback that holds a lock.
struct Io {
  std::istream& in;
  std::ostream& out;  ///< results; may be binary
  std::ostream& err;  ///< diagnostics, progress
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool utf8 = true;       ///< the user's locale shows UTF-8
  bool no_color = false;  ///< NO_COLOR is set and not empty
  unsigned columns = 80;  ///< width of the terminal; means something only where out is one
  std::vector<std::string> environment = {};  ///< of the process, NAME=VALUE each
  /// What a guest gets as its standard streams; -1: the stream above of that number.
  std::array<int, 3> descriptors{-1, -1, -1};
  /// What stands behind "--", for a verb that takes arguments of the guest; set
  /// by run() before the verb starts.
  std::vector<std::string> guest_args = {};

  /// Decided by run() from --color, NO_COLOR and the two flags above, before
  /// the verb starts.
  bool color_out = false;
  bool color_err = false;
};

/// The exit status where the output cannot be written.
constexpr int kOutputFailed = 1;

/// Runs the program as argv says and gives its exit status (0, 1 or the value
/// of a Trouble). Dispatches to run_mount_helper() when the last component of
/// argv[0] is mount.wasifs or mount.fuse.wasifs. Nothing throws past it: an
/// output that cannot be written is status 1, any other exception is status 70,
/// both with a message on `err`.
[[nodiscard]] int run(std::span<const char* const> argv, Io& io);

/// The program as mount(8)'s helper: `SPEC DIR [-sfnv] [-o OPT,…]`. Its exit
/// statuses are mount(8)'s: 0 ok, 1 usage, 2 a bug or system error, 32 failure.
[[nodiscard]] int run_mount_helper(std::span<const char* const> argv, Io& io);

/// Prints `diagnostic` on `err` with its causes and hint (`severity` as in
/// Diagnostic::text, coloured where `color_err` says so) and gives its exit
/// status.
int report(Io& io, const Diagnostic& diagnostic, std::string_view severity = "error");

}  // namespace wasifs::cli
