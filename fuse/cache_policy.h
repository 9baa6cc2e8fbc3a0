// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wasifs/types.h"

namespace wasifs::fuse {

/// What the kernel may remember of a node, and for how long. Times in seconds.
struct CachePolicy {
  double attributes = 0;    ///< what stat told
  double names = 0;         ///< a name that a directory has
  double absences = 0;      ///< a name that it has not; 0: not at all
  bool keep_pages = false;  ///< file content stays cached from one open to the next
  /// Content stays cached if size and modification time are what they were at
  /// the last open. Means something where keep_pages is false only.
  bool keep_unchanged_pages = false;
  bool keep_listing = false;  ///< the sequence of readdir is cached
};

/// The whole of the cache policy. What lies in a layer of our own changes
/// through the mount only, where the kernel sees it, so it may be remembered
/// until it is forgotten; a layer that others change too must be asked again.
[[nodiscard]] CachePolicy cache_policy(const Traits& traits) noexcept;

}  // namespace wasifs::fuse
