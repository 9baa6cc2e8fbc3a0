// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>

#include "wasifs/tree.h"

namespace wasifs {

/// Paths of a tree that a view of it is without, and all that is below them.
using LeftOut = std::set<std::string, std::less<>>;

/// What `tree` shows, across its mounts, as the nodes of one layer: to be read by who writes
/// a package of it. The tree and the set must outlive the node.
[[nodiscard]] NodeRef packed_view(const Tree& tree, const LeftOut& left_out);

}  // namespace wasifs
