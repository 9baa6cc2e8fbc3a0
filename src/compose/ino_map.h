// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace wasifs {

/// Makes inode numbers of several sources unique by putting the source's index
/// above the number: the same result in every process and after every restart.
/// Numbers that leave no room for that (some network and stacked file systems
/// use all 64 bits) get one from a table; those are unique and stable as long as
/// the map lives.
///
/// A leaf layer has 48 bits, an overlay adds 6 for its layer, the tree 8 for its
/// mount: all numbers are positive as a signed 64-bit integer. Thread-safe.
class InoMap {
 public:
  InoMap(unsigned local_bits, unsigned part_bits)
      : local_bits_(local_bits), overflow_part_((std::uint64_t{1} << part_bits) - 1) {}

  [[nodiscard]] std::uint64_t map(std::uint64_t part, std::uint64_t local) const {
    if (part < overflow_part_ && local >> local_bits_ == 0) return part << local_bits_ | local;
    return overflow(part, local);
  }

 private:
  [[nodiscard]] std::uint64_t overflow(std::uint64_t part, std::uint64_t local) const;

  unsigned local_bits_;
  std::uint64_t overflow_part_;
  mutable std::mutex lock_;
  mutable std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> table_;
};

}  // namespace wasifs
