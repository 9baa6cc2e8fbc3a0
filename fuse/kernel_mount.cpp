// SPDX-License-Identifier: Apache-2.0
#include "fuse/kernel_mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "fuse/fusermount.h"
#include "fuse/trouble.h"

namespace wasifs::fuse {

namespace {

constexpr const char* kDevice = "/dev/fuse";

std::string refused(const std::string& point, const std::string& why) {
  return "cannot mount on " + quote(point) + ": " + why;
}

Outcome<UniqueFd> open_device() {
  UniqueFd device(::open(kDevice, O_RDWR | O_CLOEXEC));
  if (device) return device;
  const Errc error = static_cast<Errc>(errno);
  const bool missing = error == Errc::enoent || error == Errc::enodev || error == Errc::enxio;
  return mount_trouble(std::string("cannot open ") + kDevice + ": " + message(error),
                       missing
                           ? "load the kernel's module with \"modprobe fuse\", or start the container with "
                             "\"--device /dev/fuse --cap-add SYS_ADMIN\""
                           : "the device must be readable and writable for you");
}

bool allow_other(const Options& options) { return options.allow_other.value_or(::geteuid() == 0); }

/// What the file system itself is told, as opposed to the flags of the mount.
/// Permissions are the kernel's to check, always: the daemon has no say there.
std::string fuse_data(const Options& options) {
  std::string data = "default_permissions";
  if (allow_other(options)) data += ",allow_other";
  if (options.max_read) data += ",max_read=" + std::to_string(*options.max_read);
  return data;
}

Outcome<KernelMount> mount_directly(UniqueFd device, const std::string& point, const std::string& source,
                                    const Options& options, bool& not_permitted) {
  struct stat status{};
  if (::stat(point.c_str(), &status) != 0) {
    return mount_trouble(refused(point, message(static_cast<Errc>(errno))));
  }
  std::array<char, 16> mode{};
  std::snprintf(mode.data(), mode.size(), "%o", static_cast<unsigned>(status.st_mode & S_IFMT));
  const std::string data = "fd=" + std::to_string(device.get()) + ",rootmode=" + mode.data() +
                           ",user_id=" + std::to_string(::getuid()) +
                           ",group_id=" + std::to_string(::getgid()) + "," + fuse_data(options);
  const std::string type = "fuse." + options.subtype;
  if (::mount(source.c_str(), point.c_str(), type.c_str(), options.flags, data.c_str()) == 0) {
    KernelMount mounted;
    mounted.device = std::move(device);
    return mounted;
  }
  const Errc error = static_cast<Errc>(errno);
  not_permitted = error == Errc::eperm;
  return mount_trouble(refused(point, message(error)),
                       error == Errc::enodev ? "the kernel has no FUSE: try \"modprobe fuse\""
                       : error == Errc::eperm
                           ? "mounting needs CAP_SYS_ADMIN, or fusermount3 of the fuse3 package"
                           : "");
}

/// `text` as the value of an option in a list that fusermount3 splits.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == ',' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

Outcome<KernelMount> mount_by_helper(const std::string& point, const std::string& source,
                                     const Options& options) {
  std::string list =
      "fsname=" + escaped(source) + ",subtype=" + escaped(options.subtype) + "," + fuse_data(options);
  constexpr std::array<std::pair<unsigned long, const char*>, 8> kWords{{{MS_RDONLY, "ro"},
                                                                         {MS_NOSUID, "nosuid"},
                                                                         {MS_NODEV, "nodev"},
                                                                         {MS_NOEXEC, "noexec"},
                                                                         {MS_SYNCHRONOUS, "sync"},
                                                                         {MS_DIRSYNC, "dirsync"},
                                                                         {MS_NOATIME, "noatime"},
                                                                         {MS_NODIRATIME, "nodiratime"}}};
  for (const auto& [bit, word] : kWords) {
    if ((options.flags & bit) != 0) list += std::string(",") + word;
  }
  if (options.auto_unmount) list += ",auto_unmount";
  FusermountResult result = fusermount_mount(point, list, options.auto_unmount);
  if (!result.device) {
    const std::string why = result.complaint.empty() ? "fusermount3 refused" : result.complaint;
    return mount_trouble(refused(point, why),
                         result.status == -1 ? "install the fuse3 package, or mount as root" : "");
  }
  KernelMount mounted;
  mounted.device = std::move(result.device);
  mounted.auto_unmount = std::move(result.socket);
  return mounted;
}

}  // namespace

Outcome<KernelMount> mount_fuse(const std::string& point, const std::string& source, const Options& options) {
  // Only the helper stays behind to watch, so auto_unmount takes it for root too.
  if (options.auto_unmount) return mount_by_helper(point, source, options);
  Outcome<UniqueFd> device = open_device();
  if (!device) {
    // The helper may open what we may not.
    const bool try_helper = ::geteuid() != 0 && ::access(kDevice, F_OK) == 0;
    return try_helper ? mount_by_helper(point, source, options) : fail(device.error());
  }
  bool not_permitted = false;
  Outcome<KernelMount> mounted = mount_directly(std::move(*device), point, source, options, not_permitted);
  if (!not_permitted || ::geteuid() == 0) return mounted;
  return mount_by_helper(point, source, options);
}

Outcome<void> remount(const std::string& point, const Options& options) {
  if (::mount(nullptr, point.c_str(), nullptr, options.flags | MS_REMOUNT, nullptr) == 0) return {};
  return mount_trouble("cannot remount " + quote(point) + ": " + message(static_cast<Errc>(errno)));
}

Status unmount(const std::string& point, Detach detach) {
  const bool lazy = detach == Detach::at_once;
  if (::umount2(point.c_str(), UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) == 0) return {};
  const int error = errno;
  if (error != EPERM || ::geteuid() == 0) return fail_errno(error);
  const FusermountResult result = fusermount_unmount(point, lazy);
  if (result.status == 0) return {};
  // The helper says why in words only.
  return fail(result.complaint.find("busy") != std::string::npos ? Errc::ebusy : Errc::eperm);
}

}  // namespace wasifs::fuse
