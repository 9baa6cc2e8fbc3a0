// SPDX-License-Identifier: Apache-2.0
#include "cli/copy_out.h"

#include <memory>
#include <vector>

#include "base/path.h"
#include "fs/archive/tar_writer.h"
#include "inspect/folder_sink.h"
#include "inspect/tar_sink.h"
#include "inspect/text.h"

namespace wasifs::cli {

namespace {

Outcome<int> to_tar(const CopyTarget& options, const Tree& tree, const std::string& path, Io& io) {
  Outcome<std::unique_ptr<TarSink>> sink = TarSink::create(options.output);
  if (!sink) return fail(std::move(sink.error()));
  Outcome<void> done = copy_tree(tree, path, **sink);
  if (done) done = (*sink)->finish();
  report_losses(io, (*sink)->losses());
  return done ? Outcome<int>(0) : fail(std::move(done.error()));
}

Outcome<int> to_directory(const CopyTarget& options, const Tree& tree, const std::string& path, Io& io) {
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

}  // namespace

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

Outcome<int> copy_out(const Tree& tree, const std::string& path, const CopyTarget& target, Io& io) {
  return archive::has_tar_name(target.output) ? to_tar(target, tree, path, io)
                                              : to_directory(target, tree, path, io);
}

}  // namespace wasifs::cli
