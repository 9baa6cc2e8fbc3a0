// SPDX-License-Identifier: Apache-2.0
#include "base/name_index.h"

#include <bit>

namespace wasifs {

// At least a third of the slots stay free, so probe sequences are short and end.
NameIndex::NameIndex(std::size_t entries)
    : mask_(std::bit_ceil(entries + entries / 2 + 1) - 1), slots_(mask_ + 1) {}

void NameIndex::insert(std::uint32_t directory, std::string_view name, std::uint32_t entry) {
  const std::uint64_t hash = hash_(directory, name);
  std::size_t at = hash & mask_;
  while (slots_[at].entry != kNone) at = (at + 1) & mask_;
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32U), entry};
}

}  // namespace wasifs
