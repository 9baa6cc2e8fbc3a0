// SPDX-License-Identifier: Apache-2.0
#include "plan/ignore_rules.h"

#include <ranges>
#include <string>
#include <utility>

#include "base/path.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kSpaces = " \t\r\n\v\f";
/// Braces in one another.
constexpr unsigned kMaxDepth = 16;
/// A path has no more. What a pattern costs grows with its length.
constexpr std::size_t kMaxPattern = 4096;

std::bitset<256> all_but_slash() {
  std::bitset<256> bytes;
  bytes.set();
  bytes.reset('/');
  return bytes;
}

std::size_t index_of(char byte) { return static_cast<unsigned char>(byte); }

std::unexpected<Diagnostic> not_closed(std::string_view what) {
  return fail(Diagnostic{.trouble = Trouble::manifest,
                         .message = std::string(what) + " is not closed",
                         .hint = "write \"\\" + std::string(what.substr(0, 1)) + "\" for the character"});
}

/// True where a backslash before the last character of `text` takes its meaning away.
bool ends_escaped(std::string_view text) {
  const std::size_t before = text.substr(0, text.size() - 1).find_last_not_of('\\');
  return (text.size() - 1 - (before + 1)) % 2 == 1;
}

/// Without blanks at the end, except for a space that is escaped.
std::string_view trimmed(std::string_view line) {
  const std::size_t size = line.find_last_not_of(kSpaces) + 1;
  const bool space = size < line.size() && line[size] == ' ' && ends_escaped(line.substr(0, size + 1));
  return line.substr(0, size + (space ? 1 : 0));
}

Diagnostic nothing_escaped() {
  return {.trouble = Trouble::manifest,
          .message = "\\ at the end escapes nothing",
          .hint = "write \"\\\\\" for the character"};
}

}  // namespace

class Glob::Parser {
 public:
  Parser(std::string_view pattern, Glob& glob) : pattern_(pattern), glob_(glob) {}

  Outcome<void> parse() {
    glob_.first_ = add();
    at_state_ = glob_.first_;
    if (auto parsed = parse_sequence(0); !parsed) return parsed;
    glob_.last_ = at_state_;
    return {};
  }

 private:
  std::uint32_t add() {
    glob_.states_.emplace_back();
    return static_cast<std::uint32_t>(glob_.states_.size() - 1);
  }
  void free_step(std::uint32_t from, std::uint32_t to) { glob_.states_[from].free.push_back(to); }

  void take(const std::bitset<256>& bytes) {
    const std::uint32_t next = add();
    glob_.states_[at_state_].bytes = bytes;
    glob_.states_[at_state_].next = next;
    at_state_ = next;
  }
  void take(char byte) {
    std::bitset<256> one;
    one.set(index_of(byte));
    take(one);
  }
  /// Any number of them.
  void repeat(const std::bitset<256>& bytes) {
    const std::uint32_t loop = add();
    free_step(at_state_, loop);
    glob_.states_[loop].bytes = bytes;
    glob_.states_[loop].next = loop;
    at_state_ = add();
    free_step(loop, at_state_);
  }

  [[nodiscard]] bool ends(std::size_t at) const { return at == pattern_.size(); }
  [[nodiscard]] bool starts_component() const { return at_ == 0 || pattern_[at_ - 1] == '/'; }

  /// Up to the end, or to the comma or brace that ends an alternative.
  Outcome<void> parse_sequence(unsigned depth) {
    for (; !ends(at_); ++at_) {
      const char byte = pattern_[at_];
      if (depth > 0 && (byte == ',' || byte == '}')) return {};
      if (byte == '*') {
        parse_stars();
      } else if (byte == '?') {
        take(all_but_slash());
      } else if (byte == '[') {
        if (auto parsed = parse_class(); !parsed) return parsed;
      } else if (byte == '{') {
        if (auto parsed = parse_alternatives(depth + 1); !parsed) return parsed;
      } else {
        if (byte == '\\' && ends(++at_)) return fail(nothing_escaped());
        take(pattern_[at_]);
      }
    }
    if (depth > 0) return not_closed("{");
    return {};
  }

  /// "**" that is a whole component stands for any number of them.
  void parse_stars() {
    const bool whole = starts_component() && pattern_.substr(at_).starts_with("**");
    if (whole && pattern_.substr(at_).starts_with("**/")) {
      // Nothing, or whatever ends with a slash.
      at_ += 2;
      const std::uint32_t start = at_state_;
      repeat(std::bitset<256>().set());
      take('/');
      const std::uint32_t end = add();
      free_step(start, end);
      free_step(at_state_, end);
      at_state_ = end;
    } else if (whole && ends(at_ + 2)) {
      ++at_;
      repeat(std::bitset<256>().set());
    } else {
      // More of them say no more.
      while (!ends(at_ + 1) && pattern_[at_ + 1] == '*') ++at_;
      repeat(all_but_slash());
    }
  }

  Outcome<void> parse_class() {
    std::bitset<256> bytes;
    std::size_t at = at_ + 1;
    const bool inverted = !ends(at) && (pattern_[at] == '!' || pattern_[at] == '^');
    if (inverted) ++at;
    for (const std::size_t first = at;; ++at) {
      if (ends(at)) return not_closed("[");
      // The bracket is an ordinary one where it comes first.
      if (pattern_[at] == ']' && at != first) break;
      if (pattern_[at] == '\\' && !ends(at + 1)) ++at;
      const std::size_t low = index_of(pattern_[at]);
      std::size_t high = low;
      if (!ends(at + 1) && !ends(at + 2) && pattern_[at + 1] == '-' && pattern_[at + 2] != ']') {
        at += 2;
        if (pattern_[at] == '\\' && !ends(at + 1)) ++at;
        high = index_of(pattern_[at]);
      }
      for (std::size_t byte = low; byte <= high; ++byte) bytes.set(byte);
    }
    at_ = at;
    if (inverted) bytes.flip();
    take(bytes.reset('/'));
    return {};
  }

