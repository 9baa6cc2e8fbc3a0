// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/memory/memory_fs.h"

namespace wasifs::plan {

/// Who owns what a root is built from: the process, as the files that it would
/// create on the host.
struct Owner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// Fills an empty file system with the default root: /.app /.private /bin /dev
/// /etc /home, /tmp for everybody, and the standard devices in /dev. The order of
/// creation, and so the inode numbers, are always the same. enospc.
[[nodiscard]] Status fill_base_root(MemoryFilesystem& root, Owner owner);

/// The directory `path` below the root, made with those above it where missing.
/// enospc, enotdir.
[[nodiscard]] Result<NodeRef> make_directories(MemoryFilesystem& root, std::string_view path, Owner owner);

}  // namespace wasifs::plan
