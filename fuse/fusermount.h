// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "fuse/unique_fd.h"

namespace wasifs::fuse {

/// What a run of fusermount3, the set-user-id helper of libfuse, came to.
struct FusermountResult {
  int status = -1;        ///< exit status; -1: it could not be started or was killed
  std::string complaint;  ///< what it wrote on standard error, without its name
  UniqueFd device;        ///< of a mount: /dev/fuse, passed over the socket
  UniqueFd socket;        ///< of a mount with auto_unmount: while it is open the helper stays
};

/// Mounts as fusermount3(1) does: the helper hands over the descriptor through
/// the socket named by _FUSE_COMMFD.
[[nodiscard]] FusermountResult fusermount_mount(const std::string& point, const std::string& options,
                                                bool auto_unmount);

/// `fusermount3 -u [-z] point`.
[[nodiscard]] FusermountResult fusermount_unmount(const std::string& point, bool lazy);

}  // namespace wasifs::fuse
