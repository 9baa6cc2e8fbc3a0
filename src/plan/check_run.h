// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "wasifs/root.h"

namespace wasifs::plan {

/// What keeps a guest from starting in this root, in the order of the manifest:
/// a working directory or a preopen that the tree does not have, or that is no
/// directory. Changes nothing.
[[nodiscard]] std::vector<Diagnostic> check_run(const PreparedRoot& root);

}  // namespace wasifs::plan
