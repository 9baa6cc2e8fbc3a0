// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string_view>

#include "base/path.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "inspect/diff_report.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string a;
  std::string b;
  std::vector<std::string> metadata;
  bool times = false;
  bool content = false;
  bool json = false;
};

/// What is compared; Trouble::usage: a word that means nothing.
Outcome<DiffOptions> compared(const Options& options) {
  DiffOptions all{.times = options.times, .digests = options.json};
  if (options.metadata.empty()) return all;
  all.mode = all.owner = all.xattrs = all.links = false;
  for (const std::string& word : options.metadata) {
    if (word == "mode") {
      all.mode = true;
    } else if (word == "owner") {
      all.owner = true;
    } else if (word == "xattrs") {
      all.xattrs = true;
    } else if (word == "links") {
      all.links = true;
    } else if (word == "times") {
      all.times = true;
    } else if (word != "none") {
      return fail(usage_error("diff", "--metadata: " + wasifs::quoted(word) +
                                          " is none of mode, owner, xattrs, links, times, none"));
    }
  }
  return all;
}

Outcome<int> diff(const Options& options, Io& io) {
  if (options.json && options.content) {
    return fail(usage_error("diff", "--json tells digests of content; it has no place for --content"));
  }
  const Outcome<DiffOptions> what = compared(options);
  if (!what) return fail(what.error());
  const Outcome<PreparedRoot> root_a = open_source(io, options.a);
  if (!root_a) return fail(root_a.error());
  const Outcome<PreparedRoot> root_b = open_source(io, options.b);
  if (!root_b) return fail(root_b.error());
  const DiffSide a{.tree = *root_a->tree, .name = options.a};
  const DiffSide b{.tree = *root_b->tree, .name = options.b};
  Difference found = diff_trees(a, b, *what);
  if (options.json) {
    print_difference_json(io.out, found);
  } else if (options.content) {
    const Problems unread = print_difference_with_content(io.out, a, b, found, text_style(io));
    found.problems.insert(found.problems.end(), unread.begin(), unread.end());
  } else {
    print_difference(io.out, found, text_style(io));
  }
  const int status = report_all(io, found.problems);
  return status != 0 ? status : found.entries.empty() ? 0 : 1;
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("A", options->a, "Manifest, package, archive, image or directory")->required();
  app.add_option("B", options->b, "The same; what is told is what makes it of A")->required();
  app.add_flag("--content", options->content, "With unified diffs of text files");
  app.add_option("--metadata", options->metadata,
                 "What counts beside the content: mode,owner,xattrs,links (default), times; or none")
      ->type_name("LIST")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--times", options->times, "Times of modification count, too");
  app.add_flag("--json", options->json, "Print one JSON object");
  return [options](Io& io) { return diff(*options, io); };
}

}  // namespace

const Verb kDiffVerb{.name = "diff", .help = "Compare two sources; status 1 if they differ", .add = add};

}  // namespace wasifs::cli
