// SPDX-License-Identifier: Apache-2.0
#include <ostream>
#include <string>
#include <string_view>

#include "base/path.h"
#include "cli/cli.h"
#include "cli/mount_request.h"
#include "cli/verb.h"
#include "cli/version.h"

namespace wasifs::cli {

namespace {

// What mount(8) says an exit status means.
constexpr int kUsage = 1;
constexpr int kSystemError = 2;
constexpr int kFailure = 32;

constexpr std::string_view kHelp =
    "Usage: mount.wasifs SPEC DIR [-fnsvhV] [-N NAMESPACE] [-o OPT,...] [-t TYPE]\n"
    "\n"
    "Called by mount(8) for the types wasifs and fuse.wasifs.\n"
    "  -f  fake: do everything but the mount     -s  sloppy: accept unknown options\n"
    "  -n  ignored: there is no /etc/mtab        -v  say what is mounted\n"
    "  -N  a process id or namespace file: mount in its mount namespace\n"
    "  -h  this help                             -V  the version\n";

struct HelperLine {
  MountRequest request;
  bool verbose = false;
  bool help = false;
  bool version = false;
};

std::unexpected<Diagnostic> usage(std::string text) {
  return fail(Diagnostic{.trouble = Trouble::usage,
                         .message = "mount.wasifs: " + std::move(text),
                         .hint = "see \"mount.wasifs -h\""});
}

/// Applies a letter without a value. False: it is none.
bool apply_letter(HelperLine& line, char letter) {
  switch (letter) {
    case 'f':
      line.request.fake = true;
      return true;
    case 's':
      line.request.sloppy = true;
      return true;
    case 'n':
      return true;
    case 'v':
      line.verbose = true;
      return true;
    case 'h':
      line.help = true;
      return true;
    case 'V':
      line.version = true;
      return true;
    default:
      return false;
  }
}

void apply_value(HelperLine& line, char letter, std::string value) {
  if (letter == 'o') line.request.options.push_back(std::move(value));
  if (letter == 'N') line.request.mount_namespace = std::move(value);
  // -t says wasifs or fuse.wasifs, which our name says already.
}

/// One word of letters, "-fo": the value of a last o, N or t is the rest of the
/// word or the next word. Advances `at` past what it used.
Outcome<void> parse_letters(HelperLine& line, std::span<const char* const> argv, std::size_t& at) {
  const std::string_view word = argv[at++];
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (apply_letter(line, word[i])) continue;
    if (word[i] != 'o' && word[i] != 'N' && word[i] != 't') {
      return usage("unknown option " + wasifs::quoted(std::string("-") + word[i]));
    }
    if (i + 1 < word.size()) {
      apply_value(line, word[i], std::string(word.substr(i + 1)));
    } else if (at < argv.size()) {
      apply_value(line, word[i], argv[at++]);
    } else {
      return usage("option " + wasifs::quoted(std::string("-") + word[i]) + " needs a value");
    }
    return {};
  }
  return {};
}

Outcome<HelperLine> parse(std::span<const char* const> argv) {
  HelperLine line;
  std::vector<std::string> words;
  bool letters = true;
  for (std::size_t at = 1; at < argv.size();) {
    const std::string_view word = argv[at];
    if (letters && word == "--") {
      letters = false;
      ++at;
    } else if (letters && word.size() > 1 && word.front() == '-') {
      if (const Outcome<void> parsed = parse_letters(line, argv, at); !parsed) return fail(parsed.error());
    } else {
      words.emplace_back(argv[at++]);
    }
  }
  if (line.help || line.version) return line;
  if (words.size() != 2) return usage("want SPEC and DIR, got " + std::to_string(words.size()) + " words");
  line.request.source = words[0];
  line.request.mount_point = words[1];
  return line;
}

int helper_status(const Diagnostic& diagnostic) {
  switch (diagnostic.trouble) {
    case Trouble::usage:
      return kUsage;
    case Trouble::bug:
      return kSystemError;
    default:
      return kFailure;
  }
}

}  // namespace

int run_mount_helper(std::span<const char* const> argv, Io& io) {
  const Outcome<HelperLine> line = parse(argv);
  if (!line) {
    report(io, line.error());
    return helper_status(line.error());
  }
  if (line->help) io.out << kHelp;
  if (line->version) io.out << version_text(false);
  if (line->help || line->version) return 0;

  const Outcome<int> outcome = run_mount(line->request, io);
  if (!outcome) {
    report(io, outcome.error());
    return helper_status(outcome.error());
  }
  if (line->verbose) {
    io.out << line->request.source << " mounted on " << line->request.mount_point << ".\n";
  }
  return *outcome;
}

}  // namespace wasifs::cli
