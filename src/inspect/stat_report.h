// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "inspect/text.h"
#include "wasifs/tree.h"

namespace wasifs {

/// All that the tree tells about one path.
struct StatReport {
  std::string path;
  Attr attr;
  std::string target;  ///< the text of a symlink
  bool read_only = false;
  Traits traits;
};

[[nodiscard]] Outcome<StatReport> stat_path(const Tree& tree, std::string_view path, Follow follow);

/// A line for each property.
void print_stat(std::ostream& out, const StatReport& report);
/// One object; times in nanoseconds, `mode` as in entry_json().
void print_stat_json(std::ostream& out, const StatReport& report);

}  // namespace wasifs
