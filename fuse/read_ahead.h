// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace wasifs::fuse {

/// Lets the kernel read files of the mounted file system `device` ahead by as much as
/// one request can carry. It starts with 128 KiB, whatever INIT says, and only its
/// table of block devices takes a larger number, from root. False: not allowed.
bool read_ahead(dev_t device);

}  // namespace wasifs::fuse
