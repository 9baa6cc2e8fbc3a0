// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compose/attribute_pages.h"
#include "wasifs/tree.h"

namespace wasifs {

/// Where `node` lies in the tree now, without symlinks on the way; nullopt where
/// it, or a directory above it, has no name any more.
[[nodiscard]] std::optional<std::string> place_of(const VNode& node);

/// Where `node` lies below the root of its mount: "" for that root, else "/a/b".
[[nodiscard]] std::optional<std::string> place_in_mount(const VNode& node);

/// True for the names that the tree keeps for itself.
[[nodiscard]] inline bool is_provenance_xattr(std::string_view name) {
  return name.starts_with("user.wasifs.");
}
/// enodata: a name of that prefix that means nothing. `last`: the tree's.
[[nodiscard]] Result<std::string> provenance_xattr(const Tree& tree, const VNode& node, std::string_view name,
                                                   LastText& last);

}  // namespace wasifs
