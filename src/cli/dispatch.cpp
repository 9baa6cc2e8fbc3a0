// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/path.h"  // wasifs::quoted, named in full: std::quoted would be found too
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/fd_stream.h"
#include "cli/verb.h"
#include "cli/version.h"

namespace wasifs::cli {

namespace {

/// What mount(8) wants of a helper that met a bug.
constexpr int kHelperBug = 2;

constexpr std::string_view kFooter =
    "SOURCE is a manifest (*.toml), a package (*.webc, *.wasmer), a wasmer.toml or\n"
    "the folder that holds one, an archive (tar, cpio, zip, 7z, ISO 9660), a\n"
    "container image, or any other directory.\n"
    "\n"
    "Exit status: 0 ok, 1 findings or differences, 2 usage, 3 manifest, 4 conflict,\n"
    "5 corrupt package or archive, 6 source missing or unreadable, 7 FUSE\n"
    "unavailable or mount point unusable, 70 a bug. `run`: the guest's own, 134 where\n"
    "it trapped.";

/// CLI11's words in help texts, and ours.
constexpr std::array<std::pair<const char*, const char*>, 4> kLabels{
    {{"SUBCOMMAND", "VERB"}, {"TEXT", ""}, {"REQUIRED", ""}, {"Positionals", "Arguments"}}};

/// The parser of a whole command line and where its values go.
struct CommandLine {
  CLI::App app{"Composes memory, host directories and webc packages into one WASI root."};
  std::string color = "auto";
  bool version = false;
  bool verbose = false;
  std::vector<Action> actions;  ///< in the order of verbs()

  CommandLine();

