// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

namespace wasifs::fuse {

/// A mount of this process's namespace: a line of /proc/self/mountinfo
/// (proc_pid_mountinfo(5)) with its octal escapes undone.
struct MountEntry {
  std::uint64_t id = 0;
  std::string device;   ///< "major:minor"
  std::string point;    ///< absolute path of the mount point
  std::string options;  ///< per-mount options, "rw,nosuid,…"
  std::string type;     ///< "fuse.wasifs"
  std::string source;

  bool operator==(const MountEntry&) const = default;
};

/// Parses the text of a mountinfo file. Lines that are not of its form are left
/// out.
[[nodiscard]] std::vector<MountEntry> parse_mount_info(std::string_view text);

/// The mounts of this process's namespace, in the order they were made.
[[nodiscard]] Result<std::vector<MountEntry>> read_mount_info();

/// The topmost mount at exactly `point`, if there is one.
[[nodiscard]] std::optional<MountEntry> find_mount(std::string_view point);

/// The id of the mount that `path` lies in, as MountEntry::id; asks nothing of
/// its daemon. nullopt: no such path, or a kernel before 5.8.
[[nodiscard]] std::optional<std::uint64_t> mount_id_of(const std::string& path);

/// True if the daemon of the FUSE mount at `path` is gone: everything there
/// answers ENOTCONN, except what the kernel still has in its caches.
[[nodiscard]] bool is_dead_mount(const std::string& path);

/// `path` absolute and without symlinks, except that its last component is not
/// looked at: a mount point whose daemon is dead answers ENOTCONN to any look.
/// The errors are those of resolving its parent.
[[nodiscard]] Result<std::string> resolve_parent_only(const std::string& path);

}  // namespace wasifs::fuse
