// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wasifs/error.h"
#include "wasifs/types.h"

namespace wasifs {

/// How a report for a person may look.
struct TextStyle {
  bool color = false;
  bool utf8 = true;      ///< lines of trees may be drawn with box characters
  unsigned columns = 0;  ///< lines are cut to this width; 0: never
};

/// file, directory, symlink, char, block, fifo or socket.
[[nodiscard]] std::string_view type_name(FileType type);

/// As ls -l shows it, e.g. "drwxr-xr-x", with set-id and sticky bits.
[[nodiscard]] std::string mode_string(const Attr& attr);

/// "0755": the permission, set-id and sticky bits in octal, four digits.
[[nodiscard]] std::string octal_mode(std::uint16_t mode);

/// UTC, e.g. "2024-02-29 13:05:00Z"; any year that a Time can hold.
[[nodiscard]] std::string time_string(const Time& time);

/// The point in time as nanoseconds since 1970, saturated where 64 bits do not
/// hold it (before 1677 and after 2262).
[[nodiscard]] std::int64_t nanoseconds(const Time& time);

/// `name` as it is where every byte is printable, else as quoted() has it. A
/// name that begins with a quote is always quoted, so the two never mix up.
[[nodiscard]] std::string display_name(std::string_view name);

/// `name` with its type's colour where the style has colours.
[[nodiscard]] std::string colored_name(std::string_view name, const Attr& attr, const TextStyle& style);

/// Characters of `text`, which is UTF-8.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// `text` cut to `width` characters, the last of which then is "…" or "~".
[[nodiscard]] std::string cut(std::string_view text, std::size_t width, bool utf8);

/// `text` in lines of at most `width` characters, all indented and the second and
/// later ones by `hang` more. Broken at spaces outside double quotes only, so a name
/// that is longer stays whole. Without a newline at the end.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t width,
                                  std::size_t hang = 2);

/// As display_name(), but of a text without end the beginning only: `"…" and 99 more
/// bytes`.
[[nodiscard]] std::string brief_name(std::string_view text);

/// "1 file", "2 files".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural);

/// `cannot read "/x": No such file or directory`, Trouble::source.
[[nodiscard]] Diagnostic path_error(std::string_view action, std::string_view path, Errc error);

}  // namespace wasifs
