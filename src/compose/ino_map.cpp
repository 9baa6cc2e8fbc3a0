// SPDX-License-Identifier: Apache-2.0
#include "compose/ino_map.h"

namespace wasifs {

std::uint64_t InoMap::overflow(std::uint64_t part, std::uint64_t local) const {
  const std::scoped_lock held(lock_);
  const auto [entry, added] = table_.try_emplace({part, local}, table_.size());
  return overflow_part_ << local_bits_ | entry->second;
}

}  // namespace wasifs