  Outcome<void> parse_alternatives(unsigned depth) {
    if (depth > kMaxDepth) {
      return fail(Diagnostic{.trouble = Trouble::manifest, .message = "braces are nested too deeply"});
    }
    const std::uint32_t start = at_state_;
    const std::uint32_t end = add();
    do {
      ++at_;  // the brace or the comma
      at_state_ = add();
      free_step(start, at_state_);
      if (auto parsed = parse_sequence(depth); !parsed) return parsed;
      free_step(at_state_, end);
    } while (pattern_[at_] == ',');
    at_state_ = end;
    return {};
  }

  std::string_view pattern_;
  Glob& glob_;
  std::size_t at_ = 0;
  std::uint32_t at_state_ = 0;
};

Outcome<Glob> Glob::parse(std::string_view pattern) {
  Glob glob;
  const std::string_view rest = pattern.substr(pattern.starts_with('*') ? 1 : 0);
  glob.is_simple_ = rest.find_first_of("*?[{\\") == std::string_view::npos;
  if (glob.is_simple_) glob.literal_ = rest;
  glob.starred_ = rest.size() != pattern.size();
  if (auto parsed = Parser(pattern, glob).parse(); !parsed) return fail(std::move(parsed.error()));
  return glob;
}

/// The states that a path can have reached, byte for byte.
class Glob::Run {
 public:
  explicit Run(const Glob& glob) : states_(glob.states_), step_of_(glob.states_.size()) {
    enter(glob.first_);
  }

  /// False where nothing can match any more.
  bool take(char byte) {
    std::swap(now_, before_);
    now_.clear();
    ++step_;
    for (const std::uint32_t state : before_) {
      if (states_[state].bytes[index_of(byte)]) enter(states_[state].next);
    }
    return !now_.empty();
  }
  [[nodiscard]] bool is_in(std::uint32_t state) const { return step_of_[state] == step_; }

 private:
  /// With all that is reached from there for nothing.
  void enter(std::uint32_t state) {
    pending_.push_back(state);
    while (!pending_.empty()) {
      const std::uint32_t next = pending_.back();
      pending_.pop_back();
      if (std::exchange(step_of_[next], step_) == step_) continue;
      now_.push_back(next);
      pending_.insert(pending_.end(), states_[next].free.begin(), states_[next].free.end());
    }
  }

  const std::vector<State>& states_;
  std::vector<std::size_t> step_of_;  ///< in which step a state was last reached
  std::size_t step_ = 1;
  std::vector<std::uint32_t> now_;
  std::vector<std::uint32_t> before_;
  std::vector<std::uint32_t> pending_;
};

bool Glob::matches(std::string_view path) const {
  if (is_simple_) {
    if (!path.ends_with(literal_)) return false;
    const std::string_view before = path.substr(0, path.size() - literal_.size());
    return starred_ ? before.find('/') == std::string_view::npos : before.empty();
  }
  Run run(*this);
  for (const char byte : path) {
    if (!run.take(byte)) return false;
  }
  return run.is_in(last_);
}

Outcome<IgnoreRules> IgnoreRules::parse(std::string_view text, const std::string& file) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  IgnoreRules rules;
  std::uint32_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++number;
    if (auto added = rules.add(text.substr(0, end)); !added) {
      added.error().message = "the pattern's " + added.error().message;
      added.error().where = {.file = file, .line = number, .column = 1};
      return fail(std::move(added.error()));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rules;
}

Outcome<void> IgnoreRules::add(std::string_view line) {
  if (line.starts_with('#')) return {};
  line = trimmed(line);
  if (line.size() > kMaxPattern) {
    return fail(Diagnostic{.trouble = Trouble::manifest,
                           .message = "length is more than " + std::to_string(kMaxPattern) + " bytes",
                           .hint = "no path is as long: write more patterns, each on a line of its own"});
  }
  Rule rule;
  if (line.starts_with("!")) {
    rule.kept = true;
    line.remove_prefix(1);
  }
  const bool anchored = line.starts_with('/');
  if (anchored) line.remove_prefix(1);
  if (line.ends_with('/')) {
    rule.directories_only = true;
    line.remove_suffix(ends_escaped(line) ? 2 : 1);
  }
  if (line.empty()) return {};
  std::string pattern(line);
  // A name alone is one of any directory.
  rule.name_only = !anchored && line.find('/') == std::string_view::npos;
  // All that is in a directory, not the directory.
  if (line.ends_with("/**")) pattern += "/*";
  Outcome<Glob> glob = Glob::parse(pattern);
  if (!glob) return fail(std::move(glob.error()));
  rule.glob = *std::move(glob);
  rules_.push_back(std::move(rule));
  return {};
}

IgnoreRules::Verdict IgnoreRules::match(std::string_view path, bool is_directory) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const Rule& rule : std::views::reverse(rules_)) {
    if (rule.directories_only && !is_directory) continue;
    if (rule.glob.matches(rule.name_only ? name : path)) return rule.kept ? Verdict::kept : Verdict::ignored;
  }
  return Verdict::none;
}

}  // namespace wasifs::plan
