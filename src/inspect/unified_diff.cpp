// SPDX-License-Identifier: Apache-2.0
#include "inspect/unified_diff.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace wasifs {

namespace {

constexpr std::size_t kContext = 3;
/// What the exact search may take: the product of the lengths of what it compares.
constexpr std::size_t kMostCells = std::size_t{1} << 18U;

/// Lines as numbers: equal lines have equal ones. The newline is part of a line.
using Line = std::uint32_t;
using Lines = std::span<const Line>;

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

/// Which lines of two texts belong together. Cuts what is equal off both ends, then cuts
/// at the lines that are once in each, and searches exactly only what is short enough.
class Alignment {
 public:
  struct Pair {
    std::size_t a;
    std::size_t b;
  };

  Alignment(Lines a, Lines b) : a_(a), b_(b) {}

  /// Ascending in both.
  std::vector<Pair> run() {
    std::vector<Part> parts{{.a = 0, .a_end = a_.size(), .b = 0, .b_end = b_.size(), .cut = false}};
    while (!parts.empty()) {
      const Part part = parts.back();
      parts.pop_back();
      align(part, parts);
    }
    std::ranges::sort(pairs_, {}, &Pair::a);
    return std::move(pairs_);
  }

 private:
  struct Part {
    std::size_t a, a_end, b, b_end;
    bool cut;  ///< lines that are once in each of the texts are between parts
  };

  void align(Part part, std::vector<Part>& parts) {
    while (part.a < part.a_end && part.b < part.b_end && a_[part.a] == b_[part.b]) {
      pairs_.push_back({part.a++, part.b++});
    }
    while (part.a < part.a_end && part.b < part.b_end && a_[part.a_end - 1] == b_[part.b_end - 1]) {
      pairs_.push_back({--part.a_end, --part.b_end});
    }
    const std::size_t size_a = part.a_end - part.a;
    const std::size_t size_b = part.b_end - part.b;
    if (size_a == 0 || size_b == 0) return;
    if (size_a <= kMostCells / size_b) {
      search(part);
    } else if (!part.cut) {
      cut(part, parts);
    }
    // Else the one takes the place of the other as a whole.
  }

  void search(const Part& part) {
    const std::size_t rows = part.a_end - part.a;
    const std::size_t columns = part.b_end - part.b;
    // By how many lines from each of a and b are left: the most that can be paired.
    const std::size_t width = columns + 1;
    std::vector<std::uint32_t> most((rows + 1) * width, 0);
    for (std::size_t i = rows; i-- > 0;) {
      for (std::size_t j = columns; j-- > 0;) {
        most[i * width + j] = a_[part.a + i] == b_[part.b + j]
                                  ? most[(i + 1) * width + j + 1] + 1
                                  : std::max(most[(i + 1) * width + j], most[i * width + j + 1]);
      }
    }
    for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
      if (a_[part.a + i] == b_[part.b + j]) {
        pairs_.push_back({part.a + i++, part.b + j++});
      } else if (most[(i + 1) * width + j] >= most[i * width + j + 1]) {
        ++i;
      } else {
        ++j;
      }
    }
  }

  /// The longest sequence of lines that are once in each and in the same order in both
  /// (patience sorting) divides the part.
  void cut(const Part& part, std::vector<Part>& parts) {
    const std::vector<Pair> anchors = ascending(unique_lines(part));
    Part next = part;
    next.cut = true;
    for (const Pair& anchor : anchors) {
      next.a_end = anchor.a;
      next.b_end = anchor.b;
      parts.push_back(next);
      pairs_.push_back(anchor);
      next.a = anchor.a + 1;
      next.b = anchor.b + 1;
    }
    next.a_end = part.a_end;
    next.b_end = part.b_end;
    parts.push_back(next);
  }

  /// In the order of `a_`.
  [[nodiscard]] std::vector<Pair> unique_lines(const Part& part) const {
    struct Seen {
      std::size_t count_a = 0, count_b = 0, at_b = 0;
    };
    std::unordered_map<Line, Seen> seen;
    for (std::size_t i = part.a; i < part.a_end; ++i) ++seen[a_[i]].count_a;
    for (std::size_t i = part.b; i < part.b_end; ++i) {
      Seen& line = seen[b_[i]];
      ++line.count_b;
      line.at_b = i;
    }
    std::vector<Pair> unique;
    for (std::size_t i = part.a; i < part.a_end; ++i) {
      const Seen& line = seen[a_[i]];
      if (line.count_a == 1 && line.count_b == 1) unique.push_back({i, line.at_b});
    }
    return unique;
  }

