// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/name_hash.h"

namespace wasifs {

/// Finds the entry of a name in a directory in constant time, whatever the
/// number of names. An open-addressing table of entry numbers, for one directory
/// or for all of a layer; it does not hold the names.
///
/// Filled by one thread, then immutable and thread-safe.
class NameIndex {
 public:
  /// For at most `entries` names.
  explicit NameIndex(std::size_t entries);

  void insert(std::uint32_t directory, std::string_view name, std::uint32_t entry);

  /// The entry for which `matches(entry)` is true among those that may have
  /// this directory and name; kNone where there is none.
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  template <class Matches>
  [[nodiscard]] std::uint32_t find(std::uint32_t directory, std::string_view name,
                                   const Matches& matches) const {
    const std::uint64_t hash = hash_(directory, name);
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot slot = slots_[at];
      if (slot.entry == kNone) return kNone;
      if (slot.tag == tag && matches(slot.entry)) return slot.entry;
    }
  }

  [[nodiscard]] std::size_t memory() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t tag = 0;  ///< the hash's upper half
    std::uint32_t entry = kNone;
  };

  NameHash hash_;
  std::size_t mask_;
  std::vector<Slot> slots_;
};

}  // namespace wasifs
