// SPDX-License-Identifier: Apache-2.0
#include "transcript.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace wasifs::test {

namespace {

using Kind = TranscriptItem::Kind;

constexpr std::string_view kSectionStart = "-- ";
constexpr std::string_view kSectionEnd = " --";
/// What a line of a body may not start with as it is.
constexpr std::array<std::string_view, 5> kMarks = {"-- ", "$", ">", "#", "|"};

std::optional<Kind> kind_of(std::string_view line) {
  if (line.starts_with(kSectionStart)) return Kind::section;
  if (line.starts_with("$ ")) return Kind::program;
  if (line.starts_with("> ")) return Kind::operation;
  return std::nullopt;
}

bool blank(std::string_view line) { return line.empty(); }

int hex_value(std::string_view digits) {
  int value = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + 2) throw std::invalid_argument("\\x needs two digits");
  return value;
}

/// Takes one escape, the backslash of which `rest` starts with.
char take_escape(std::string_view& rest) {
  if (rest.size() < 2) throw std::invalid_argument("a \" is not closed");
  const char c = rest[1];
  if (c == 'x') {
    const int value = hex_value(rest.substr(2, 2));
    rest.remove_prefix(4);
    return static_cast<char>(value);
  }
  rest.remove_prefix(2);
  constexpr std::string_view kNames = "nt0\"\\";
  constexpr std::string_view kBytes("\n\t\0\"\\", 5);
  const std::size_t at = kNames.find(c);
  if (at == std::string_view::npos) throw std::invalid_argument(std::string("unknown escape \\") + c);
  return kBytes[at];
}

/// Takes what stands in quotes, the opening one of which `rest` starts with.
std::string take_quoted(std::string_view& rest) {
  const char quote = rest.front();
  rest.remove_prefix(1);
  std::string text;
  while (!rest.empty() && rest.front() != quote) {
    if (quote == '"' && rest.front() == '\\') {
      text += take_escape(rest);
    } else {
      text += rest.front();
      rest.remove_prefix(1);
    }
  }
  if (rest.empty()) throw std::invalid_argument(std::string("a ") + quote + " is not closed");
  rest.remove_prefix(1);
  return text;
}

/// Cuts a file into items line by line.
class Parser {
 public:
  explicit Parser(Transcript& out) : out_(out) {}

  void parse() {
    at_ = skip_description();
    while (at_ < out_.lines.size()) {
      const std::string& line = out_.lines[at_];
      if (blank(line) || line.starts_with('#')) {
        ++at_;
      } else if (const auto kind = kind_of(line)) {
        take_item(*kind);
      } else {
        // Output without a step, a "$" without a space, a "--" without one.
        fail("expected a section, a step or a comment, found: " + line);
      }
    }
    if (std::ranges::all_of(out_.items,
                            [](const TranscriptItem& item) { return item.kind == Kind::section; }))
      fail("the case has no step, so it asserts nothing");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw TranscriptError(out_.name + ":" + std::to_string(at_ + 1) + ": " + what);
  }

  std::size_t skip_description() const {
    std::size_t at = 0;
    while (at < out_.lines.size() && out_.lines[at].starts_with('#')) ++at;
    if (at == 0) fail("the case does not start with a \"# \" line that says what it asserts");
    return at;
  }

  void take_item(Kind kind) {
    TranscriptItem item{.kind = kind, .line = at_ + 1, .words = {}, .body = {}};
    std::string_view header = out_.lines[at_];
    header.remove_prefix(kind == Kind::section ? kSectionStart.size() : 2);
    if (kind == Kind::section) {
      if (!header.ends_with(kSectionEnd)) fail("a section's line ends with \" --\"");
      header.remove_suffix(kSectionEnd.size());
    }
    try {
      item.words = split_words(header);
    } catch (const std::invalid_argument& error) {
      fail(error.what());
    }
    if (item.words.empty()) fail("there is nothing here to do");
    ++at_;
    take_body(item);
    out_.items.push_back(std::move(item));
  }

  /// A comment ends an output, but may be part of a file.
  bool ends_body(Kind kind, std::string_view line) const {
    return kind_of(line) || (kind != Kind::section && line.starts_with('#'));
  }

  void take_body(TranscriptItem& item) {
    item.body_end = at_;
    for (; at_ < out_.lines.size() && !ends_body(item.kind, out_.lines[at_]); ++at_) {
      const std::string& line = out_.lines[at_];
      item.body.push_back(line.starts_with('|') ? line.substr(1) : line);
      if (!blank(line)) item.body_end = at_ + 1;
    }
    // Blank lines at the end are layout. "|" is a line, though an empty one.
    item.body.resize(item.body_end - item.line);
  }

  Transcript& out_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return words;
    std::string& word = words.emplace_back();
    while (!text.empty() && text.front() != ' ') {
      if (text.front() == '"' || text.front() == '\'') {
        word += take_quoted(text);
      } else {
        word += text.front();
        text.remove_prefix(1);
      }
    }
  }
}

std::string escape_line(const std::string& line) {
  const bool marked = std::ranges::any_of(kMarks, [&](auto mark) { return line.starts_with(mark); });
  return marked ? "|" + line : line;
}

Transcript Transcript::parse(std::string_view text, const std::string& name) {
  Transcript transcript{.name = name, .lines = split_lines(text), .items = {}};
  Parser(transcript).parse();
  return transcript;
}

void Transcript::fail(const TranscriptItem& item, const std::string& what) const {
  throw TranscriptError(name + ":" + std::to_string(item.line) + ": " + what);
}

std::string Transcript::with_outputs(const std::vector<std::vector<std::string>>& outputs) const {
  std::string text;
  std::size_t at = 0;
  std::size_t step = 0;
  const auto keep_until = [&](std::size_t end) {
    for (; at < end; ++at) text += lines[at] + "\n";
  };
  for (const TranscriptItem& item : items) {
    if (item.kind == Kind::section) continue;
    keep_until(item.line);
    const std::vector<std::string>& output = outputs.at(step++);
    for (std::size_t i = 0; i < output.size(); ++i) {
      // An empty line at the end would be taken for layout.
      const bool lost = output[i].empty() && i + 1 == output.size();
      text += (lost ? "|" : escape_line(output[i])) + "\n";
    }
    at = item.body_end;
  }
  keep_until(lines.size());
  return text;
}

}  // namespace wasifs::test
