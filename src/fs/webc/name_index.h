// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace wasifs::webc {

/// A number that nobody can foretell.
[[nodiscard]] std::uint64_t random_key();

/// The two halves of the 128-bit product, xored: mixes every bit of both.
[[nodiscard]] inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// Finds the entry of a name in a directory in constant time, whatever the
/// number of names. An open-addressing table of entry numbers for all
/// directories of a volume; it does not hold the names. The hash has a random
/// key, so the author of a package cannot choose names that collide.
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
    const std::uint64_t hash = hash_of(directory, name);
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

  [[nodiscard]] std::uint64_t hash_of(std::uint32_t directory, std::string_view name) const;

  std::uint64_t key_[2];
  std::size_t mask_;
  std::vector<Slot> slots_;
};

}  // namespace wasifs::webc
