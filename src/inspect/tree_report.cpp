// SPDX-License-Identifier: Apache-2.0
#include "inspect/tree_report.h"

#include <ostream>
#include <string>

#include "inspect/entry.h"
#include "inspect/json_text.h"
#include "inspect/problem_list.h"

namespace wasifs {

namespace {

struct Lines {
  std::string_view branch, last_branch, through, gap;
};
constexpr Lines kUtf8Lines{.branch = "\u251c\u2500\u2500 ",
                           .last_branch = "\u2514\u2500\u2500 ",
                           .through = "\u2502   ",
                           .gap = "    "};
constexpr Lines kAsciiLines{.branch = "|-- ", .last_branch = "`-- ", .through = "|   ", .gap = "    "};

class TreePrinter {
 public:
  TreePrinter(std::ostream& out, const TextStyle& style)
      : out_(out), style_(style), lines_(style.utf8 ? kUtf8Lines : kAsciiLines) {}

  void show(const WalkEntry& entry) {
    count(entry.attr.type);
    // What the levels above have drawn up to here; a level may have more below.
    prefix_ends_.resize(entry.depth);
    prefix_.resize(prefix_ends_.empty() ? 0 : prefix_ends_.back());
    std::string line = prefix_;
    if (entry.depth > 0) line += entry.last ? lines_.last_branch : lines_.branch;
    const std::string name = display_name(entry.depth == 0 ? entry.path : entry.name);
    std::string tail;
    if (entry.attr.type == FileType::symlink) tail = " -> " + display_name(entry.target);
    print(line, name, tail, entry.attr);
    if (entry.depth > 0) prefix_ += entry.last ? lines_.gap : lines_.through;
    prefix_ends_.push_back(prefix_.size());
  }

  void finish() const {
    out_ << "\n"
         << counted(directories_, "directory", "directories") << ", " << counted(files_, "file") << ", "
         << counted(symlinks_, "symlink");
    if (specials_ != 0) out_ << ", " << counted(specials_, "special file");
    out_ << "\n";
  }

 private:
  void print(const std::string& line, const std::string& name, const std::string& tail, const Attr& attr) {
    const std::size_t width = style_.columns;
    if (width != 0 && display_width(line) + display_width(name) + display_width(tail) > width) {
      // Without colours: a cut could fall into the middle of an escape.
      out_ << cut(line + name + tail, width, style_.utf8) << "\n";
    } else {
      out_ << line << colored_name(name, attr, style_) << tail << "\n";
    }
  }

  void count(FileType type) {
    switch (type) {
      case FileType::directory:
        ++directories_;
        break;
      case FileType::regular:
        ++files_;
        break;
      case FileType::symlink:
        ++symlinks_;
        break;
      default:
        ++specials_;
    }
  }

  std::ostream& out_;
  const TextStyle& style_;
  const Lines& lines_;
  std::string prefix_;
  /// For each depth that is open, where its part of prefix_ ends.
  std::vector<std::size_t> prefix_ends_;
  std::uint64_t directories_ = 0, files_ = 0, symlinks_ = 0, specials_ = 0;
};

}  // namespace

Problems print_tree(std::ostream& out, const Walkable& source, const VNode& start, std::string_view path,
                    const TextStyle& style) {
  TreePrinter printer(out, style);
  ProblemList problems;
  walk(
      source, start, path, WalkOrder::preorder, [&](const WalkEntry& entry) { printer.show(entry); },
      [&](std::string_view at, Errc error) { problems.add(at, error); });
  printer.finish();
  return problems.take();
}

Problems print_tree_json(std::ostream& out, const Walkable& source, const VNode& start,
                         std::string_view path) {
  ProblemList problems;
  out << "{\"schema\":" << kJsonSchema << ",\"entries\":[";
  std::string_view separator = "\n";
  walk(
      source, start, path, WalkOrder::by_path,
      [&](const WalkEntry& entry) {
        out << separator << entry_json(entry);
        separator = ",\n";
      },
      [&](std::string_view at, Errc error) { problems.add(at, error); });
  out << "\n]}\n";
  return problems.take();
}

}  // namespace wasifs
