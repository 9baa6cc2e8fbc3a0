// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fuse/options.h"
#include "fuse/unique_fd.h"
#include "wasifs/error.h"

namespace wasifs::fuse {

/// A FUSE file system that the kernel has mounted, and the daemon's end of it.
struct KernelMount {
  UniqueFd device;        ///< /dev/fuse
  UniqueFd auto_unmount;  ///< open as long as fusermount3 is to watch over us
};

/// Mounts at `point`, an absolute path of a directory: with mount(2), or where
/// that is not permitted through fusermount3. Every failure is a Trouble::mount
/// that says what was refused and by whom.
[[nodiscard]] Outcome<KernelMount> mount_fuse(const std::string& point, const std::string& source,
                                              const Options& options);

/// Changes the flags of what is mounted at `point` (mount -o remount).
[[nodiscard]] Outcome<void> remount(const std::string& point, const Options& options);

enum class Detach : bool {
  wait_for_users,  ///< fails with ebusy while files are open
  at_once,         ///< lazily: out of sight now, gone with its last user
};

/// Unmounts the topmost mount at `point`: with umount2(2), or where that is not
/// permitted through fusermount3. Follows no symlink. ebusy, eperm, einval.
[[nodiscard]] Status unmount(const std::string& point, Detach detach);

}  // namespace wasifs::fuse
