// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/path.h"
#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "fs/archive/tar_writer.h"
#include "inspect/folder_sink.h"
#include "inspect/tar_sink.h"
#include "inspect/tree_copy.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path = "/";
  std::string output;
  bool overwrite = false;
};

void report_losses(Io& io, const std::vector<CopyLoss>& losses) {
  for (const CopyLoss& loss : losses) {
    report(io,
           {.trouble = Trouble::source,
            .message = loss.what + " of " + counted(loss.count, "entry", "entries") +
                       " cannot be kept: " + message(loss.error) + "; the first is " +
                       wasifs::quoted(join_path("/", loss.example))},
           "warning");
  }
}

Outcome<int> to_tar(const Options& options, const Tree& tree, const std::string& path, Io& io) {
  Outcome<std::unique_ptr<TarSink>> sink = TarSink::create(options.output);
  if (!sink) return fail(std::move(sink.error()));
  Outcome<void> done = copy_tree(tree, path, **sink);
  if (done) done = (*sink)->finish();
  report_losses(io, (*sink)->losses());
  return done ? Outcome<int>(0) : fail(std::move(done.error()));
}

Outcome<int> to_directory(const Options& options, const Tree& tree, const std::string& path, Io& io) {
  Outcome<std::unique_ptr<FolderSink>> sink =
      FolderSink::create(options.output, {.overwrite = options.overwrite});
  if (!sink) return fail(std::move(sink.error()));
  Outcome<void> done = copy_tree(tree, path, **sink);
  if (done) done = (*sink)->finish();
  report_losses(io, (*sink)->losses());
  if (done) return 0;
  if (done.error().hint.empty()) done.error().hint = "what is whole stays; --overwrite goes on from there";
  return fail(std::move(done.error()));
}

Outcome<int> extract(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Outcome<std::string> path = path_in(*root->tree, options.path);
  if (!path) return fail(path.error());
  return archive::has_tar_name(options.output) ? to_tar(options, *root->tree, *path, io)
                                               : to_directory(options, *root->tree, *path, io);
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
