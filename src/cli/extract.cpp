// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/compose_flags.h"
#include "cli/copy_out.h"
#include "cli/own_output.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "fs/archive/tar_writer.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path = "/";
  CopyTarget target;
};

Outcome<int> extract(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Outcome<std::string> path = path_in(*root->tree, options.path);
  if (!path) return fail(path.error());
  if (!is_standard_output(options.target)) {
    const bool is_directory = !archive::has_tar_name(options.target.output);
    const Outcome<void> apart = check_own_output(*root, *path, options.target.output, is_directory);
    if (!apart) return fail(apart.error());
  }
  return copy_out(*root->tree, *path, options.target, io);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "What of the tree (default: /)");
  add_copy_flags(app, options->target);
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return extract(*options, io); };
}

}  // namespace

const Verb kExtractVerb{
    .name = "extract", .help = "Write the tree, or a part, to a directory or tar", .add = add};

}  // namespace wasifs::cli
