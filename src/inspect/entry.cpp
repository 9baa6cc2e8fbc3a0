// SPDX-License-Identifier: Apache-2.0
#include "inspect/entry.h"

#include "inspect/json_text.h"
#include "inspect/text.h"

namespace wasifs {

std::string entry_json(const WalkEntry& entry) {
  JsonObject json;
  json.add("path", entry.path)
      .add("type", type_name(entry.attr.type))
      .add("size", entry.attr.size)
      .add("mode", entry.attr.mode)
      .add("mtime_ns", nanoseconds(entry.attr.mtime))
      .add("ino", entry.attr.ino);
  if (entry.attr.type == FileType::symlink) json.add("target", entry.target);
  return json.str();
}

}  // namespace wasifs