 private:
  /// For each verb on its own: inherited options would make CLI11 hand a verb's
  /// surplus arguments to its parent as well.
  void add_color(CLI::App& to);
};

CommandLine::CommandLine() {
  app.name("wasifs");
  app.footer(std::string(kFooter));
  app.get_formatter()->column_width(26);
  for (const auto& [word, ours] : kLabels) app.get_formatter()->label(word, ours);
  app.set_help_flag("-h,--help", "Show this help, or that of a verb");
  app.add_flag("--version", version, "Show the version");
  app.add_flag("--verbose", verbose, "With --version: list the libraries as well");
  add_color(app);
  app.require_subcommand(0, 1);
  for (const Verb* verb : verbs()) {
    CLI::App* sub = app.add_subcommand(std::string(verb->name), std::string(verb->help));
    sub->footer("");
    sub->group("Verbs");
    sub->set_help_flag("-h,--help", "Show this help");
    actions.push_back(verb->add(*sub));
    add_color(*sub);
    for (CLI::App* inner : sub->get_subcommands([](CLI::App*) { return true; })) {
      inner->group("Verbs");
      add_color(*inner);
    }
  }
}

void CommandLine::add_color(CLI::App& to) {
  to.add_option("--color", color, "auto (default), always or never")->type_name("WHEN");
}

/// The innermost App that the arguments named.
const CLI::App& selected(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// "webc info", as the user typed it; "" for the program itself.
std::string command_of(const CLI::App& app) {
  std::string name;
  for (const CLI::App* at = &app; at->get_parent() != nullptr; at = at->get_parent()) {
    name = name.empty() ? at->get_name() : at->get_name() + " " + name;
  }
  return name;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

std::string closest(std::string_view word, const std::vector<std::string>& names) {
  return suggest(word, std::vector<std::string_view>(names.begin(), names.end()));
}

std::string help_hint(const std::string& command) {
  return "see \"wasifs " + (command.empty() ? "" : command + " ") + "--help\"";
}

bool takes_verb(const CLI::App& app) { return !verb_names(app).empty(); }

Diagnostic no_verb(const CLI::App& app) {
  std::string names;
  for (const std::string& name : verb_names(app)) names += (names.empty() ? "" : ", ") + name;
  return usage_error(command_of(app), "no verb given; the verbs are " + names);
}

bool looks_like_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

/// The first of the words that looks like an option; behind "--" none does.
std::vector<std::string>::const_iterator find_option(const std::vector<std::string>& words) {
  const auto end = std::ranges::find(words, "--");
  const auto option = std::find_if(words.begin(), end, looks_like_option);
  return option == end ? words.end() : option;
}

/// What CLI11 could not place, or else `complaint`, in our words.
Diagnostic parse_failure(const CLI::App& app, const std::string& complaint) {
  const CLI::App& sub = selected(app);
  const std::string command = command_of(sub);
  const std::vector<std::string> left = app.remaining(true);
  const auto option = find_option(left);
  if (option != left.end()) {
    return usage_error(command, "unknown option " + wasifs::quoted(*option),
                       closest(option->substr(0, option->find('=')), option_names(sub)));
  }
  if (left.empty()) return takes_verb(sub) ? no_verb(sub) : usage_error(command, complaint);
  if (takes_verb(sub)) {
    return usage_error(command, "unknown verb " + wasifs::quoted(left.front()),
                       closest(left.front(), verb_names(sub)));
  }
  const auto all = verbs();
  const auto verb = std::ranges::find(all, command, &Verb::name);
  const bool for_guest = verb != all.end() && (*verb)->guest_args;
  return usage_error(command, "unexpected argument " + wasifs::quoted(left.front()),
                     for_guest ? "the arguments of the guest come behind \"--\"" : "");
}

bool decide_color(std::string_view when, bool is_terminal, bool no_color) {
  return when == "always" || (when == "auto" && is_terminal && !no_color);
}

int run_verb(const CommandLine& line, Io& io) {
  const CLI::App& sub = selected(line.app);
  if (line.version) {
    io.out << version_text(line.verbose);
    return 0;
  }
  if (line.app.get_subcommands().empty()) return report(io, no_verb(sub));
  const CLI::App* chosen = line.app.get_subcommands().front();
  const auto all = verbs();
  const auto verb = std::ranges::find(all, chosen->get_name(), &Verb::name);
  const Outcome<int> outcome = line.actions.at(static_cast<std::size_t>(verb - all.begin()))(io);
  return outcome ? *outcome : report(io, outcome.error());
}

/// How many of the words are the program's own: all, but for a verb that takes
/// arguments of the guest those before "--".
std::size_t count_own_words(std::span<const char* const> words) {
  const auto all = verbs();
  const auto verb_of = [&](std::string_view word) { return std::ranges::find(all, word, &Verb::name); };
  const auto named =
      std::ranges::find_if(words, [&](const char* word) { return verb_of(word) != all.end(); });
  if (named == words.end() || !(*verb_of(*named))->guest_args) return words.size();
  const auto dashes = std::find(named, words.end(), std::string_view("--"));
  return static_cast<std::size_t>(dashes - words.begin());
}

int run_program(std::span<const char* const> argv, Io& io) {
  CommandLine line;
  // For what is wrong with the command line itself.
  io.color_err = decide_color(line.color, io.err_is_terminal, io.no_color);
  const auto words = argv.subspan(argv.empty() ? 0 : 1);
  const auto own = words.first(count_own_words(words));
  if (own.size() < words.size()) {
    const auto behind_dashes = words.subspan(own.size() + 1);
    io.guest_args.assign(behind_dashes.begin(), behind_dashes.end());
  }
  // CLI11 takes the arguments from the back.
  std::vector<std::string> arguments(own.rbegin(), own.rend());
  try {
    line.app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    io.out << line.app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    return report(io, parse_failure(line.app, error.what()));
  }
  // A verb that takes any number of arguments gets unknown options among them.
  const std::vector<std::string> left = line.app.remaining(true);
  if (find_option(left) != left.end()) {
    return report(io, parse_failure(line.app, {}));
  }
  if (line.color != "auto" && line.color != "always" && line.color != "never") {
    return report(
        io, usage_error({}, "--color: " + wasifs::quoted(line.color) + " is none of auto, always, never"));
  }
  io.color_out = decide_color(line.color, io.out_is_terminal, io.no_color);
  io.color_err = decide_color(line.color, io.err_is_terminal, io.no_color);
  return run_verb(line, io);
}

bool is_mount_helper(std::string_view program) {
  program.remove_prefix(program.rfind('/') + 1);  // npos + 1 is 0
  return program == "mount.wasifs" || program == "mount.fuse.wasifs";
}

/// Restores what exceptions() an injected stream had.
class ThrowOnFailure {
 public:
  explicit ThrowOnFailure(std::ostream& stream) : stream_(stream), before_(stream.exceptions()) {
    stream_.exceptions(std::ios::badbit | std::ios::failbit);
  }
  ThrowOnFailure(const ThrowOnFailure&) = delete;
  ThrowOnFailure& operator=(const ThrowOnFailure&) = delete;
  ~ThrowOnFailure() {
    stream_.clear();
    stream_.exceptions(before_);
  }

 private:
  std::ostream& stream_;
  std::ios::iostate before_;
};

int output_failed(Io& io, const std::string& why) {
  io.err << "error: cannot write output: " + why + "\n";
  return kOutputFailed;
}

}  // namespace

int run(std::span<const char* const> argv, Io& io) {
  const bool helper = !argv.empty() && is_mount_helper(argv.front());
  const int bug = helper ? kHelperBug : static_cast<int>(Trouble::bug);
  try {
    const ThrowOnFailure throwing(io.out);
    const int status = helper ? run_mount_helper(argv, io) : run_program(argv, io);
    io.out.flush();
    return status;
  } catch (const WriteError& error) {
    return output_failed(io, error.code().message());
  } catch (const std::ios_base::failure&) {
    return output_failed(io, "the stream failed");
  } catch (const std::exception& error) {
    io.err << "error: internal error: " + std::string(error.what()) + "\n";
    return bug;
  }
}

int report(Io& io, const Diagnostic& diagnostic, std::string_view severity) {
  std::string text = diagnostic.text(severity);
  if (io.color_err) {
    // The word stands after the place, so its first occurrence with the colon
    // and a space on either side is it.
    const std::string word = std::string(severity) + ": ";
    const std::size_t at = text.find(word);
    const std::string_view color = severity == "error" ? "\x1b[1;31m" : "\x1b[1;33m";
    if (at != std::string::npos) {
      text.insert(at + severity.size(), "\x1b[0m");
      text.insert(at, color);
    }
  }
  io.err << text + "\n";
  return static_cast<int>(diagnostic.trouble);
}

std::span<const Verb* const> verbs() {
  static constexpr std::array<const Verb*, 19> kAll{
      &kMountVerb, &kUnmountVerb, &kStatusVerb,  &kPlanVerb,   &kCheckVerb,   &kTreeVerb,   &kLsVerb,
      &kCatVerb,   &kStatVerb,    &kExplainVerb, &kDiffVerb,   &kExtractVerb, &kExportVerb, &kSpecVerb,
      &kRunVerb,   &kPackVerb,    &kUnpackVerb,  &kCommitVerb, &kWebcVerb};
  return kAll;
}

Diagnostic usage_error(std::string_view verb, std::string_view message, std::string_view hint) {
  const std::string command(verb);
  std::string help = help_hint(command);
  return {.trouble = Trouble::usage,
          .message = (command.empty() ? "" : command + ": ") + std::string(message),
          .hint = hint.empty() ? help : std::string(hint)};
}

}  // namespace wasifs::cli
