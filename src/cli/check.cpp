// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/check_report.h"

namespace wasifs::cli {

namespace {

constexpr int kFindings = 1;

struct Options {
  std::string source;
  ComposeOptions compose;
  bool json = false;
};

Outcome<int> check(const Options& options, Io& io) {
  // Its warnings are findings, and are printed as such.
  ComposeOptions looking = options.compose;
  looking.keep_changes = false;
  const Outcome<PreparedRoot> root = compose_source(io, options.source, looking);
  if (!root) return fail(root.error());
  const CheckReport report = check_root(*root, looking.archive_cache);
  if (options.json) {
    print_check_json(io.out, report);
  } else {
    print_check(io.out, report);
  }
  if (report.corrupt()) return static_cast<int>(Trouble::corrupt);
  return report.findings.empty() ? 0 : kFindings;
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_flag("--json", options->json, "Print one JSON object");
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return check(*options, io); };
}

}  // namespace

const Verb kCheckVerb{.name = "check",
                      .help = "Verify contents, report what is shadowed or suspicious",
                      .add = add,
                      .guest_args = true};

}  // namespace wasifs::cli
