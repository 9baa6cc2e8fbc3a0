// SPDX-License-Identifier: Apache-2.0
#pragma once

// A case of the composition tests is one text file, tests/data/compositions/NAME.txt.
// A new file is a new test, without compiling anything:
//
//   compositions --gtest_filter='*rule_04*'
//   WASIFS_UPDATE_CASES=1 compositions --gtest_filter='*rule_04*'
//
// The second form writes the outputs that came into the files, as a start or after
// a message has changed. A case whose file it changed fails all the same, so that a
// person looks at the difference before anything counts as expected.
//
// A file looks like this:
//
//   # Of two directories at "/" the earlier one wins.
//   -- file site.toml --
//   [fs]
//   "/" = "one"
//   "/home" = "two"
//   -- file one/a.txt text="from one" --
//   -- dir two mode=0700 --
//
//   $ wasifs cat site.toml /a.txt /nope
//   from one
//   \ no newline
//   ! error: cannot read "/nope": No such file or directory
//   = 6
//
//   # What the tree keeps in memory stays off the host.
//   > rm /a.txt
//   > cat /a.txt
//   = ENOENT
//   > host-cat one/a.txt
//   "from one"
//
// Comments. The lines at the top that start with "#" say what the case asserts;
// there must be one. Further ones may stand before a step.
//
// Sections make something in the case's own new folder, in the order of the file,
// and with the directories above it. Names are relative to the folder.
//   -- file PATH [mode=0640] [mtime=SECONDS] --    what follows, up to the next section
//                                                  or step, without blank lines at the end
//   -- file PATH [mode=] [mtime=] text="a\n" --    exactly that text
//   -- dir PATH [mode=] [mtime=] --
//   -- link PATH -> TARGET --
//   -- package PATH --                             a webc file; what follows is JSON, see
//                                                  package_text.h
// Modes are 0644 and 0755 and times 1000000000 where nothing else is said, so that
// what is listed is the same every time.
//
// Steps run in the order of the file, with the folder as the working directory and
// with no environment but what the step sets.
//   $ [NAME=VALUE...] wasifs ARGUMENT...    the program, in this process
//   > OPERATION ARGUMENT...                 something done to one composed root that
//                                           lives until the end of the case, see
//                                           root_operations.h; "site.toml" unless
//                                           "> open SOURCE" says otherwise
// Words are split as a shell does: 'verbatim', "with \n, \t, \0, \xNN, \" and \\".
// The word $DIR, or a word that starts with it, means the folder's path.
//
// Output. The lines after a step are what it must print: standard output as it is,
// then standard error with "! " before each line, then "= STATUS" if the program
// fails or "= ERRNO" if an operation does; nothing where there is nothing. The
// folder's path comes as $DIR, control characters and bytes that are no UTF-8 as
// \xNN. "\ no newline" tells that the last line has no end; a line of standard output
// that itself starts with "!", "=" or "\" has a "\" in front. Blank lines before a
// step are layout.
//
// Everywhere a line that starts with "|" means the rest of it, whatever that looks
// like. Anything else that the format does not know is a failure.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wasifs::test {

/// What is wrong with a case as such: "NAME.txt:12: unknown operation ..."; the
/// case then fails, whatever its steps would have done.
class TranscriptError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A section or a step, and the lines that belong to it.
struct TranscriptItem {
  enum class Kind : unsigned char { section, program, operation };

  Kind kind = Kind::section;
  std::size_t line = 0;            ///< of `words`, counted from 1
  std::vector<std::string> words;  ///< without "--", "$" or ">"
  std::vector<std::string> body;   ///< content or expected output, unescaped
  std::size_t body_end = 0;        ///< the first line behind the body
};

/// A case, read but not run.
struct Transcript {
  std::string name;
  std::vector<std::string> lines;  ///< of the file, as they are
  std::vector<TranscriptItem> items;

  /// Throws TranscriptError.
  [[nodiscard]] static Transcript parse(std::string_view text, const std::string& name);
  /// The file with other outputs: one for each step, in order.
  [[nodiscard]] std::string with_outputs(const std::vector<std::vector<std::string>>& outputs) const;
  [[noreturn]] void fail(const TranscriptItem& item, const std::string& what) const;
};

/// What came of running a case.
struct TranscriptResult {
  std::vector<std::string> problems;  ///< a step that printed something else, each; empty: passed
  std::string actual;                 ///< the file as it would be with what was printed
};

/// Runs the case `text`. Changes the working directory and the environment of the
/// process meanwhile, so not beside other threads. Throws TranscriptError.
[[nodiscard]] TranscriptResult run_transcript(std::string_view text, const std::string& name);

/// `line` as it stands in a body: with "|" in front where it would mean something else.
[[nodiscard]] std::string escape_line(const std::string& line);

/// The lines of `text`; the last one needs no end.
[[nodiscard]] std::vector<std::string> split_lines(std::string_view text);

/// Words as a shell splits them. Throws std::invalid_argument.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

}  // namespace wasifs::test
