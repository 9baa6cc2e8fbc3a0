// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuse/agreement.h"
#include "wasifs/types.h"

namespace wasifs::fuse {

/// What the kernel may remember of a node, and for how long. Times in seconds.
/// All zero: nothing.
struct CachePolicy {
  double attributes = 0;    ///< what stat told; see attribute_timeout()
  double names = 0;         ///< a name that a directory has
  double absences = 0;      ///< a name that it has not; 0: not at all
  bool keep_pages = false;  ///< file content stays cached from one open to the next
  /// Content stays cached if size and modification time are what they were at
  /// the last open. Means something where keep_pages is false only.
  bool keep_unchanged_pages = false;
  bool keep_listing = false;  ///< the sequence of readdir is cached until a name changes
};

/// The whole of the cache policy. What lies in a layer of our own, or of a mount that
/// was promised to be left alone, changes through the tree only, where the kernel
/// sees it or is told; so it may be remembered until it is forgotten. A layer that
/// others change too must be asked again: after ViewOptions::shared_timeout.
[[nodiscard]] CachePolicy cache_policy(const Traits& traits, const ViewOptions& view) noexcept;

/// How long `attr`, of a node with that policy, holds. Where we take set-id bits away
/// at a write, the kernel learns of it only by asking, and must before it runs the
/// file: so they are never remembered.
[[nodiscard]] double attribute_timeout(const CachePolicy& policy, const Attr& attr) noexcept;

}  // namespace wasifs::fuse
