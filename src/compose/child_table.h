// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/name_hash.h"

namespace wasifs {

/// The children of a directory by their name(), as far as they are known. Children
/// come and never go, so looking one up needs no lock: a reader sees the table as it
/// was some time ago, and misses at most what was entered since.
///
/// find() and each() may be called by any thread, enter() by one at a time. The table
/// does not own its children.
template <class Child>
class ChildTable {
 public:
  /// Null where no such child was entered. `hash` is the name's.
  [[nodiscard]] Child* find(std::string_view name, std::uint64_t hash) const {
    const Slots* const slots = slots_.load(std::memory_order_acquire);
    if (slots == nullptr) return nullptr;
    for (std::size_t at = hash & slots->mask;; at = (at + 1) & slots->mask) {
      Child* const child = slots->children[at].load(std::memory_order_acquire);
      if (child == nullptr || child->name() == name) return child;
    }
  }

  void enter(Child& child, const NameHash& hash) {
    Slots* slots = slots_.load(std::memory_order_relaxed);
    // At most two thirds are full, so that probe sequences are short and end.
    if (slots == nullptr || 3 * (count_ + 1) > 2 * (slots->mask + 1)) slots = grow(slots, hash);
    put(*slots, child, hash);
    ++count_;
  }

  template <class Visit>
  void each(Visit visit) const {
    if (const Slots* const slots = slots_.load(std::memory_order_acquire)) slots->each(visit);
  }

 private:
  struct Slots {
    explicit Slots(std::size_t count)
        : mask(count - 1), children(std::make_unique<std::atomic<Child*>[]>(count)) {}

    template <class Visit>
    void each(Visit visit) const {
      for (std::size_t at = 0; at <= mask; ++at) {
        if (Child* const child = children[at].load(std::memory_order_acquire)) visit(*child);
      }
    }

    const std::size_t mask;
    const std::unique_ptr<std::atomic<Child*>[]> children;
  };

  static void put(Slots& slots, Child& child, const NameHash& hash) {
    std::size_t at = hash(0, child.name()) & slots.mask;
    while (slots.children[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & slots.mask;
    slots.children[at].store(&child, std::memory_order_release);
  }

  Slots* grow(const Slots* from, const NameHash& hash) {
    // The smaller one stays for those who are reading it; together all of these take
    // no more than the last.
    auto grown = std::make_unique<Slots>(from == nullptr ? 4 : 2 * (from->mask + 1));
    if (from != nullptr) from->each([&](Child& child) { put(*grown, child, hash); });
    Slots* const made = all_.emplace_back(std::move(grown)).get();
    slots_.store(made, std::memory_order_release);
    return made;
  }

  std::atomic<Slots*> slots_{nullptr};
  std::size_t count_ = 0;
  std::vector<std::unique_ptr<Slots>> all_;
};

}  // namespace wasifs