  static std::vector<Pair> ascending(const std::vector<Pair>& pairs) {
    constexpr std::size_t kNone = SIZE_MAX;
    std::vector<std::size_t> ends;  // of the best sequence of each length, its last pair
    std::vector<std::size_t> before(pairs.size(), kNone);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto at =
          std::ranges::lower_bound(ends, pairs[i].b, {}, [&](std::size_t end) { return pairs[end].b; });
      if (at != ends.begin()) before[i] = *std::prev(at);
      if (at == ends.end()) {
        ends.push_back(i);
      } else {
        *at = i;
      }
    }
    std::vector<Pair> sequence;
    for (std::size_t i = ends.empty() ? kNone : ends.back(); i != kNone; i = before[i]) {
      sequence.push_back(pairs[i]);
    }
    std::ranges::reverse(sequence);
    return sequence;
  }

  Lines a_;
  Lines b_;
  std::vector<Pair> pairs_;
};

/// Writes hunks of what is not paired.
class HunkWriter {
 public:
  HunkWriter(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) : a_(a), b_(b) {}

  std::string run(std::vector<Alignment::Pair> pairs) {
    pairs.push_back({a_.size(), b_.size()});
    for (const auto& pair : pairs) {
      if (pair.a != done_a_ || pair.b != done_b_) change(pair);
      done_a_ = pair.a + 1;
      done_b_ = pair.b + 1;
    }
    finish();
    return std::move(text_);
  }

 private:
  /// Everything from done_a_ and done_b_ to `end` differs.
  void change(const Alignment::Pair& end) {
    if (open_ && done_a_ - last_a_ > 2 * kContext) finish();
    if (open_) {
      common(done_a_);
    } else {
      const std::size_t before = std::min({kContext, done_a_, done_b_});
      open_ = true;
      first_a_ = last_a_ = done_a_ - before;
      first_b_ = last_b_ = done_b_ - before;
      common(done_a_);
    }
    for (; last_a_ < end.a; ++last_a_) line('-', a_[last_a_]);
    for (; last_b_ < end.b; ++last_b_) line('+', b_[last_b_]);
  }

  /// Context up to the line `end` of `a_`.
  void common(std::size_t end) {
    for (; last_a_ < end; ++last_a_, ++last_b_) line(' ', a_[last_a_]);
  }

  void finish() {
    if (!open_) return;
    common(std::min({last_a_ + kContext, a_.size(), last_a_ + (b_.size() - last_b_)}));
    text_ += "@@ -" + range(first_a_, last_a_) + " +" + range(first_b_, last_b_) + " @@\n" + hunk_;
    hunk_.clear();
    open_ = false;
  }

  static std::string range(std::size_t first, std::size_t end) {
    const std::size_t count = end - first;
    // Of no lines, the one before is named.
    if (count == 0) return std::to_string(first) + ",0";
    return std::to_string(first + 1) + (count == 1 ? "" : "," + std::to_string(count));
  }

  void line(char sign, std::string_view text) {
    hunk_.append(1, sign).append(text);
    if (!text.ends_with('\n')) hunk_ += "\n\\ No newline at end of file\n";
  }

  const std::vector<std::string_view>& a_;
  const std::vector<std::string_view>& b_;
  std::size_t done_a_ = 0, done_b_ = 0;  ///< lines that have been looked at
  bool open_ = false;                    ///< a hunk is being written
  std::size_t first_a_ = 0, first_b_ = 0;
  std::size_t last_a_ = 0, last_b_ = 0;  ///< behind what the hunk has
  std::string hunk_;
  std::string text_;
};

}  // namespace

bool is_binary(std::string_view bytes) { return bytes.find('\0') != std::string_view::npos; }

std::optional<std::string> unified_diff(std::string_view a, std::string_view b) {
  const std::vector<std::string_view> lines_a = split_lines(a);
  const std::vector<std::string_view> lines_b = split_lines(b);
  if (lines_a.size() > kMostTextLines || lines_b.size() > kMostTextLines) return std::nullopt;
  std::unordered_map<std::string_view, Line> numbers;
  const auto numbered = [&](const std::vector<std::string_view>& lines) {
    std::vector<Line> all;
    all.reserve(lines.size());
    for (const std::string_view line : lines) {
      all.push_back(numbers.try_emplace(line, static_cast<Line>(numbers.size())).first->second);
    }
    return all;
  };
  const std::vector<Line> numbers_a = numbered(lines_a);
  const std::vector<Line> numbers_b = numbered(lines_b);
  return HunkWriter(lines_a, lines_b).run(Alignment(numbers_a, numbers_b).run());
}

}  // namespace wasifs
