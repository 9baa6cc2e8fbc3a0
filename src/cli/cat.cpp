// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <vector>

#include "cli/compose_flags.h"
#include "cli/source.h"
#include "cli/verb.h"

namespace wasifs::cli {

namespace {

constexpr std::size_t kChunk = 256 * 1024;

struct Options {
  std::string source;
  ComposeOptions compose;
  std::string path;
  std::vector<std::string> more_paths;
};

/// Copies one file to `out`. What was read before a failure has been written.
Status copy(const Tree& tree, const std::string& path, std::vector<std::byte>& buffer, std::ostream& out) {
  const Result<VNode> node = tree.resolve(path);
  if (!node) return fail(node.error());
  const Result<FilePtr> file = tree.open(*node, {.read = true});
  if (!file) return fail(file.error());
  for (std::uint64_t offset = 0;;) {
    const Result<std::size_t> got = (*file)->read_at(offset, buffer);
    if (!got) return fail(got.error());
    out.write(reinterpret_cast<const char*>(buffer.data()), static_cast<std::streamsize>(*got));
    // A file that grows meanwhile is followed; a short read alone is no end.
    if (*got == 0) return {};
    offset += *got;
  }
}

Outcome<int> print(const Options& options, Io& io) {
  const Outcome<PreparedRoot> root = open_source(io, options.source, options.compose);
  if (!root) return fail(root.error());
  std::vector<std::byte> buffer(kChunk);
  Problems problems;
  const auto print_one = [&](const std::string& path) {
    const Status copied = copy(*root->tree, path, buffer, io.out);
    if (!copied) problems.push_back(path_error("read", path, copied.error()));
  };
  print_one(options.path);
  for (const std::string& path : options.more_paths) print_one(path);
  return report_all(io, problems);
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("SOURCE", options->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("PATH", options->path, "Files to print, one after the other")->required()->type_name("...");
  add_compose_flags(app, options->compose);
  // Not a list option: CLI11 would take a file named "[a,b]" for two values.
  app.allow_extras();
  return [options, &app](Io& io) {
    options->more_paths = app.remaining();
    const auto dashes = std::ranges::find(options->more_paths, "--");
    if (dashes != options->more_paths.end()) options->more_paths.erase(dashes);
    return print(*options, io);
  };
}

}  // namespace

const Verb kCatVerb{.name = "cat", .help = "Print files of the composed tree", .add = add};

}  // namespace wasifs::cli
