// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/path.h"
#include "cli/compose_flags.h"
#include "cli/copy_out.h"
#include "cli/source.h"
#include "cli/verb.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path = "/";
  std::string output;
  bool overwrite = false;
};

Outcome<int> extract(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Outcome<std::string> path = path_in(*root->tree, options.path);
  if (!path) return fail(path.error());
  return copy_out(*root->tree, *path, {.output = options.output, .overwrite = options.overwrite}, io);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "What of the tree (default: /)");
  app.add_option("-o,--output", options->output, "A directory, or FILE.tar[.gz|.bz2|.xz|.zst|.lz4]")
      ->type_name("DIR|FILE")
      ->required();
  app.add_flag("--overwrite", options->overwrite, "Into a directory that is not empty; also to resume");
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return extract(*options, io); };
}

}  // namespace

const Verb kExtractVerb{
    .name = "extract", .help = "Write the tree, or a part, to a directory or tar", .add = add};

}  // namespace wasifs::cli
