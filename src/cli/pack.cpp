// SPDX-License-Identifier: Apache-2.0
#include "plan/pack.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/source_date.h"
#include "cli/verb.h"
#include "cli/written.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  std::string output;
  bool include_ignored = false;
  bool json = false;
};

Outcome<int> run_pack(const Options& options, Io& io) {
  if (options.output == "-") {
    return fail(usage_error("pack", "a package cannot be written to standard output",
                            "name a file: its index is written when the rest is"));
  }
  const Outcome<std::optional<std::uint64_t>> newest = source_date_epoch("pack", io);
  if (!newest) return fail(newest.error());
  const plan::PackOptions how{.include_ignored = options.include_ignored, .newest = *newest};
  if (auto packed = plan::pack(options.source, options.output, how); !packed) {
    return fail(std::move(packed.error()));
  }
  return print_written(options.output, options.json, io);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "A folder, a wasmer.toml, or what unpack has made")->required();
  app.add_option("-o,--output", options->output, "The package")->type_name("FILE.webc")->required();
  app.add_flag("--include-ignored", options->include_ignored,
               "With hidden files, and what .wasmerignore and .gitignore say");
  app.add_flag("--json", options->json, "Print one JSON object");
  return [options](Io& io) { return run_pack(*options, io); };
}

}  // namespace

const Verb kPackVerb{.name = "pack", .help = "Write a package (webc version 3) of a folder", .add = add};

}  // namespace wasifs::cli
