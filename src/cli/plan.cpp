// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <ostream>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/plan_report.h"

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
    const Outcome<Plan> plan = plan_source(io, options->source, options->compose);
    if (!plan) return fail(plan.error());
    io.out << (options->json ? plan_json(*plan) : render_plan(*plan));
    return 0;
  };
}

}  // namespace

const Verb kPlanVerb{.name = "plan",
                     .help = "Dry run: mounts, layers, conflicts and their reasons",
                     .add = add,
                     .guest_args = true};

}  // namespace wasifs::cli
