// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <vector>

#include "inspect/text.h"
#include "inspect/walk.h"

namespace wasifs {

/// What a report could not read; the rest was printed all the same.
using Problems = std::vector<Diagnostic>;

/// Draws `start`, shown as `path`, and all that is below it, a line each, with
/// the targets of symlinks, and closes with a line of counts.
[[nodiscard]] Problems print_tree(std::ostream& out, const Walkable& source, const VNode& start,
                                  std::string_view path, const TextStyle& style);

/// {"schema":1,"entries":[…]} of the same, one line for each entry, sorted by
/// the bytes of the path (spec: `tree --json`).
[[nodiscard]] Problems print_tree_json(std::ostream& out, const Walkable& source, const VNode& start,
                                       std::string_view path);

}  // namespace wasifs
