// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sstream>

#include "cli_runner.h"
#include "inspect/text.h"

namespace wasifs {
namespace {

using test::Ran;
using test::run_cli;

const std::vector<std::string> kVerbs{"mount", "unmount", "status",  "plan", "check", "tree",   "ls",
                                      "cat",   "stat",    "explain", "spec", "run",   "commit", "webc"};

TEST(Usage, VersionIsOneLine) {
  const Ran ran = run_cli({"--version"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "wasifs 0.1.0\n");
  EXPECT_EQ(ran.err, "");
}

TEST(Usage, VerboseVersionNamesEveryLibrary) {
  const Ran ran = run_cli({"--version", "--verbose"});
  EXPECT_EQ(ran.status, 0);
  for (const char* library :
       {"libfuse 3.", "nettle 3.", "zlib 1.", "toml++ 3.", "nlohmann-json 3.", "CLI11 2.", "spdlog 1."}) {
    EXPECT_NE(ran.out.find("library: " + std::string(library)), std::string::npos) << library << "\n"
                                                                                   << ran.out;
  }
  EXPECT_NE(ran.out.find("\ncompiler: "), std::string::npos);
}

TEST(Usage, HelpGoesToOutAndListsEveryVerbAndStatus) {
  const Ran ran = run_cli({"--help"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  for (const std::string& verb : kVerbs)
    EXPECT_NE(ran.out.find("\n  " + verb + " "), std::string::npos) << verb;
  EXPECT_NE(ran.out.find("Exit status: 0 ok"), std::string::npos);
}

TEST(Usage, EveryHelpFitsEightyColumns) {
  std::vector<std::vector<std::string>> pages{{"--help"}};
  for (const std::string& verb : kVerbs) pages.push_back({verb, "--help"});
  for (const char* verb : {"info", "ls", "verify"}) pages.push_back({"webc", verb, "--help"});
  for (const auto& page : pages) {
    const Ran ran = run_cli(page);
    EXPECT_EQ(ran.status, 0);
    EXPECT_NE(ran.out.find("Usage: wasifs"), std::string::npos) << ran.out;
    std::istringstream lines(ran.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80U) << line;
  }
}

TEST(Usage, NoVerbIsAnErrorThatNamesTheVerbs) {
  const Ran ran = run_cli({});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err,
            "error: no verb given; the verbs are mount, unmount, status, plan, check, tree, ls, cat, stat, "
            "explain, diff, extract, export, "
            "spec, run, pack, unpack, commit, webc\n"
            "hint: see \"wasifs --help\"\n");
}

TEST(Usage, AnUnknownVerbGetsTheNearestOneAsAHint) {
  const Ran ran = run_cli({"tere", "x"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: unknown verb \"tere\"\nhint: did you mean \"tree\"?\n");
}

TEST(Usage, AVerbLikeNoOtherGetsTheHelpAsAHint) {
  const Ran ran = run_cli({"frobnicate"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: unknown verb \"frobnicate\"\nhint: see \"wasifs --help\"\n");
}

TEST(Usage, AnUnknownOptionGetsTheNearestOneAsAHint) {
  const Ran ran = run_cli({"tree", "--jsno", "/tmp"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: tree: unknown option \"--jsno\"\nhint: did you mean \"--json\"?\n");
}

TEST(Usage, AnUnknownOptionIsToldBeforeAMissingArgument) {
  const Ran ran = run_cli({"tree", "-q"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: tree: unknown option \"-q\"\nhint: see \"wasifs tree --help\"\n");
}

TEST(Usage, AMissingSourceIsNamed) {
  for (const char* verb : {"plan", "tree", "ls"}) {
    const Ran ran = run_cli({verb});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, "error: " + std::string(verb) + ": SOURCE is required\nhint: see \"wasifs " + verb +
                           " --help\"\n");
  }
}

TEST(Usage, AMissingPathIsNamed) {
  EXPECT_EQ(run_cli({"stat", "/tmp"}).err,
            "error: stat: PATH is required\nhint: see \"wasifs stat --help\"\n");
  const Ran ran = run_cli({"cat", "/tmp"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: cat: PATH is required\nhint: see \"wasifs cat --help\"\n");
}

TEST(Usage, ATooLongCommandLineNamesWhatIsTooMuch) {
  const Ran ran = run_cli({"tree", "/tmp", "/", "more"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "error: tree: unexpected argument \"more\"\nhint: see \"wasifs tree --help\"\n");
}

TEST(Usage, WebcWantsAVerbOfItsOwn) {
  const Ran none = run_cli({"webc"});
  EXPECT_EQ(none.status, 2);
  EXPECT_EQ(none.err,
            "error: webc: no verb given; the verbs are info, ls, verify\nhint: see \"wasifs webc --help\"\n");
  const Ran wrong = run_cli({"webc", "verfy", "x"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_EQ(wrong.err, "error: webc: unknown verb \"verfy\"\nhint: did you mean \"verify\"?\n");
  const Ran no_file = run_cli({"webc", "info"});
  EXPECT_EQ(no_file.status, 2);
  EXPECT_EQ(no_file.err, "error: webc info: FILE is required\nhint: see \"wasifs webc info --help\"\n");
}

TEST(Usage, ColorTakesThreeWords) {
  const Ran ran = run_cli({"--color=maybe", "tree", "/tmp"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "error: --color: \"maybe\" is none of auto, always, never\nhint: see \"wasifs --help\"\n");
}

TEST(Usage, ErrorsAreColouredOnATerminalUnlessNoColorIsSet) {
  const std::string red = "\x1b[1;31merror\x1b[0m: ";
  EXPECT_EQ(run_cli({"nonsense"}, {.err = true}).err.find(red), 0U);
  EXPECT_EQ(run_cli({"nonsense"}, {.err = true, .no_color = true}).err.find('\x1b'), std::string::npos);
  EXPECT_EQ(run_cli({"tree", "/nowhere"}).err.find('\x1b'), std::string::npos);
  EXPECT_EQ(run_cli({"--color=always", "tree", "/nowhere"}).err.find(red), 0U);
  EXPECT_EQ(run_cli({"tree", "/nowhere", "--color", "never"}, {.err = true}).err.find('\x1b'),
            std::string::npos);
}

TEST(Report, ColoursTheWordAfterThePlace) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  cli::Io io{.in = in, .out = out, .err = err, .color_err = true};
  const Diagnostic diagnostic{.trouble = Trouble::manifest,
                              .message = "wrong",
                              .where = {.file = "a.toml", .line = 3, .column = 4},
                              .hint = "do better"};
  EXPECT_EQ(cli::report(io, diagnostic, "warning"), 3);
  EXPECT_EQ(err.str(), "a.toml:3:4: \x1b[1;33mwarning\x1b[0m: wrong\nhint: do better\n");
}

/// A device that is full.
class Full final : public std::streambuf {
 protected:
  int_type overflow(int_type) override { return traits_type::eof(); }
};

TEST(Output, ThatCannotBeWrittenIsStatusOne) {
  std::istringstream in;
  Full full;
  std::ostream out(&full);
  std::ostringstream err;
  cli::Io io{.in = in, .out = out, .err = err};
  const std::vector<const char*> argv{"wasifs", "--version"};
  EXPECT_EQ(cli::run(argv, io), 1);
  EXPECT_EQ(err.str(), "error: cannot write output: the stream failed\n");
}

}  // namespace
}  // namespace wasifs
