// SPDX-License-Identifier: Apache-2.0
#include "plan/check_run.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/path.h"

namespace wasifs::plan {

namespace {

/// Why `path` is no directory, "" if it is one.
std::string problem_with(const Tree& tree, std::string_view path) {
  const Result<VNode> node = tree.resolve(path);
  if (node) return node->is_directory() ? "" : "it is not a directory";
  return node.error() == Errc::enoent ? "it does not exist" : message(node.error());
}

std::optional<Diagnostic> check_directory(const Tree& tree, std::string_view path, std::string_view what,
                                          const SourceLocation& where) {
  const std::string problem = problem_with(tree, path);
  if (problem.empty()) return std::nullopt;
  return Diagnostic{.trouble = Trouble::manifest,
                    .message = std::string(what) + " " + quoted(path) + ": " + problem,
                    .where = where};
}

}  // namespace

std::vector<Diagnostic> check_run(const PreparedRoot& root) {
  const RunSpec& run = root.plan.run;
  std::vector<Diagnostic> found;
  if (auto bad = check_directory(*root.tree, run.cwd, "working directory", run.cwd_where)) {
    bad->hint = "a missing one is made only where changes are kept in memory";
    found.push_back(*std::move(bad));
  }
  for (const Preopen& preopen : run.preopens) {
    // One complaint about the working directory is enough.
    if (preopen.path == run.cwd && preopen.where == run.cwd_where) continue;
    auto bad = check_directory(*root.tree, preopen.path, "preopen", preopen.where);
    if (bad) found.push_back(*std::move(bad));
  }
  std::ranges::sort(found, {}, [](const Diagnostic& one) {
    return std::tie(one.where.line, one.where.column, one.message);
  });
  return found;
}

}  // namespace wasifs::plan
