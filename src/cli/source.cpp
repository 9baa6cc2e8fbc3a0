// SPDX-License-Identifier: Apache-2.0
#include "cli/source.h"

#include <ostream>

#include "base/path.h"
#include "cli/descriptor_limit.h"
#include "cli/progress.h"
#include "plan/check_run.h"
#include "plan/options.h"

namespace wasifs::cli {

namespace {

/// What the user typed and what the process adds. Says on `err` what is better
/// typed in another way.
ComposeOptions complete(Io& io, const ComposeOptions& options) {
  ComposeOptions all = options;
  all.host_env = io.environment;
  all.args.insert(all.args.end(), io.guest_args.begin(), io.guest_args.end());
  for (const std::string& mapped : options.mapped_dirs) {
    const Outcome<std::string> volume = plan::volume_of_mapped_dir(mapped);
    if (!volume) continue;  // composing reports it
    report(
        io,
        {.trouble = Trouble::usage,
         .message = "--mapdir " + wasifs::quoted(mapped) + " names the guest's path first, unlike --volume",
         .hint = "write --volume " + wasifs::quoted(*volume)},
        "warning");
  }
  return all;
}

/// Calls `compose` with the options that complete() makes of `options`. On a terminal a
/// line shows how far it is.
auto with_progress(Io& io, const ComposeOptions& options, const auto& compose) {
  raise_descriptor_limit();
  ComposeOptions all = complete(io, options);
  ProgressLine line(io);
  if (io.err_is_terminal) {
    all.progress = [&line](std::string_view what, std::uint64_t done, std::uint64_t total) {
      line.show(what, done, total);
    };
  }
  return compose(all);
}

Outcome<PreparedRoot> with_warnings(Io& io, Outcome<PreparedRoot> root) {
  if (root) {
    for (const Diagnostic& warning : root->plan.warnings) report(io, warning, "warning");
  }
  return root;
}

}  // namespace

Outcome<PreparedRoot> compose_source(Io& io, const std::string& source, const ComposeOptions& options) {
  return with_progress(io, options,
                       [&](const ComposeOptions& all) { return PreparedRoot::open(source, all); });
}

Outcome<PreparedRoot> open_source(Io& io, const std::string& source, const ComposeOptions& options) {
  ComposeOptions looking = options;
  looking.keep_changes = false;
  return with_warnings(io, compose_source(io, source, looking));
}

Outcome<PreparedRoot> open_runnable(Io& io, const std::string& source, const ComposeOptions& options) {
  Outcome<PreparedRoot> root = with_warnings(io, compose_source(io, source, options));
  if (!root) return root;
  Problems problems = plan::check_run(*root);
  if (problems.empty()) return root;
  if (problems.size() == 1) return fail(std::move(problems.front()));
  return fail(Diagnostic{.trouble = Trouble::manifest,
                         .message = "a guest cannot be started here: " + counted(problems.size(), "problem"),
                         .where = {.file = root->plan.source},
                         .causes = std::move(problems)});
}

Outcome<std::string> path_in(const Tree& tree, const std::string& typed) {
  const Result<VNode> node = tree.resolve(typed, Follow::no);
  if (!node) return fail(path_error("read", typed, node.error()));
  std::optional<std::string> path = tree.path_of(*node);
  if (!path) return fail(path_error("read", typed, Errc::enoent));
  return *std::move(path);
}

Outcome<Plan> plan_source(Io& io, const std::string& source, const ComposeOptions& options) {
  return with_progress(io, options,
                       [&](const ComposeOptions& all) { return wasifs::plan_source(source, all); });
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
