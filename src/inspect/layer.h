// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "inspect/change_source.h"
#include "inspect/tree_copy.h"

namespace wasifs {

struct LayerCounts {
  std::uint64_t entries = 0;    ///< files, directories and so on, each name
  std::uint64_t whiteouts = 0;  ///< names that are taken away
  std::uint64_t opaque = 0;     ///< directories that replace what lies below
};

/// Hands what was changed in `tree` to `sink`, as a layer of an image (OCI image
/// specification, "Layer filesystem changeset"): whatever holds a change comes before it,
/// whiteouts before all else in their directory, names by their bytes. Attributes that are
/// marks of overlays are left out. Nothing changed is nothing handed over. `losses`: what
/// such a layer cannot hold. Deep trees cost no stack.
///
/// Trouble::source: what cannot be read; names that begin with ".wh.", which would delete
/// others, all of them named in the causes (up to ten).
[[nodiscard]] Outcome<LayerCounts> copy_layer(const Tree& tree, ChangeSource& changes, CopySink& sink,
                                              std::vector<CopyLoss>& losses);

}  // namespace wasifs
