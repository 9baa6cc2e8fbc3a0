// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/listing.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path = "/";
  bool long_form = false;
  bool json = false;
};

Outcome<int> list(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Outcome<std::vector<Listed>> entries = list_path(*root->tree, options.path);
  if (!entries) return fail(entries.error());
  if (options.json) {
    print_listing_json(io.out, *entries);
  } else if (options.long_form) {
    print_long_listing(io.out, *entries, text_style(io));
  } else {
    print_names(io.out, *entries, text_style(io));
  }
  return 0;
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "Directory or file to list (default: /)");
  app.add_flag("-l", options->long_form, "Mode, links, owner, group, size and time as well");
  app.add_flag("--json", options->json, "Print one JSON object");
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return list(*options, io); };
}

}  // namespace

const Verb kLsVerb{.name = "ls", .help = "List a directory of the composed tree", .add = add};

}  // namespace wasifs::cli
