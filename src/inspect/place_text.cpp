// SPDX-License-Identifier: Apache-2.0
#include "inspect/place_text.h"

#include "inspect/json_text.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

/// The place of a flag is the flag, quoted where it has to be. No SOURCE looks like
/// that: the command line would not have taken it for one.
bool is_flag(const SourceLocation& where) { return where.line == 0 && where.file.starts_with("--"); }

}  // namespace

std::string place_text(const SourceLocation& where) {
  if (is_flag(where)) return " (" + where.file + ")";
  if (where.line == 0) return {};
  return " (" + display_name(where.file) + ":" + std::to_string(where.line) + ":" +
         std::to_string(where.column) + ")";
}

std::string place_json(const SourceLocation& where) {
  if (is_flag(where)) return JsonObject().add("flag", where.file).str();
  if (where.line == 0) return "null";
  return JsonObject().add("file", where.file).add("line", where.line).add("column", where.column).str();
}

}  // namespace wasifs
