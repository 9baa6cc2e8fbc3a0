// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "fs/host/syscalls.h"

namespace wasifs::host {

/// Makes the inode numbers of several host file systems unique below 2^48, the
/// range that a layer has.
///
///   [1, 2^47)          the host's own number, of objects on the root's device
///   2^47 + k·2^40 + n  number n < 2^40 of the k-th other device that was seen
///   [2^47 + 2^46, 2^48)  counted up, for what fits in neither: numbers that are
///                      too large (64-bit inodes), devices after the 64th
///
/// So ordinary trees cost no memory; one entry per object is kept in the last
/// case only. A number is stable as long as this lives. Thread-safe.
class InodeNumbers {
 public:
  static constexpr std::uint64_t kForeign = std::uint64_t{1} << 47U;
  static constexpr std::uint64_t kPerDevice = std::uint64_t{1} << 40U;
  static constexpr std::size_t kDevices = 64;
  static constexpr std::uint64_t kCounted = kForeign + kDevices * kPerDevice;

  explicit InodeNumbers(dev_t home) : home_(home) {}

  [[nodiscard]] std::uint64_t number(const ObjectId& id);

 private:
  [[nodiscard]] std::uint64_t known(const ObjectId& id) const;

  const dev_t home_;
  std::shared_mutex mutex_;
  std::vector<dev_t> devices_;
  std::unordered_map<ObjectId, std::uint64_t, ObjectIdHash> counted_;
};

}  // namespace wasifs::host
