// SPDX-License-Identifier: Apache-2.0
#include "fuse/cache_policy.h"

namespace wasifs::fuse {

namespace {

/// "For ever": the kernel asks again after a day, which costs nothing.
constexpr double kLong = 24.0 * 60 * 60;
/// How stale a shared directory may look. One second is what NFS and overlay
/// users are used to, and hides the cost of a path walk.
constexpr double kShort = 1.0;

}  // namespace

CachePolicy cache_policy(const Traits& traits) noexcept {
  if (traits.place_bound) {
    // Its size is asked for each time; names are the parent's concern.
    Traits unbound = traits;
    unbound.place_bound = false;
    CachePolicy policy = cache_policy(unbound);
    policy.attributes = 0;
    return policy;
  }
  if (traits.shared) {
    // A name that somebody else has just created must be found at once: build
    // tools wait for files. So absences are not remembered.
    return {.attributes = kShort, .names = kShort, .absences = 0, .keep_unchanged_pages = true};
  }
  return {.attributes = kLong,
          .names = kLong,
          .absences = kLong,
          .keep_pages = true,
          .keep_listing = traits.immutable};
}

}  // namespace wasifs::fuse
