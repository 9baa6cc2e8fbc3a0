// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <ostream>

#include "base/output_file.h"
#include "base/path.h"
#include "cli/compose_flags.h"
#include "cli/fd_stream.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/export_sink.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path = "/";
  std::string format = "json";
  std::string output;
  bool digest = false;
};

Outcome<int> write_to(std::ostream& out, const Options& options, const Tree& tree, const std::string& path) {
  std::unique_ptr<ExportSink> sink;
  if (options.format == "json") {
    sink = std::make_unique<JsonExport>(out, options.digest);
  } else {
    sink = std::make_unique<MtreeExport>(out, options.digest);
  }
  if (auto done = copy_tree(tree, path, *sink); !done) return fail(std::move(done.error()));
  sink->finish();
  return 0;
}

Outcome<int> to_file(const Options& options, const Tree& tree, const std::string& path) {
  Outcome<OutputFile> file = OutputFile::create(options.output);
  if (!file) return fail(std::move(file.error()));
  FdStreambuf buffer(file->fd());
  std::ostream out(&buffer);
  try {
    out.exceptions(std::ios::badbit | std::ios::failbit);
    if (Outcome<int> done = write_to(out, options, tree, path); !done) return done;
    out.flush();
  } catch (const WriteError& error) {
    return fail(Diagnostic{
        .trouble = Trouble::source,
        .message = "cannot write " + wasifs::quoted(options.output) + ": " + error.code().message()});
  }
  if (auto named = file->commit(); !named) return fail(std::move(named.error()));
  return 0;
}

Outcome<int> run_export(const Options& options, Io& io) {
  if (options.format != "json" && options.format != "mtree") {
    return fail(
        usage_error("export", "--format: " + wasifs::quoted(options.format) + " is none of json, mtree"));
  }
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  const Outcome<std::string> path = path_in(*root->tree, options.path);
  if (!path) return fail(path.error());
  return options.output.empty() || options.output == "-" ? write_to(io.out, options, *root->tree, *path)
                                                         : to_file(options, *root->tree, *path);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "What of the tree (default: /)");
  app.add_option("--format", options->format, "json (default) or mtree")->type_name("FORMAT");
  app.add_option("-o,--output", options->output, "Write there instead of printing; -: print")
      ->type_name("FILE");
  app.add_flag("--digest", options->digest, "With the SHA-256 of every file");
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return run_export(*options, io); };
}

}  // namespace

const Verb kExportVerb{
    .name = "export", .help = "Describe the tree, or a part, as JSON or mtree", .add = add};

}  // namespace wasifs::cli
