// SPDX-License-Identifier: Apache-2.0
#include "fuse/cache_policy.h"

namespace wasifs::fuse {

namespace {

/// "For ever": the kernel asks again after a day, which costs nothing.
constexpr double kLong = 24.0 * 60 * 60;

}  // namespace

CachePolicy cache_policy(const Traits& traits, const ViewOptions& view) noexcept {
  if (traits.uncached) return {};
  CachePolicy policy{.attributes = kLong,
                     .names = kLong,
                     .absences = kLong,
                     .keep_pages = true,
                     .keep_unchanged_pages = false,
                     .keep_listing = traits.immutable || view.sole_writer};
  if (traits.shared) {
    // A name that somebody else has just created must be found at once: build
    // tools wait for files. So absences are not remembered.
    policy = {.attributes = view.shared_timeout, .names = view.shared_timeout, .keep_unchanged_pages = true};
  }
  // Its size is asked for each time; names are the parent's concern.
  if (traits.place_bound) policy.attributes = 0;
  return policy;
}

double attribute_timeout(const CachePolicy& policy, const Attr& attr) noexcept {
  constexpr std::uint16_t kSetIds = 06000;
  const bool set_id = attr.type == FileType::regular && (attr.mode & kSetIds) != 0;
  return set_id ? 0 : policy.attributes;
}

}  // namespace wasifs::fuse
