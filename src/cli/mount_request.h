// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "wasifs/error.h"
#include "wasifs/root.h"

namespace wasifs::cli {

/// A mount as the command line or mount(8) asks for it.
struct MountRequest {
  std::string source;
  ComposeOptions compose = {};  ///< on top of the source; mount(8) gives none
  std::string mount_point;
  std::vector<std::string> options;            ///< each a list as of -o
  bool sloppy = false;                         ///< unknown options are passed over
  bool fake = false;                           ///< everything but the mount itself
  bool foreground = false;                     ///< serve in this process
  std::optional<int> ready_fd;                 ///< gets "READY\n" when the mount serves
  std::optional<std::string> mount_namespace;  ///< a process id or a path of a namespace file
};

/// Composes, mounts and serves. In the background a child serves, without a
/// terminal and with / as its directory, and this returns 0 once the mount
/// answers requests; in the foreground it returns when the mount ends. Whatever
/// is wrong with source, options or mount point is reported before that.
///
/// To be called before the process has started a thread.
[[nodiscard]] Outcome<int> run_mount(const MountRequest& request, Io& io);

}  // namespace wasifs::cli
