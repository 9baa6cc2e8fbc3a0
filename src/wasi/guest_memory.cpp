// SPDX-License-Identifier: Apache-2.0
#include "wasi/guest_memory.h"

#include <algorithm>

namespace wasifs::wasi {

Errno IoVectors::read(const GuestMemory& memory, u32 address, u32 count) {
  constexpr u64 kSize = 8;  // pointer and length
  count = std::min(count, kMaxCount);
  const auto table = memory.range(address, count * kSize);
  if (!table) return table.error();
  if (count > few_.size()) more_.reserve(count);
  u64 total = 0;
  for (u32 i = 0; i < count; ++i) {
    const auto entry = table->subspan(i * kSize, kSize);
    const auto buffer =
        memory.range(GuestMemory::get<u32>(entry, 0), GuestMemory::get<u32>(entry, sizeof(u32)));
    if (!buffer) return buffer.error();
    const auto taken =
        buffer->first(static_cast<std::size_t>(std::min<u64>(buffer->size(), kMaxBytes - total)));
    if (taken.empty()) continue;
    total += taken.size();
    if (count > few_.size()) {
      more_.push_back(taken);
    } else {
      few_[size_++] = taken;
    }
  }
  bytes_ = static_cast<std::size_t>(total);
  return Errno::success;
}

}  // namespace wasifs::wasi
