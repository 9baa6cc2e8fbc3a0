// SPDX-License-Identifier: Apache-2.0
#include "fs/host/inode_numbers.h"

#include <algorithm>
#include <mutex>

namespace wasifs::host {

std::uint64_t InodeNumbers::number(const ObjectId& id) {
  if (id.dev == home_ && id.ino != 0 && id.ino < kForeign) return id.ino;
  {
    const std::shared_lock lock(mutex_);
    if (const std::uint64_t found = known(id); found != 0) return found;
  }
  const std::unique_lock lock(mutex_);
  if (const std::uint64_t found = known(id); found != 0) return found;
  const bool new_device = std::ranges::find(devices_, id.dev) == devices_.end();
  if (id.dev != home_ && new_device && devices_.size() < kDevices) {
    devices_.push_back(id.dev);
    if (const std::uint64_t found = known(id); found != 0) return found;
  }
  return counted_.emplace(id, kCounted + counted_.size()).first->second;
}

/// 0 if `id` has no number yet. The caller holds the lock.
std::uint64_t InodeNumbers::known(const ObjectId& id) const {
  const auto device = std::ranges::find(devices_, id.dev);
  if (device != devices_.end() && id.ino < kPerDevice) {
    const auto index = static_cast<std::uint64_t>(device - devices_.begin());
    return kForeign + index * kPerDevice + id.ino;
  }
  const auto found = counted_.find(id);
  return found == counted_.end() ? 0 : found->second;
}

}  // namespace wasifs::host
