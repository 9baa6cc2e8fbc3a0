// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <sstream>
#include <vector>

#include "base/path.h"
#include "cli/compose_flags.h"
#include "cli/guest.h"
#include "cli/source.h"
#include "cli/trace.h"
#include "cli/verb.h"

namespace wasifs::cli {

namespace {

/// What CLI11 takes --trace without a file for; a file of that name is "./true".
constexpr std::string_view kToErr = "true";

constexpr std::string_view kFooter =
    "A PROGRAM with a slash in it or with .wasm at its end is a file of the host.\n"
    "The arguments of the guest come behind \"--\".\n"
    "\n"
    "Paths: wasix lets an absolute path start at the root whatever the descriptor,\n"
    "and gives descriptors 0 to 2 an empty preopen name; strict refuses both.\n"
    "\n"
    "Of the guest's relative names, only those that begin with \"./\" are sure to start\n"
    "at --cwd: most C libraries take the others from the root.\n"
    "\n"
    "Exit status: the guest's own, its low byte, or 255 where that would make a\n"
    "success of a failure; 134 where it trapped. Errors of wasifs have their own\n"
    "and say \"error: \".";

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string program;
  std::string trace;  ///< "": none
  std::string paths = "wasix";
};

/// A program that is a file of the host. Commands of packages have no slash in
/// their names, and whoever writes ".wasm" means a file.
bool is_host_file(std::string_view program) { return program.contains('/') || program.ends_with(".wasm"); }

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
}

Outcome<Program> read_host_program(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  // An empty file sets failbit, too.
  if (file && file.peek() != std::ifstream::traits_type::eof()) bytes << file.rdbuf();
  if (!file.is_open() || file.bad()) {
    return fail(Diagnostic{.trouble = Trouble::source,
                           .message = "program " + wasifs::quoted(path) + ": " +
                                      message(errno != 0 ? static_cast<Errc>(errno) : Errc::eio),
                           .hint = "with a slash or \".wasm\" it is a file of the host, not of the tree"});
  }
  return Program{.name = path, .bytes = std::move(bytes).str()};
}

Diagnostic no_command(const std::string& source, const RunSpec& run) {
  if (run.choices.empty()) {
    return usage_error("run", wasifs::quoted(source) + " has no command that could be run",
                       "name a WebAssembly file of the host: wasifs run SOURCE FILE.wasm");
  }
  std::string names;
  for (const std::string& name : run.choices) names += (names.empty() ? "" : ", ") + wasifs::quoted(name);
  return usage_error("run", wasifs::quoted(source) + " has several commands and none is the default",
                     "name one of " + names);
}

/// The command's program as the guest itself would find it.
Outcome<Program> read_command(const std::string& source, const PreparedRoot& root) {
  const std::string& command = root.plan.run.command;
  if (command.empty()) return fail(no_command(source, root.plan.run));
  Errc why = Errc::enoent;
  // An image names its program by its path.
  if (command.starts_with('/')) {
    Result<std::string> bytes = root.tree->read_file(command);
    if (bytes) return Program{.name = command, .bytes = *std::move(bytes), .packaged = true};
    return fail(Diagnostic{.trouble = Trouble::source,
                           .message = "program " + wasifs::quoted(command) + ": " + message(bytes.error()),
                           .hint = "see what is there: wasifs tree " + source});
  }
  for (const char* directory : {"/bin/", "/usr/bin/"}) {
    Result<std::string> bytes = root.tree->read_file(directory + command);
    if (bytes) return Program{.name = command, .bytes = *std::move(bytes), .packaged = true};
    if (bytes.error() != Errc::enoent) why = bytes.error();
  }
  return fail(Diagnostic{.trouble = Trouble::source,
                         .message = "command " + wasifs::quoted(command) +
                                    ": its program is not in /bin or /usr/bin: " + message(why),
                         .hint = "see what is mounted there: wasifs plan " + source});
}

/// Where the lines of --trace go; null: nowhere.
using TraceSink = std::shared_ptr<std::ostream>;

Outcome<TraceSink> open_trace(Io& io, const std::string& where) {
  if (where.empty()) return nullptr;
  // The stream of `io` is not the pointer's to delete.
  if (where == kToErr) return TraceSink(&io.err, [](std::ostream*) {});
  errno = 0;
  auto file = std::make_shared<std::ofstream>(where, std::ios::binary | std::ios::trunc);
  if (*file) return file;
  return fail(Diagnostic{.trouble = Trouble::source,
                         .message = "--trace " + wasifs::quoted(where) + ": " +
                                    message(errno != 0 ? static_cast<Errc>(errno) : Errc::eio)});
}

wasi::ContextOptions context_options(const Options& options, const RunSpec& run, Io& io,
                                     const TraceSink& trace) {
  wasi::ContextOptions context = wasi::ContextOptions::of(run);
  if (run.command.empty()) context.args.insert(context.args.begin(), file_name(options.program));
  context.stdio = guest_streams(io);
  if (options.paths == "wasix") {
    context.paths = wasi::PathPolicy::wasix;
    context.layout = wasi::Layout::wasmer;
  }
  if (trace) {
    // Flushed line by line: whatever ends the guest, what it did before is there.
    context.trace = [trace](const wasi::TraceEvent& event) { *trace << trace_line(event) << std::flush; };
  }
  return context;
}

Outcome<int> run_program(const Options& options, Io& io) {
  if (engine::engine_name().empty()) return fail(no_engine());
  if (options.paths != "strict" && options.paths != "wasix") {
    return fail(
        usage_error("run", "--paths: " + wasifs::quoted(options.paths) + " is none of strict, wasix"));
  }
  const bool from_host = is_host_file(options.program);
  ComposeOptions compose = options.compose;
  if (from_host) {
    compose.command = "";
  } else if (!options.program.empty()) {
    compose.command = options.program;
  }
  const Outcome<PreparedRoot> root = open_runnable(io, options.source, compose);
  if (!root) return fail(root.error());
  const Outcome<Program> program =
      from_host ? read_host_program(options.program) : read_command(options.source, *root);
  if (!program) return fail(program.error());
  const Outcome<TraceSink> trace = open_trace(io, options.trace);
  if (!trace) return fail(trace.error());
  const RunSpec& run = root->plan.run;
  auto context = wasi::Context::create(root->tree, context_options(options, run, io, *trace));
  if (!context) return fail(context.error());
  // The guest may write to the descriptor below it.
  io.out.flush();
  const engine::Ended ended = run_guest(*program, run.entry_function, **context);
  if (*trace && !**trace) {
    report(io, Diagnostic{.trouble = Trouble::source,
                          .message = "--trace " + wasifs::quoted(options.trace) +
                                     ": it could not be written, and is not whole"});
  }
  return guest_status(io, *program, run.entry_function, ended);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PROGRAM", options->program, "A command of it, or a .wasm file; default: its own");
  app.add_flag("--trace", options->trace, "A JSON line for each call, on stderr; or --trace=FILE");
  app.add_option("--paths", options->paths, "wasix (default), as wasmer has them, or strict")
      ->type_name("POLICY");
  app.footer(std::string(kFooter));
  add_compose_flags(app, options->compose);
  return [options](Io& io) { return run_program(*options, io); };
}

}  // namespace

const Verb kRunVerb{.name = "run",
                    .help = "Run a package's command or a .wasm file on the tree",
                    .add = add,
                    .guest_args = true};

}  // namespace wasifs::cli
