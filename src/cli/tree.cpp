// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/tree_report.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path = "/";
  bool json = false;
};

Outcome<int> print(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Result<VNode> start = root->tree->resolve(options.path, Follow::no);
  if (!start) return fail(path_error("read", options.path, start.error()));
  const WalkableTree source(*root->tree);
  const std::string shown = absolute_path(options.path);
  return report_all(io, options.json ? print_tree_json(io.out, source, *start, shown)
                                     : print_tree(io.out, source, *start, shown, text_style(io)));
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "Where in the tree to start (default: /)");
  app.add_flag("--json", options->json, "Print one JSON object");
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return print(*options, io); };
}

}  // namespace

const Verb kTreeVerb{.name = "tree", .help = "Draw the composed tree", .add = add};

}  // namespace wasifs::cli
