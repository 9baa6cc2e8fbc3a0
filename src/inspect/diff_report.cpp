// SPDX-License-Identifier: Apache-2.0
#include "inspect/diff_report.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include "inspect/json_text.h"
#include "inspect/problem_list.h"
#include "inspect/unified_diff.h"

namespace wasifs {

namespace {

constexpr std::string_view kPlain = "\x1b[0m";

struct Look {
  char sign;
  std::string_view color;
};
Look look_of(DiffKind kind) {
  switch (kind) {
    case DiffKind::added:
      return {.sign = '+', .color = "\x1b[32m"};
    case DiffKind::removed:
      return {.sign = '-', .color = "\x1b[31m"};
    case DiffKind::changed:
      return {.sign = 'M', .color = "\x1b[33m"};
    case DiffKind::renamed:
      break;
  }
  return {.sign = 'R', .color = "\x1b[36m"};
}

std::string shown_path(const std::string& path, FileType type) {
  const bool slash = type == FileType::directory && path != "/";
  return display_name(slash ? path + "/" : path);
}

std::string aspect_text(const DiffAspect& aspect) {
  std::string text = display_name(aspect.what);
  if (aspect.before.empty() && aspect.after.empty()) return text;
  const auto side = [](const std::string& value) { return value.empty() ? "none" : display_name(value); };
  return text + " " + side(aspect.before) + " -> " + side(aspect.after);
}

std::string entry_text(const DiffEntry& entry, const TextStyle& style) {
  const auto [sign, color] = look_of(entry.kind);
  std::string line;
  if (style.color) line += color;
  line.append(1, sign).append(" ");
  if (entry.kind == DiffKind::renamed) line += shown_path(entry.from, entry.type) + " -> ";
  line += shown_path(entry.path, entry.type);
  if (style.color) line += kPlain;
  if (entry.below != 0) line += "  " + counted(entry.below, "entry", "entries");
  std::string_view separator = "  ";
  for (const DiffAspect& aspect : entry.aspects) {
    line.append(separator).append(aspect_text(aspect));
    separator = ", ";
  }
  return line + "\n";
}

std::string aspect_json(const DiffAspect& aspect) {
  JsonObject object;
  object.add("what", aspect.what);
  if (!aspect.before.empty()) object.add("before", aspect.before);
  if (!aspect.after.empty()) object.add("after", aspect.after);
  return object.str();
}

std::string entry_json_text(const DiffEntry& entry) {
  JsonObject object;
  object.add("kind", name_of(entry.kind)).add("path", entry.path);
  if (entry.kind == DiffKind::renamed) object.add("from", entry.from);
  object.add("type", type_name(entry.type));
  std::vector<std::string> aspects;
  for (const DiffAspect& aspect : entry.aspects) aspects.push_back(aspect_json(aspect));
  if (!aspects.empty()) object.add_json("aspects", json_array(aspects));
  if (entry.below != 0) object.add("below", entry.below);
  return object.str();
}

/// A name in the header of a diff, as patch(1) reads it: behind a backslash in octal what
/// would end or change it.
std::string header_name(std::string_view prefix, std::string_view path) {
  const std::string name = std::string(prefix).append(path);
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f && c != '"' &&
           c != '\\';
  };
  // A tab ends a name that has spaces.
  if (std::ranges::all_of(name, plain)) return name.contains(' ') ? name + "\t" : name;
  std::string out = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain(c)) {
      out += c;
      continue;
    }
    out += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + ((byte >> shift) & 7U));
  }
  return out + "\"";
}

/// `text` with nothing in it that a terminal would take as a command.
std::string for_terminal(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
      out += '^';
      out += static_cast<char>(byte ^ 0x40U);
    } else {
      out += c;
    }
  }
  return out;
}

/// Writes the diffs of contents.
class ContentPrinter {
 public:
  ContentPrinter(std::ostream& out, const DiffSide& a, const DiffSide& b, const TextStyle& style)
      : out_(out), a_(a), b_(b), style_(style) {}

  void print(const DiffEntry& entry) {
    std::string before;
    std::string after;
    std::string why;
    const std::string& from = entry.kind == DiffKind::renamed ? entry.from : entry.path;
    const bool had = entry.kind != DiffKind::added && read(a_, from, before, why);
    const bool has = entry.kind != DiffKind::removed && read(b_, entry.path, after, why);
    if (why.empty() && (is_binary(before) || is_binary(after))) why = "binary files differ";
    std::optional<std::string> hunks;
    if (why.empty()) {
      hunks = unified_diff(before, after);
      if (!hunks) why = "files differ, and have more than " + std::to_string(kMostTextLines) + " lines";
    }
    if (!why.empty()) {
      out_ << "  (" << why << ")\n";
      return;
    }
    if (hunks->empty()) return;  // an empty file, which a diff cannot tell
    const std::string text = "--- " + (had ? header_name("a", from) : "/dev/null") + "\n+++ " +
                             (has ? header_name("b", entry.path) : "/dev/null") + "\n" + *hunks;
    out_ << (style_.columns != 0 ? for_terminal(text) : text);
  }

  std::vector<Diagnostic> take() { return problems_.take(); }

 private:
  /// False where the side has no regular file there. `why`: there is one that cannot be
  /// shown.
  bool read(const DiffSide& side, const std::string& path, std::string& into, std::string& why) {
    const Result<VNode> node = side.tree.resolve(path, Follow::no);
    const Result<Attr> attr = node ? side.tree.attr(*node) : fail(node.error());
    if (!attr) return unreadable(side, path, attr.error(), why);
    if (attr->type != FileType::regular) return false;
    if (attr->size > kMostTextBytes) {
      why = "files differ, and are larger than " + std::to_string(kMostTextBytes >> 20U) + " MiB";
      return true;
    }
    const Result<FilePtr> file = side.tree.open(*node, {});
    if (!file) return unreadable(side, path, file.error(), why);
    into.resize(static_cast<std::size_t>(attr->size));
    std::size_t have = 0;
    while (have < into.size()) {
      const auto got = (*file)->read_at(have, std::as_writable_bytes(std::span(into)).subspan(have));
      if (!got) return unreadable(side, path, got.error(), why);
      if (*got == 0) break;
      have += *got;
    }
    into.resize(have);
    return true;
  }

  bool unreadable(const DiffSide& side, const std::string& path, Errc error, std::string& why) {
    problems_.add(path, error, side.name);
    why = "cannot be read";
    return true;
  }

  std::ostream& out_;
  const DiffSide& a_;
  const DiffSide& b_;
  const TextStyle& style_;
  ProblemList problems_;
};

}  // namespace

void print_difference(std::ostream& out, const Difference& difference, const TextStyle& style) {
  for (const DiffEntry& entry : difference.entries) out << entry_text(entry, style);
}

void print_difference_json(std::ostream& out, const Difference& difference) {
  out << "{\"schema\":" << kJsonSchema << ",\"entries\":[";
  std::string_view separator = "\n";
  for (const DiffEntry& entry : difference.entries) {
    out << separator << entry_json_text(entry);
    separator = ",\n";
  }
  out << "\n]}\n";
}

std::vector<Diagnostic> print_difference_with_content(std::ostream& out, const DiffSide& a, const DiffSide& b,
                                                      const Difference& difference, const TextStyle& style) {
  ContentPrinter printer(out, a, b, style);
  for (const DiffEntry& entry : difference.entries) {
    out << entry_text(entry, style);
    if (entry.content) printer.print(entry);
  }
  return printer.take();
}

}  // namespace wasifs
