// SPDX-License-Identifier: Apache-2.0
#include "fuse/passthrough.h"

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "fuse/protocol.h"

namespace wasifs::fuse {

namespace {

/// As long as it lives, this thread has not the capability to keep set-id bits at a
/// write. The kernel remembers who asked for a backing file.
class NotKeepingSetIds {
 public:
  NotKeepingSetIds() noexcept {
    if (::syscall(SYS_capget, &header_, before_.data()) != 0) return;
    Sets without = before_;
    without[CAP_TO_INDEX(CAP_FSETID)].effective &= ~CAP_TO_MASK(CAP_FSETID);
    changed_ = ::syscall(SYS_capset, &header_, without.data()) == 0;
  }
  NotKeepingSetIds(const NotKeepingSetIds&) = delete;
  NotKeepingSetIds& operator=(const NotKeepingSetIds&) = delete;
  ~NotKeepingSetIds() {
    if (changed_) ::syscall(SYS_capset, &header_, before_.data());
  }

 private:
  using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;
  __user_cap_header_struct header_{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  Sets before_{};
  bool changed_ = false;
};

}  // namespace

std::int32_t Passthrough::make_backing(File& file) noexcept {
  if (device_ < 0 || refused_) return 0;
  const std::optional<NativeRange> range = file.native_range();
  if (!range || range->offset != 0) return 0;
  BackingMap map{.fd = range->fd};
  const NotKeepingSetIds meanwhile;
  const int backing = ::ioctl(device_, kBackingOpen, &map);
  if (backing > 0) return backing;
  // Other failures are about this file: it lies on a file system that is stacked itself.
  if (backing < 0 && errno == EPERM) refused_ = true;
  return 0;
}

DataWay Passthrough::enter(const Inode& inode, File& file, bool set_ids, std::int32_t& backing) {
  const std::scoped_lock hold(lock_);
  Use& use = uses_[&inode];
  if (use.cached == 0 && use.backing == 0 && !set_ids) use.backing = make_backing(file);
  if (use.backing == 0) {
    ++use.cached;
    return DataWay::cached;
  }
  ++use.passing;
  backing = use.backing;
  return DataWay::passthrough;
}

void Passthrough::leave(const Inode& inode, DataWay way) noexcept {
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
