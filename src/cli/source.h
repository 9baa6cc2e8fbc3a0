// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/cli.h"
#include "inspect/text.h"
#include "inspect/tree_report.h"
#include "wasifs/root.h"

namespace wasifs::cli {

/// Composes SOURCE with what the command line adds. The plan's warnings are the
/// caller's to report.
[[nodiscard]] Outcome<PreparedRoot> compose_source(Io& io, const std::string& source,
                                                   const ComposeOptions& options);

/// The same for a verb that looks into the tree, and changes nothing on the host;
/// warnings go to `err`.
[[nodiscard]] Outcome<PreparedRoot> open_source(Io& io, const std::string& source,
                                                const ComposeOptions& options = {});

/// The same for a verb that serves a guest: what keeps one from starting is an
/// error, see plan::check_run().
[[nodiscard]] Outcome<PreparedRoot> open_runnable(Io& io, const std::string& source,
                                                  const ComposeOptions& options);

/// Where in the tree the path that was typed is, absolute and without links and "..". A
/// symlink at its end is what it is. Trouble::source: nothing is there.
[[nodiscard]] Outcome<std::string> path_in(const Tree& tree, const std::string& typed);

/// The plan alone, with the plan's own warnings left in it.
[[nodiscard]] Outcome<Plan> plan_source(Io& io, const std::string& source, const ComposeOptions& options);

/// How reports on `out` look. Lines are cut only for a terminal, so that what
/// goes to a file or a pipe is whole.
[[nodiscard]] TextStyle text_style(const Io& io);

/// Prints each problem; the exit status: 0 if there are none.
[[nodiscard]] int report_all(Io& io, const Problems& problems);

}  // namespace wasifs::cli
