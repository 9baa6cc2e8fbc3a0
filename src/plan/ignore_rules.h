// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

namespace wasifs::plan {

/// A pattern for paths: `*` and `?` stop at '/', `**` as a whole component does not;
/// `[a-z]`, `[!a]`, `{one,two}` and `\` as in a shell. Bytes, not characters. Matching
/// takes time in proportion to pattern and path.
class Glob {
 public:
  /// The Diagnostic (Trouble::manifest, no place) says what is not closed.
  [[nodiscard]] static Outcome<Glob> parse(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view path) const;
  /// Of the automaton that the pattern is: what a byte of a path can cost at most.
  [[nodiscard]] std::size_t states() const { return states_.size(); }

 private:
  class Parser;
  class Run;
  /// A state of a nondeterministic automaton: takes one of `bytes` and goes to `next`, or
  /// goes to any of `free` without taking one.
  struct State {
    std::bitset<256> bytes = {};
    std::uint32_t next = 0;
    std::vector<std::uint32_t> free = {};
  };

  /// Most patterns are a text, or a star and a text, which need no automaton.
  bool is_simple_ = false;
  bool starred_ = false;
  std::string literal_;
  std::vector<State> states_;
  std::uint32_t first_ = 0;
  std::uint32_t last_ = 0;
};

/// The lines of a file such as .gitignore, by gitignore(5). Braces have a meaning, as
/// they have for the reference.
class IgnoreRules {
 public:
  enum class Verdict : std::uint8_t { none, ignored, kept };

  /// Trouble::manifest with the line of a pattern that is none. `file` names it.
  [[nodiscard]] static Outcome<IgnoreRules> parse(std::string_view text, const std::string& file);

  [[nodiscard]] bool empty() const { return rules_.empty(); }
  /// What the last line that matches says of a path below the folder of the file.
  [[nodiscard]] Verdict match(std::string_view path, bool is_directory) const;

 private:
  struct Rule {
    Glob glob;
    bool kept = false;
    bool directories_only = false;
    bool name_only = false;  ///< whatever folder the name is in
  };
  [[nodiscard]] Outcome<void> add(std::string_view line);

  std::vector<Rule> rules_;
};

}  // namespace wasifs::plan
