// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "fuse/mount_info.h"
#include "wasifs/error.h"

namespace wasifs::fuse {

/// What came of asking a mount for an extended attribute of its root.
struct Answer {
  enum class Kind : std::uint8_t {
    value,
    dead,    ///< its daemon has ended
    silent,  ///< no answer in time
    hidden,  ///< at its mount point is another mount by now, or none
    error,
  };
  Kind kind = Kind::error;
  std::string value = {};
  Errc error = Errc::eio;  ///< of Kind::error
};

/// Asks the daemon of `mount` for the attribute `name` and waits for `patience`
/// at most. A process of its own asks, because a daemon that hangs may hang who
/// asks beyond the reach of any signal; such a process is left behind, and holds
/// on to nothing of ours. The mount is in use for as long as the question takes.
/// May be called in a process with threads.
[[nodiscard]] Answer ask_mount(const MountEntry& mount, const std::string& name,
                               std::chrono::milliseconds patience);

}  // namespace wasifs::fuse
