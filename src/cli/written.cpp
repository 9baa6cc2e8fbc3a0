// SPDX-License-Identifier: Apache-2.0
#include "cli/written.h"

#include <ostream>

#include "inspect/json_text.h"
#include "inspect/package_report.h"

namespace wasifs::cli {

Outcome<int> print_written(const std::string& path, bool json, Io& io,
                           const std::vector<std::pair<const char*, std::uint64_t>>& counts) {
  const Outcome<std::string> digest = package_digest(path);
  if (!digest) return fail(digest.error());
  if (json) {
    JsonObject object;
    object.add("schema", kJsonSchema).add("path", path).add("sha256", *digest);
    for (const auto& [name, count] : counts) object.add(name, count);
    io.out << object.str() << "\n";
  } else {
    io.out << "sha256:" << *digest << "  " << path << "\n";
  }
  return 0;
}

}  // namespace wasifs::cli
