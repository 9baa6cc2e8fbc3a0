// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/explain_report.h"

namespace wasifs::cli {

namespace {

/// Nothing is at the path; why is on the standard output.
constexpr int kNothingThere = 1;

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path;
  bool json = false;
};

Outcome<int> print(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Outcome<ExplainReport> report = explain_path(*root->tree, root->plan, options.path);
  if (!report) return fail(report.error());
  if (options.json) {
    print_explain_json(io.out, *report);
  } else {
    print_explain(io.out, *report);
  }
  return report->found() ? 0 : kNothingThere;
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "What to explain, be it there or not")->required();
  app.add_flag("--json", options->json, "Print one JSON object");
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return print(*options, io); };
}

}  // namespace

const Verb kExplainVerb{
    .name = "explain", .help = "Tell which layers hold a path, which one shows and why", .add = add};

}  // namespace wasifs::cli
