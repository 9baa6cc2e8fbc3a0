// SPDX-License-Identifier: Apache-2.0
#include "cli/copy_out.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <memory>
#include <system_error>
#include <vector>

#include "base/path.h"
#include "cli/fd_stream.h"
#include "fs/archive/tar_writer.h"
#include "inspect/folder_sink.h"
#include "inspect/tar_sink.h"
#include "inspect/text.h"

namespace wasifs::cli {

namespace {

Outcome<int> to_tar(Outcome<std::unique_ptr<TarSink>> sink, const Tree& tree, const std::string& path,
                    Io& io) {
  if (!sink) return fail(std::move(sink.error()));
  Outcome<void> done = copy_tree(tree, path, **sink);
  if (done) done = (*sink)->finish();
  report_losses(io, (*sink)->losses());
  return done ? Outcome<int>(0) : fail(std::move(done.error()));
}

/// Makes writing to a pipe that nobody reads an error, and not the end of the process.
class NoPipeSignal {
 public:
  NoPipeSignal() : before_(::signal(SIGPIPE, SIG_IGN)) {}
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  ~NoPipeSignal() { ::signal(SIGPIPE, before_); }

 private:
  sighandler_t before_;
};

Outcome<int> to_standard_output(const Tree& tree, const std::string& path, Io& io) {
  if (io.out_is_terminal) {
    return fail(Diagnostic{.trouble = Trouble::usage,
                           .message = "-o -: a tar is nothing to show on a terminal",
                           .hint = "send it to a program or a file, or name one: -o FILE.tar"});
  }
  const NoPipeSignal no_signal;
  try {
    return to_tar(TarSink::to_stream(io.out), tree, path, io);
  } catch (const WriteError& error) {
    if (error.code() != std::errc::broken_pipe) throw;
    // Whoever stops reading knows that it is not whole, and nothing is left to be written.
    io.out.clear();
    return kOutputFailed;
  }
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

void add_copy_flags(CLI::App& app, CopyTarget& target) {
  app.add_option("-o,--output", target.output,
                 "A directory, FILE.tar[.gz|.bz2|.xz|.zst|.lz4], or -: a tar to standard output")
      ->type_name("DIR|FILE|-")
      ->required();
  app.add_flag("--overwrite", target.overwrite, "Into a directory that is not empty; also to resume");
}

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
  if (is_standard_output(target)) return to_standard_output(tree, path, io);
  return archive::has_tar_name(target.output) ? to_tar(TarSink::create(target.output), tree, path, io)
                                              : to_directory(target, tree, path, io);
}

}  // namespace wasifs::cli
