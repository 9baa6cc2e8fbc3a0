// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "wasifs/error.h"

namespace wasifs {

/// What the memory layers of one root may hold together: bytes and inodes.
/// Charged before anything is allocated, so a refusal changes nothing.
/// A quota may have a parent (a mount's own limit inside the root's): a charge
/// must fit in both. Lock-free, thread-safe.
class Quota {
 public:
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  explicit Quota(std::uint64_t max_bytes = kUnlimited, std::uint64_t max_inodes = kUnlimited,
                 std::shared_ptr<Quota> parent = nullptr)
      : bytes_{.max = max_bytes}, inodes_{.max = max_inodes}, parent_(std::move(parent)) {}

  /// enospc, and nothing is charged, if either limit would be passed.
  [[nodiscard]] Status charge(std::uint64_t bytes, std::uint64_t inodes);
  /// Charges what cannot be refused, past the limits if need be.
  void charge_anyway(std::uint64_t bytes, std::uint64_t inodes);
  void release(std::uint64_t bytes, std::uint64_t inodes);

  [[nodiscard]] std::uint64_t bytes_used() const { return bytes_.used.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t inodes_used() const { return inodes_.used.load(std::memory_order_relaxed); }
  /// The tightest limit in force, its own or an ancestor's; kUnlimited for none.
  [[nodiscard]] std::uint64_t bytes_max() const;
  [[nodiscard]] std::uint64_t inodes_max() const;
  /// What may still be charged, as the tightest limit sees it.
  [[nodiscard]] std::uint64_t bytes_free() const;
  [[nodiscard]] std::uint64_t inodes_free() const;

 private:
  struct Gauge {
    std::uint64_t max = kUnlimited;
    std::atomic<std::uint64_t> used{0};
    [[nodiscard]] bool take(std::uint64_t amount);
    [[nodiscard]] std::uint64_t free() const;
  };
  Gauge bytes_;
  Gauge inodes_;
  std::shared_ptr<Quota> parent_;
};

/// A charge that gives itself back unless it is kept: what an operation reserves
/// before the step that may still fail.
class Charge {
 public:
  Charge() = default;
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  ~Charge() {
    if (quota_ != nullptr) quota_->release(bytes_, inodes_);
  }
  /// enospc. At most one reservation per Charge. A null quota grants everything.
  [[nodiscard]] Status reserve(Quota* quota, std::uint64_t bytes, std::uint64_t inodes);
  /// As reserve(), past the limits if need be.
  void take_anyway(Quota* quota, std::uint64_t bytes, std::uint64_t inodes);
  void keep() { quota_ = nullptr; }

 private:
  void hold(Quota* quota, std::uint64_t bytes, std::uint64_t inodes);

  Quota* quota_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t inodes_ = 0;
};

}  // namespace wasifs
