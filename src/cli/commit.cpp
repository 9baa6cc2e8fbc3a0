// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/path.h"
#include "cli/commit_source.h"
#include "cli/compose_flags.h"
#include "cli/copy_out.h"
#include "cli/source_date.h"
#include "cli/verb.h"
#include "cli/written.h"
#include "fs/archive/tar_writer.h"
#include "inspect/layer.h"
#include "inspect/merged_package.h"
#include "inspect/tar_sink.h"
#include "inspect/text.h"

namespace wasifs::cli {

namespace {

struct Options {
  CommitRequest request;
  bool json = false;
};

Outcome<int> write_layer(const Options& options, const CommitSource& source, Io& io) {
  Outcome<std::unique_ptr<TarSink>> sink = TarSink::create(options.request.output);
  if (!sink) return fail(std::move(sink.error()));
  std::vector<CopyLoss> losses;
  const Outcome<LayerCounts> counts = copy_layer(source.tree(), source.changes(), **sink, losses);
  if (!counts) return fail(counts.error());
  if (auto done = (*sink)->finish(); !done) return fail(std::move(done.error()));
  report_losses(io, losses);
  report_losses(io, (*sink)->losses());
  if (counts->entries == 0) {
    const std::string where = wasifs::quoted(options.request.source);
    report(io, {.message = "nothing was changed in " + where + "; the layer is empty"}, "note");
  }
  return print_written(
      options.request.output, options.json, io,
      {{"entries", counts->entries}, {"whiteouts", counts->whiteouts}, {"opaque", counts->opaque}});
}

Outcome<int> write_package(const Options& options, const CommitSource& source, Io& io) {
  const Outcome<std::optional<std::uint64_t>> newest = source_date_epoch("commit", io);
  if (!newest) return fail(newest.error());
  const Outcome<std::string> described = source.described();
  if (!described) return fail(described.error());
  std::vector<CopyLoss> losses;
  const Outcome<MergedPackageCounts> counts =
      write_merged_package(source.tree(), source.changes(), {.described = *described, .newest = *newest},
                           options.request.output, losses);
  if (!counts) return fail(counts.error());
  report_losses(io, losses);
  if (counts->unused != 0) {
    report(io,
           {.trouble = Trouble::source,
            .message = counted(counts->unused, "program") + " that no command runs cannot be kept",
            .hint = "make the package of its folder, with pack, to have all of them"},
           "warning");
  }
  return print_written(
      options.request.output, options.json, io,
      {{"entries", counts->entries}, {"commands", counts->commands}, {"programs", counts->programs}});
}

Outcome<int> commit(const Options& options, Io& io) {
  const CommitRequest& request = options.request;
  if (!request.merged() && !archive::has_tar_name(request.output)) {
    return fail(usage_error("commit",
                            wasifs::quoted(request.output) + " has the name of neither a layer nor a package",
                            "*.tar, *.tar.gz, .bz2, .xz, .zst or .lz4, and *.webc are written"));
  }
  const Outcome<CommitSource> source = CommitSource::open(request, io);
  if (!source) return fail(source.error());
  return request.merged() ? write_package(options, *source, io) : write_layer(options, *source, io);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CommitRequest& request = options->request;
  app.add_option("SOURCE", request.source, "A mount, a composition, or an upper of the host")->required();
  app.add_option("-o,--output", request.output, "FILE.tar[.gz|.bz2|.xz|.zst|.lz4] or FILE.webc")
      ->type_name("FILE")
      ->required();
  app.add_option("--upper", request.compose.upper, "What was changed in the root of a composition")
      ->type_name("DIR");
  app.add_flag("--json", options->json, "Print one JSON object");
  add_compose_flags(app, request.compose);
  return [options](Io& io) { return commit(*options, io); };
}

}  // namespace

const Verb kCommitVerb{.name = "commit", .help = "Write what was changed as a layer or package", .add = add};

}  // namespace wasifs::cli
