// SPDX-License-Identifier: Apache-2.0
#include "plan/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <tuple>

namespace wasifs::plan {

namespace {

/// Tables and arrays inside one another; the manifest's grammar needs four.
constexpr unsigned kMaxDepth = 8;
/// Parts of one dotted key or table header.
constexpr unsigned kMaxKeyParts = 16;

Diagnostic error_at(SourceLocation where, std::string message) {
  return {.trouble = Trouble::manifest, .message = std::move(message), .where = std::move(where)};
}

/// Finds the first key of too many parts. toml++ nests a table for each part
/// and releases them recursively, so a long enough key would exhaust the stack.
///
/// This is only as much of a lexer as it takes to tell a dot in a key from one
/// in a string or comment. Where it is wrong about a malformed document, toml++
/// has refused that document at an earlier character.
class KeyScanner {
 public:
  explicit KeyScanner(std::string_view text) : text_(text) {}

  /// Line and column of the dot that is one too many.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> find_long_key() {
    for (at_ = 0; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n')
        start_line();
      else if (c == '#')
        skip_comment();
      else if (c == '"' || c == '\'')
        skip_string(c);
      else if (c == '.' && ++parts_ >= kMaxKeyParts)
        return std::pair{line_, column()};
      else if (std::string_view("=[{,").find(c) != std::string_view::npos)
        parts_ = 0;
    }
    return std::nullopt;
  }

 private:
  std::uint32_t column() const { return static_cast<std::uint32_t>(at_ - line_start_ + 1); }

  void start_line() {
    ++line_;
    line_start_ = at_ + 1;
    parts_ = 0;
  }

  /// Stops before the end of the line.
  void skip_comment() {
    const std::size_t end = text_.find('\n', at_);
    at_ = (end == std::string_view::npos ? text_.size() : end) - 1;
  }

  /// Stops at the closing quote, or before the end of the line of a string that
  /// may not span lines.
  void skip_string(char quote) {
    const bool multi_line = text_.substr(at_).starts_with(std::string(3, quote));
    const std::size_t length = multi_line ? 3 : 1;
    for (at_ += length; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\' && quote == '"') {
        ++at_;
        if (at_ < text_.size() && text_[at_] == '\n') start_line();
      } else if (text_[at_] == '\n') {
        if (!multi_line) {
          --at_;
          return;
        }
        start_line();
      } else if (text_.substr(at_).starts_with(
                     std::string_view("\"\"\"'''").substr(quote == '"' ? 0 : 3, length))) {
        at_ += length - 1;
        // One or two quotes may stand right before the three that close.
        for (int extra = 0; multi_line && extra < 2 && text_.substr(at_ + 1).starts_with(quote); ++extra)
          ++at_;
        return;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  unsigned parts_ = 0;
};

std::string_view name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date and time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

/// Copies the tree of toml++ into ours, tables in the order of the document.
class Converter {
 public:
  explicit Converter(const std::string& file) : file_(file) {}

  Outcome<Value> convert(const toml::node& node, unsigned depth) const {
    Value value;
    value.kind_name = name_of(node.type());
    value.where = place(node.source());
    if (depth > kMaxDepth) return fail(error_at(value.where, "values are nested too deeply here"));
    if (const auto* table = node.as_table()) return convert_table(*table, std::move(value), depth);
    if (const auto* array = node.as_array()) return convert_array(*array, std::move(value), depth);
    if (const auto* text = node.as_string()) {
      value.kind = ValueKind::string;
      value.text = text->get();
    } else if (const auto* integer = node.as_integer()) {
      value.kind = ValueKind::integer;
      value.integer = integer->get();
    } else if (const auto* boolean = node.as_boolean()) {
      value.kind = ValueKind::boolean;
      value.boolean = boolean->get();
    } else if (const auto* real = node.as_floating_point()) {
      value.kind = ValueKind::real;
      value.real = real->get();
    } else {
      std::ostringstream written;
      node.visit([&](const auto& date) { written << date; });
      value.kind = ValueKind::date;
      value.text = written.str();
    }
    return value;
  }

 private:
  SourceLocation place(const toml::source_region& region) const {
    return {.file = file_, .line = region.begin.line, .column = region.begin.column};
  }

  Outcome<Value> convert_table(const toml::table& table, Value value, unsigned depth) const {
    value.kind = ValueKind::table;
    for (const auto& [key, node] : table) {
      Outcome<Value> child = convert(node, depth + 1);
      if (!child) return child;
      value.entries.push_back(
          {.key = std::string(key.str()), .where = place(key.source()), .value = *std::move(child)});
    }
    std::ranges::sort(value.entries, {},
                      [](const Entry& entry) { return std::tuple(entry.where.line, entry.where.column); });
    return value;
  }

  Outcome<Value> convert_array(const toml::array& array, Value value, unsigned depth) const {
    value.kind = ValueKind::array;
    for (const toml::node& node : array) {
      Outcome<Value> child = convert(node, depth + 1);
      if (!child) return child;
      value.items.push_back(*std::move(child));
    }
    return value;
  }

  const std::string& file_;
};

}  // namespace

Outcome<Value> parse_document(std::string_view text, const std::string& file) {
  if (text.size() > kMaxDocumentBytes) {
    return fail(error_at({.file = file}, "the manifest is longer than 1 MiB"));
  }
  if (const auto place = KeyScanner(text).find_long_key()) {
    return fail(error_at({.file = file, .line = place->first, .column = place->second},
                         "a key has more than " + std::to_string(kMaxKeyParts) + " parts"));
  }
  try {
    const toml::table table = toml::parse(text, std::string_view(file));
    return Converter(file).convert(table, 0);
  } catch (const toml::parse_error& error) {
    return fail(
        error_at({.file = file, .line = error.source().begin.line, .column = error.source().begin.column},
                 std::string(error.description())));
  }
}

}  // namespace wasifs::plan
