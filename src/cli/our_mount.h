// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "fuse/mount_info.h"
#include "wasifs/error.h"

namespace wasifs::cli {

/// The type that mounts of ours have in the kernel's list.
inline constexpr std::string_view kMountType = "fuse.wasifs";

/// The mount of ours at `given`, a path as a user writes it; a symlink to the
/// mount point will do. Asks nothing of its daemon. Trouble::mount where there is
/// none; `action` completes "cannot … DIR" where the path cannot be resolved.
[[nodiscard]] Outcome<fuse::MountEntry> find_our_mount(const std::string& given, std::string_view action);

}  // namespace wasifs::cli
