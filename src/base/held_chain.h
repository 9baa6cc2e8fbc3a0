// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasifs/error.h"

namespace wasifs {

/// The directories from a root down to one of them, of which few are held: a directory of
/// the host is a descriptor. Those near the end are all held, the others the more seldom
/// the further away they are, and what was let go is found again by its name. So going
/// down a tree and up again holds directories in proportion to the logarithm of its depth,
/// and takes hardly more look-ups than it has directories. `Dir` is what holds one. Not
/// thread-safe.
template <class Dir>
class HeldChain {
 public:
  explicit HeldChain(Dir root) { links_.push_back({.name = {}, .dir = std::move(root)}); }

  /// How many lie above the last one.
  [[nodiscard]] std::size_t depth() const { return links_.size() - 1; }
  /// The name of the directory so far below the root; "" of that.
  [[nodiscard]] const std::string& name(std::size_t depth) const { return links_[depth].name; }

  /// Adds a directory of the last one.
  void push(std::string_view name, Dir dir) {
    links_.push_back({.name = std::string(name), .dir = std::move(dir)});
    // Only where a stretch begins does the stride change.
    for (std::size_t distance = 2 * kNear; distance <= depth(); distance *= 2) {
      drop_unless_kept(depth() - distance);
    }
  }
  /// Drops the last one, which is not the root.
  void pop() { links_.pop_back(); }

  /// The directory so far below the root. `lookup(dir, name)` is a Result<Dir>; its errors
  /// are those of this.
  [[nodiscard]] Result<Dir> at(std::size_t depth, const auto& lookup) {
    std::size_t known = depth;
    while (!links_[known].dir) --known;
    for (; known < depth; ++known) {
      Result<Dir> next = lookup(*links_[known].dir, links_[known + 1].name);
      if (!next) return next;
      drop_unless_kept(known);
      links_[known + 1].dir = *std::move(next);
    }
    Dir found = *links_[depth].dir;
    drop_unless_kept(depth);
    return found;
  }

 private:
  /// How many of the nearest are all held; of each stretch behind, which is twice as long as
  /// the one before it, as many are.
  static constexpr std::size_t kNear = 16;

  struct Link {
    std::string name;
    std::optional<Dir> dir;  ///< nullopt: let go
  };

  void drop_unless_kept(std::size_t depth) {
    const std::size_t distance = links_.size() - 1 - depth;
    const std::size_t stride = std::bit_floor(std::max<std::size_t>(1, distance / kNear));
    if (depth % stride != 0) links_[depth].dir.reset();
  }

  std::vector<Link> links_;
};

}  // namespace wasifs
