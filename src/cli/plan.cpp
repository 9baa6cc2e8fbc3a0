// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <ostream>

#include "cli/verb.h"
#include "inspect/plan_report.h"
#include "wasifs/root.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  bool json = false;
};

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package or directory")->required();
  app.add_flag("--json", options->json, "Print one JSON object");
  return [options](Io& io) -> Outcome<int> {
    const Outcome<Plan> plan = plan_source(options->source);
    if (!plan) return fail(plan.error());
    io.out << (options->json ? plan_json(*plan) : render_plan(*plan));
    return 0;
  };
}

}  // namespace

const Verb kPlanVerb{
    .name = "plan", .help = "Dry run: mounts, layers, conflicts and their reasons", .add = add};

}  // namespace wasifs::cli
