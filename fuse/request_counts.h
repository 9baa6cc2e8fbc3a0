// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace wasifs::fuse {

/// How many requests of each kind the kernel has made: what its caches did not answer.
/// Thread-safe.
class RequestCounts {
 public:
  void count(std::uint32_t opcode) noexcept {
    counts_[opcode < kKinds ? opcode : 0].fetch_add(1, std::memory_order_relaxed);
  }
  /// {"lookup":3,…}: those that have come, called as in <linux/fuse.h>.
  [[nodiscard]] std::string json() const;

 private:
  static constexpr std::size_t kKinds = 56;
  std::array<std::atomic<std::uint64_t>, kKinds> counts_{};
};

}  // namespace wasifs::fuse
