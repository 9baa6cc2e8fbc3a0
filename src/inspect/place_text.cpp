// SPDX-License-Identifier: Apache-2.0
#include "inspect/place_text.h"

#include "inspect/json_text.h"
#include "inspect/text.h"

namespace wasifs {

std::string place_text(const SourceLocation& where) {
  if (where.line == 0) return {};
  return " (" + display_name(where.file) + ":" + std::to_string(where.line) + ":" +
         std::to_string(where.column) + ")";
}

std::string place_json(const SourceLocation& where) {
  if (where.line == 0) return "null";
  return JsonObject().add("file", where.file).add("line", where.line).add("column", where.column).str();
}

}  // namespace wasifs
