// SPDX-License-Identifier: Apache-2.0

// That the cases can fail: the runner is run on texts that must not pass.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "transcript.h"

namespace wasifs::test {
namespace {

/// A case that passes, for the tests to spoil.
const std::string kGood =
    "# The directory's file is in the root.\n"
    "-- file site.toml --\n"
    "[root]\n"
    "base = \"empty\"\n"
    "[fs]\n"
    "\"/\" = \"one\"\n"
    "-- file one/a.txt text=A --\n"
    "\n"
    "$ wasifs ls site.toml\n"
    "a.txt\n"
    "\n"
    "# A comment.\n"
    "> rm /a.txt\n"
    "> cat /a.txt\n"
    "= ENOENT\n"
    "$ wasifs cat site.toml /a.txt /b.txt\n"
    "A\n"
    "\\ no newline\n"
    "! error: cannot read \"/b.txt\": No such file or directory\n"
    "= 6\n";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) throw std::logic_error("nothing to replace: " + what);
  return text.replace(at, what.size(), with);
}

/// The one problem of a case that must have one.
std::string problem(const std::string& text) {
  const TranscriptResult result = run_transcript(text, "x.txt");
  EXPECT_EQ(result.problems.size(), 1U);
  return result.problems.empty() ? "" : result.problems.front();
}

std::string error(const std::string& text) {
  try {
    static_cast<void>(run_transcript(text, "x.txt"));
  } catch (const TranscriptError& error) {
    return error.what();
  }
  return "no error";
}

TEST(TranscriptRunner, PassesWhatIsAsExpected) {
  const TranscriptResult result = run_transcript(kGood, "x.txt");
  EXPECT_TRUE(result.problems.empty()) << result.problems.front();
  EXPECT_EQ(result.actual, kGood);
}

TEST(TranscriptRunner, AWrongLineFails) {
  EXPECT_EQ(problem(replaced(kGood, "a.txt\n\n# A", "b.txt\n\n# A")),
            "x.txt:9: $ wasifs ls site.toml\n  - b.txt    (line 10)\n  + a.txt\n");
}

TEST(TranscriptRunner, AMissingLineFails) {
  EXPECT_EQ(problem(replaced(kGood, "\na.txt\n\n", "\n\n")), "x.txt:9: $ wasifs ls site.toml\n  + a.txt\n");
}

TEST(TranscriptRunner, ALineTooManyFails) {
  EXPECT_EQ(problem(replaced(kGood, "\na.txt\n\n", "\na.txt\nb\n\n")),
            "x.txt:9: $ wasifs ls site.toml\n    a.txt\n  - b    (line 11)\n");
}

TEST(TranscriptRunner, AWrongStatusFails) {
  EXPECT_FALSE(problem(replaced(kGood, "= 6\n", "= 5\n")).empty());
  EXPECT_FALSE(problem(replaced(kGood, "= 6\n", "")).empty());
  EXPECT_FALSE(problem(replaced(kGood, "= ENOENT\n", "")).empty());
  EXPECT_FALSE(problem(replaced(kGood, "> rm /a.txt\n", "> rm /a.txt\n= EROFS\n")).empty());
}

TEST(TranscriptRunner, AMissingEndOfTheLastLineIsSeen) {
  EXPECT_FALSE(problem(replaced(kGood, "\\ no newline\n", "")).empty());
  EXPECT_FALSE(problem(replaced(kGood, "text=A", "text=\"A\\n\"")).empty());
}

TEST(TranscriptRunner, ErrorOutputIsNotTakenForOutput) {
  EXPECT_FALSE(problem(replaced(kGood, "! error", "error")).empty());
}

TEST(TranscriptRunner, ActualIsTheCaseAsItWouldPass) {
  std::string bare = replaced(kGood, "\na.txt\n\n", "\n\n");
  bare = replaced(bare, "= ENOENT\n", "");
  bare = replaced(bare, "A\n\\ no newline\n! error: cannot read \"/b.txt\": No such file or directory\n= 6\n",
                  "");
  EXPECT_EQ(run_transcript(bare, "x.txt").actual, kGood);
}

TEST(TranscriptRunner, LinesThatLookLikeTheFormatAreEscaped) {
  const std::string text =
      "# Every such line comes back as it was.\n"
      "-- file site.toml --\n"
      "[fs]\n"
      "\"/\" = \"one\"\n"
      "-- file one/a --\n"
      "|-- dir --\n"
      "|$ x\n"
      "|> x\n"
      "||\n"
      "# in a file no comment\n"
      "! x\n"
      "|\n"
      "\n"
      "$ wasifs cat site.toml /a\n"
      "|-- dir --\n"
      "|$ x\n"
      "|> x\n"
      "||\n"
      "|# in a file no comment\n"
      "\\! x\n"
      "|\n";
  const TranscriptResult result = run_transcript(text, "x.txt");
  EXPECT_TRUE(result.problems.empty()) << result.problems.front();
  EXPECT_EQ(result.actual, text);
}

