// SPDX-License-Identifier: Apache-2.0
#include "cli/source.h"

#include <ostream>

#include "plan/check_run.h"

namespace wasifs::cli {

Outcome<PreparedRoot> open_source(Io& io, const std::string& source) {
  Outcome<PreparedRoot> root = PreparedRoot::open(source);
  if (root) {
    for (const Diagnostic& warning : root->plan.warnings) report(io, warning, "warning");
  }
  return root;
}

Outcome<PreparedRoot> open_runnable(Io& io, const std::string& source) {
  Outcome<PreparedRoot> root = open_source(io, source);
  if (!root) return root;
  Problems problems = plan::check_run(*root);
  if (problems.empty()) return root;
  if (problems.size() == 1) return fail(std::move(problems.front()));
  return fail(Diagnostic{.trouble = Trouble::manifest,
                         .message = "a guest cannot be started here: " + counted(problems.size(), "problem"),
                         .where = {.file = root->plan.source},
                         .causes = std::move(problems)});
}

TextStyle text_style(const Io& io) {
  return {.color = io.color_out, .utf8 = io.utf8, .columns = io.out_is_terminal ? io.columns : 0};
}

int report_all(Io& io, const Problems& problems) {
  // What was printed comes before what could not be.
  io.out.flush();
  int status = 0;
  for (const Diagnostic& problem : problems) status = report(io, problem);
  return status;
}

}  // namespace wasifs::cli
