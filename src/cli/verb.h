// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "cli/cli.h"
#include "wasifs/error.h"

namespace CLI {
class App;
}

namespace wasifs::cli {

/// What a verb does once the command line is parsed. Gives the exit status, or
/// the Diagnostic that run() prints and whose trouble becomes the status.
using Action = std::function<Outcome<int>(Io&)>;

/// One verb of the command line; each lives in a file of its own. `add` gets a
/// fresh CLI::App that already has the name, the help line and --help, adds the
/// options and positionals, and returns the action. Parsed values live in a
/// shared_ptr that both the App and the action hold: `add` is called before the
/// parse, the action after it, and the App outlives both.
struct Verb {
  std::string_view name;
  std::string_view help;  ///< one line, no full stop
  Action (*add)(CLI::App& app);
  /// What stands behind "--" is the guest's: it goes to Io::guest_args unparsed.
  bool guest_args = false;
};

extern const Verb kMountVerb;
extern const Verb kUnmountVerb;
extern const Verb kStatusVerb;
extern const Verb kPlanVerb;
extern const Verb kCheckVerb;
extern const Verb kTreeVerb;
extern const Verb kLsVerb;
extern const Verb kCatVerb;
extern const Verb kStatVerb;
extern const Verb kExplainVerb;
extern const Verb kExtractVerb;
extern const Verb kExportVerb;
extern const Verb kDiffVerb;
extern const Verb kPackVerb;
extern const Verb kUnpackVerb;
extern const Verb kCommitVerb;
extern const Verb kSpecVerb;
extern const Verb kRunVerb;
extern const Verb kWebcVerb;

/// Every verb, in the order of the help text.
[[nodiscard]] std::span<const Verb* const> verbs();

/// A command line that says something impossible: "VERB: MESSAGE", status 2.
[[nodiscard]] Diagnostic usage_error(std::string_view verb, std::string_view message,
                                     std::string_view hint = {});

}  // namespace wasifs::cli
