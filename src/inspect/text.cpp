// SPDX-License-Identifier: Apache-2.0
#include "inspect/text.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>

#include "base/path.h"
#include "base/utf8.h"

namespace wasifs {

namespace {

char type_letter(FileType type) {
  switch (type) {
    case FileType::regular:
      return '-';
    case FileType::directory:
      return 'd';
    case FileType::symlink:
      return 'l';
    case FileType::char_device:
      return 'c';
    case FileType::block_device:
      return 'b';
    case FileType::fifo:
      return 'p';
    case FileType::socket:
      return 's';
  }
  return '?';
}

std::string_view color_of(const Attr& attr) {
  switch (attr.type) {
    case FileType::directory:
      return "\x1b[1;34m";
    case FileType::symlink:
      return "\x1b[1;36m";
    case FileType::regular:
      return (attr.mode & 0111U) != 0 ? "\x1b[1;32m" : "";
    default:
      return "\x1b[1;33m";
  }
}

std::string padded(std::int64_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

/// A date of the Gregorian calendar. std::chrono's year ends at 32767; what
/// fits in a Time's seconds does not, so whole eras of 400 years are set aside.
struct Date {
  std::int64_t year;
  unsigned month, day;
};

Date civil(std::int64_t days) {
  constexpr std::int64_t kDaysPerEra = 146'097;
  constexpr std::int64_t kYearsPerEra = 400;
  std::int64_t era = days / kDaysPerEra;
  if (days % kDaysPerEra < 0) --era;
  const auto within = static_cast<int>(days - era * kDaysPerEra);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(within))};
  return {.year = static_cast<int>(date.year()) + era * kYearsPerEra,
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day())};
}

}  // namespace

std::string_view type_name(FileType type) {
  switch (type) {
    case FileType::regular:
      return "file";
    case FileType::directory:
      return "directory";
    case FileType::symlink:
      return "symlink";
    case FileType::char_device:
      return "char";
    case FileType::block_device:
      return "block";
    case FileType::fifo:
      return "fifo";
    case FileType::socket:
      return "socket";
  }
  return "unknown";
}

std::string mode_string(const Attr& attr) {
  std::string out(1, type_letter(attr.type));
  constexpr std::string_view kBits = "rwxrwxrwx";
  for (std::size_t i = 0; i < kBits.size(); ++i) {
    out += ((attr.mode >> (kBits.size() - 1 - i)) & 1U) != 0 ? kBits[i] : '-';
  }
  const auto special = [&](unsigned bit, std::size_t at, char letter) {
    // Upper case says that the execute bit underneath is not set.
    if ((attr.mode & bit) != 0) out[at] = out[at] == 'x' ? letter : static_cast<char>(letter - 'a' + 'A');
  };
  special(04000U, 3, 's');
  special(02000U, 6, 's');
  special(01000U, 9, 't');
  return out;
}

std::string octal_mode(std::uint16_t mode) {
  std::string out;
  for (unsigned shift = 12; shift > 0; shift -= 3) {
    out += static_cast<char>('0' + ((static_cast<unsigned>(mode) >> (shift - 3)) & 7U));
  }
  return out;
}

std::string time_string(const Time& time) {
  constexpr std::int64_t kSecondsPerDay = 86'400;
  std::int64_t days = time.sec / kSecondsPerDay;
  std::int64_t second = time.sec % kSecondsPerDay;
  if (second < 0) {
    second += kSecondsPerDay;
    --days;
  }
  const Date date = civil(days);
  return (date.year < 0 ? "-" : "") + padded(std::abs(date.year), 4) + "-" + padded(date.month, 2) + "-" +
         padded(date.day, 2) + " " + padded(second / 3600, 2) + ":" + padded(second / 60 % 60, 2) + ":" +
         padded(second % 60, 2) + "Z";
}

std::int64_t nanoseconds(const Time& time) {
  constexpr std::int64_t kPerSecond = 1'000'000'000;
  std::int64_t out = 0;
  if (__builtin_mul_overflow(time.sec, kPerSecond, &out) || __builtin_add_overflow(out, time.nsec, &out)) {
    return time.sec < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  return out;
}

std::string display_name(std::string_view name) {
  std::string shown = quoted(name);
  return shown.substr(1, shown.size() - 2) == name && !name.empty() ? std::string(name) : shown;
}

std::string colored_name(std::string_view name, const Attr& attr, const TextStyle& style) {
  const std::string_view color = style.color ? color_of(attr) : "";
  if (color.empty()) return std::string(name);
  return std::string(color).append(name).append("\x1b[0m");
}

std::size_t display_width(std::string_view text) {
  // Every byte but a continuation byte begins a character.
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string cut(std::string_view text, std::size_t width, bool utf8) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t shown = 0; shown + 1 < width; ++shown) {
    end += std::max<std::size_t>(utf8_sequence_length(text.substr(end)), 1);
  }
  return std::string(text.substr(0, end)) + (utf8 ? "\u2026" : "~");
}

namespace {

/// The end of the word that `text` starts with: quoted() texts are one word.
std::size_t word_end(std::string_view text) {
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && inside) {
      ++at;
    } else if (text[at] == '"') {
      inside = !inside;
    } else if (text[at] == ' ' && !inside) {
      return at;
    }
  }
  return text.size();
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width, std::size_t hang) {
  std::string out(indent, ' ');
  std::size_t column = indent;
  bool begun = false;  // the line has a word
  while (!text.empty()) {
    const std::string_view word = text.substr(0, word_end(text));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const std::size_t length = display_width(word);
    if (begun && column + 1 + length > width) {
      out.append("\n").append(indent + hang, ' ');
      column = indent + hang;
    } else if (begun) {
      out += ' ';
      ++column;
    }
    out += word;
    column += length;
    begun = true;
  }
  return out;
}

std::string brief_name(std::string_view text) {
  constexpr std::size_t kMost = 512;
  if (text.size() <= kMost) return display_name(text);
  std::size_t end = kMost;
  // Not in the middle of a character.
  while (end > kMost - 3 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return quoted(text.substr(0, end)) + " and " + counted(text.size() - end, "more byte");
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return counted(count, noun, std::string(noun) + "s");
}

std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural) {
  return std::to_string(count) + " " + std::string(count == 1 ? noun : plural);
}

Diagnostic path_error(std::string_view action, std::string_view path, Errc error) {
  return {.trouble = Trouble::source,
          .message = "cannot " + std::string(action) + " " + quoted(path) + ": " + message(error)};
}

}  // namespace wasifs
