// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

namespace wasifs::plan {

enum class ValueKind : std::uint8_t { string, integer, real, boolean, date, array, table };

struct Entry;

/// A value of a TOML document with the place where it stands.
struct Value {
  ValueKind kind = ValueKind::table;
  std::string_view kind_name;  ///< for messages: "a string", "an integer", "a date", …
  SourceLocation where;
  std::string text;  ///< of a string; of a date and of a time as TOML writes it
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<Value> items;    ///< of an array
  std::vector<Entry> entries;  ///< of a table, in the order of the document
};

/// A key of a table and its value.
struct Entry {
  std::string key;
  SourceLocation where;  ///< of the key
  Value value;
};

/// A document longer than this is refused.
inline constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 20;

/// Reads a TOML 1.0 document; `file` names it in places. The text may be
/// hostile: its length, the nesting of its values and the parts of its dotted
/// keys are bounded before anything recurses on them. Every failure is a
/// Diagnostic of Trouble::manifest with line and column.
[[nodiscard]] Outcome<Value> parse_document(std::string_view text, const std::string& file);

}  // namespace wasifs::plan
