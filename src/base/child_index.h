// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bulk_array.h"
#include "base/name_hash.h"

namespace wasifs {

/// The children of a directory of a layer: entries that stand side by side.
struct ChildRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// Finds the child of a name in constant time, whatever the number of children.
/// One table for all directories of a layer, in which each has a stretch of its
/// own that follows from where its children are: filling it and asking it touches
/// neighbouring memory. It does not hold the names. The hash has a random key, so
/// the author of a package or archive cannot choose names that collide.
///
/// Filled by one thread, then immutable and thread-safe.
class ChildIndex {
 public:
  /// For entries 1 to `entries` - 1; the root, 0, is nobody's child. 12 bytes each.
  explicit ChildIndex(std::size_t entries);

  /// `siblings` has `child` among others. Each child once.
  void insert(ChildRange siblings, std::string_view name, std::uint32_t child);

  /// The child for which `matches(child)` is true among those that may have this
  /// name; 0 where there is none.
  template <class Matches>
  [[nodiscard]] std::uint32_t find(ChildRange children, std::string_view name, const Matches& matches) const {
    const Stretch stretch(children);
    const std::uint64_t hash = hash_(children.first, name);
    std::size_t at = stretch.start_for(hash);
    // A stretch may be full, so the end is not always an empty slot.
    for (std::size_t left = stretch.size; left > 0; --left, at = stretch.next(at)) {
      const Slot slot = slots()[at];
      if (slot.child == 0) return 0;
      if (slot.tag == tag_of(hash) && matches(slot.child)) return slot.child;
    }
    return 0;
  }

  [[nodiscard]] std::size_t memory() const { return memory_.usable(); }

 private:
  struct Slot {
    std::uint32_t tag;    ///< half of the hash
    std::uint32_t child;  ///< 0: none
  };

  /// The slots of a directory: three for two children.
  struct Stretch {
    std::size_t first;
    std::size_t size;

    explicit Stretch(ChildRange children)
        : first(before(children.first)),
          size(before(std::size_t{children.first} + children.count) - before(children.first)) {}
    [[nodiscard]] static std::size_t before(std::size_t child) { return child + child / 2; }
    /// By the half of the hash that is not the tag.
    [[nodiscard]] std::size_t start_for(std::uint64_t hash) const {
      return first + static_cast<std::size_t>((hash & 0xffff'ffffU) * size >> 32U);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const { return at + 1 == first + size ? first : at + 1; }
  };

  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U);
  }
  [[nodiscard]] Slot* slots() const { return reinterpret_cast<Slot*>(memory_.data()); }

  NameHash hash_;
  BulkMemory memory_;
};

}  // namespace wasifs
