// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasifs/tree.h"

namespace wasifs {

/// The way that a resolution took, and how far it came.
struct ResolutionLog {
  struct Link {
    VNode start;
    std::vector<std::string> names;  ///< of the link, below `start`
    std::string text;
  };

  VNode start;                     ///< what `names` are below: the base or where a link led to
  std::vector<std::string> names;  ///< neither "." nor "..", and no symlink but as the last
  std::vector<Link> links;         ///< in the order they were followed
  std::string left;                ///< what could not be resolved, from the name that was met last on

  /// The child `name` is a link and is followed.
  void follow(std::string_view name, std::string_view text) {
    links.push_back({start, names, std::string(text)});
    links.back().names.emplace_back(name);
  }
  void restart(const VNode& at) {
    start = at;
    names.clear();
  }
};

/// Tree::resolve_at with a record of the way.
[[nodiscard]] Result<VNode> resolve_logged(const Tree& tree, const VNode& base, std::string_view path,
                                           Follow follow, ResolutionLog& log);

}  // namespace wasifs
