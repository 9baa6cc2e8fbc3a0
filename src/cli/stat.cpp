// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/stat_report.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path;
  bool follow = false;
  bool json = false;
};

Outcome<int> print(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Outcome<StatReport> report =
      stat_path(*root->tree, options.path, options.follow ? Follow::yes : Follow::no);
  if (!report) return fail(report.error());
  if (options.json) {
    print_stat_json(io.out, *report);
  } else {
    print_stat(io.out, *report);
  }
  return 0;
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "File or directory of the tree")->required();
  app.add_flag("-L", options->follow, "Of a symlink: show what it leads to");
  app.add_flag("--json", options->json, "Print one JSON object");
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return print(*options, io); };
}

}  // namespace

const Verb kStatVerb{.name = "stat", .help = "Show the attributes of one path", .add = add};

}  // namespace wasifs::cli
