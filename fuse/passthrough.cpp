// SPDX-License-Identifier: Apache-2.0
#include "fuse/passthrough.h"

#include <sys/ioctl.h>

#include <cerrno>
#include <optional>

#include "fuse/protocol.h"

namespace wasifs::fuse {

std::int32_t Passthrough::make_backing(File& file) noexcept {
  if (device_ < 0 || refused_) return 0;
  const std::optional<NativeRange> range = file.native_range();
  if (!range || range->offset != 0) return 0;
  BackingMap map{.fd = range->fd};
  const int backing = ::ioctl(device_, kBackingOpen, &map);
  if (backing > 0) return backing;
  // Other failures are about this file: it lies on a file system that is stacked itself.
  if (backing < 0 && errno == EPERM) refused_ = true;
  return 0;
}

DataWay Passthrough::enter(const Inode& inode, File& file, std::int32_t& backing) {
  const std::scoped_lock hold(lock_);
  Use& use = uses_[&inode];
  if (use.cached == 0 && use.backing == 0) use.backing = make_backing(file);
  if (use.backing == 0) {
    ++use.cached;
    return DataWay::cached;
  }
  // A file that is not the host's, of an inode that is read past us now, mixes with
  // that only if it leaves the pages alone.
  if (const std::optional<NativeRange> range = file.native_range(); !range || range->offset != 0) {
    return DataWay::direct;
  }
  ++use.passing;
  backing = use.backing;
  return DataWay::passthrough;
}

void Passthrough::leave(const Inode& inode, DataWay way) noexcept {
  if (way == DataWay::direct) return;
  const std::scoped_lock hold(lock_);
  const auto found = uses_.find(&inode);
  Use& use = found->second;
  --(way == DataWay::passthrough ? use.passing : use.cached);
  if (use.passing == 0 && use.backing != 0) {
    const auto closing = static_cast<std::uint32_t>(use.backing);
    ::ioctl(device_, kBackingClose, &closing);
    use.backing = 0;
  }
  if (use.passing == 0 && use.cached == 0) uses_.erase(found);
}

std::string_view Passthrough::state() const noexcept {
  if (device_ < 0) return "off";
  return refused_ ? "refused" : "on";
}

}  // namespace wasifs::fuse
