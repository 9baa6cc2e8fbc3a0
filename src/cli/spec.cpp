// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <ostream>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/spec_report.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  bool json = false;
};

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_flag("--json", options->json, "Print one JSON object");
  add_compose_flags(app, options->compose);
  return [options](Io& io) -> Outcome<int> {
    const Outcome<PreparedRoot> root = open_runnable(io, options->source, options->compose);
    if (!root) return fail(root.error());
    io.out << (options->json ? spec_json(root->plan) : render_spec(root->plan, text_style(io)));
    return 0;
  };
}

}  // namespace

const Verb kSpecVerb{.name = "spec",
                     .help = "What a guest gets: argv, env, cwd, preopens, commands",
                     .add = add,
                     .guest_args = true};

}  // namespace wasifs::cli
