// SPDX-License-Identifier: Apache-2.0
#include "plan/unpack.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/copy_out.h"
#include "cli/verb.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string file;
  CopyTarget target;
};

Outcome<int> run_unpack(const Options& options, Io& io) {
  const Outcome<plan::UnpackedPackage> package = plan::unpack(options.file);
  if (!package) return fail(package.error());
  for (const Diagnostic& warning : package->warnings) report(io, warning, "warning");
  return copy_out(*package->tree, "/", options.target, io);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "A package (*.webc, *.wasmer)")->required();
  add_copy_flags(app, options->target);
  return [options](Io& io) { return run_unpack(*options, io); };
}

}  // namespace

const Verb kUnpackVerb{
    .name = "unpack", .help = "Write a package as the folder that pack makes it of", .add = add};

}  // namespace wasifs::cli