TEST(TranscriptRunner, WhatTheFormatDoesNotKnowIsAnError) {
  EXPECT_EQ(error("$ wasifs version\n"),
            "x.txt:1: the case does not start with a \"# \" line that says what it asserts");
  EXPECT_EQ(error("# x\n-- dir a --\n"), "x.txt:3: the case has no step, so it asserts nothing");
  EXPECT_EQ(error("# x\nwasifs ls\n"), "x.txt:2: expected a section, a step or a comment, found: wasifs ls");
  EXPECT_EQ(error("# x\n$wasifs ls\n"),
            "x.txt:2: expected a section, a step or a comment, found: $wasifs ls");
  EXPECT_EQ(error("# x\n$ wasifs ls\nout\n# c\nout\n"),
            "x.txt:5: expected a section, a step or a comment, found: out");
  EXPECT_EQ(error("# x\n-- dir a\n$ wasifs ls\n"), "x.txt:2: a section's line ends with \" --\"");
  EXPECT_EQ(error("# x\n-- dri a --\n$ wasifs ls\n"), "x.txt:2: unknown section dri");
  EXPECT_EQ(error("# x\n-- dir a --\nz\n$ wasifs ls\n"), "x.txt:2: this section has no content");
  EXPECT_EQ(error("# x\n-- file a mod=1 --\n$ wasifs ls\n"), "x.txt:2: unknown attribute mod=1");
  EXPECT_EQ(error("# x\n-- file a mode=9 --\n$ wasifs ls\n"), "x.txt:2: 9 is not a number");
  EXPECT_EQ(error("# x\n-- file ../a --\n$ wasifs ls\n"), "x.txt:2: ../a is no path in the case's folder");
  EXPECT_EQ(error("# x\n-- link a b --\n$ wasifs ls\n"), "x.txt:2: expected link PATH -> TARGET");
  EXPECT_EQ(error("# x\n$ rm -r /\n"), "x.txt:2: the only program here is wasifs");
  EXPECT_EQ(error("# x\n$ wasifs 'ls\n"), "x.txt:2: a ' is not closed");
  EXPECT_EQ(error("# x\n-- file site.toml --\n> touhc /a 1\n"), "x.txt:3: unknown operation touhc");
  EXPECT_EQ(error("# x\n-- file site.toml --\n> touch /a\n"), "x.txt:3: wrong number of arguments for touch");
  EXPECT_EQ(error("# x\n-- file site.toml --\n> fread h\n"), "x.txt:3: no handle h is open");
  EXPECT_EQ(error("# x\n> ls /\n").substr(0, 37), "x.txt:2: site.toml cannot be composed");
  EXPECT_EQ(error("# x\n-- package p.webc --\n{\"volume\": {}}\n$ wasifs ls\n"),
            "x.txt:2: package: unknown member volume");
}

TEST(TranscriptRunner, StepsSeeTheCasesFolderAndNothingOfTheEnvironment) {
  ::setenv("WASIFS_TEST_OUTER", "kept", 1);
  const auto before = std::filesystem::current_path();
  EXPECT_EQ(error("# x\n-- file site.toml text=\"\" --\n$ wasifs ls site.toml $DIR/none\n"), "no error");
  const TranscriptResult result = run_transcript(
      "# x\n$ wasifs ls $DIR/none\n! error: source \"$DIR/none\" does not exist\n= 6\n", "x.txt");
  EXPECT_TRUE(result.problems.empty()) << result.problems.front();
  EXPECT_EQ(std::filesystem::current_path(), before);
  EXPECT_STREQ(::getenv("WASIFS_TEST_OUTER"), "kept");
  ::unsetenv("WASIFS_TEST_OUTER");
}

TEST(SplitWords, AsAShellDoes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(split_words("a  'b c' d\"e f\"g "), (Words{"a", "b c", "de fg"}));
  EXPECT_EQ(split_words("\"\\n\\t\\\"\\\\\\x41\" ''"), (Words{"\n\t\"\\A", ""}));
  EXPECT_THROW(static_cast<void>(split_words("\"a")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(split_words("\"\\q\"")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(split_words("\"\\x4\"")), std::invalid_argument);
}

}  // namespace
}  // namespace wasifs::test
