// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cstdint>

#include "wasifs/error.h"
#include "wasifs/types.h"

struct fuse_entry_out;
struct fuse_entry_param;

namespace wasifs::fuse {

/// The S_IFMT bits of a type, and back. einval: no type has these bits.
[[nodiscard]] mode_t type_bits(FileType type) noexcept;
[[nodiscard]] Result<FileType> type_from_mode(mode_t mode) noexcept;

[[nodiscard]] struct stat to_stat(const Attr& attr) noexcept;
/// Seconds as the protocol has them.
struct Timeout {
  std::uint64_t sec = 0;
  std::uint32_t nsec = 0;
};
[[nodiscard]] Timeout to_timeout(double seconds) noexcept;

/// As it is told in the protocol, with an open or on its own.
[[nodiscard]] fuse_entry_out to_entry_out(const fuse_entry_param& entry) noexcept;
/// `mode` as it is after a write: set-group-id goes where the group may execute.
[[nodiscard]] std::uint16_t without_set_ids(std::uint16_t mode) noexcept;
[[nodiscard]] struct statvfs to_statvfs(const StatFs& info) noexcept;

/// What a setattr request asks for. `to_set` is the mask of FUSE_SET_ATTR_*;
/// a time of "now" is read from the clock that the layers stamp with.
[[nodiscard]] SetAttr to_set_attr(const struct stat& wanted, int to_set) noexcept;

/// open(2)'s flags. einval: both access bits.
[[nodiscard]] Result<OpenFlags> to_open_flags(int flags) noexcept;

/// renameat2(2)'s flags. einval: a combination.
[[nodiscard]] Result<RenameMode> to_rename_mode(unsigned flags) noexcept;

/// fallocate(2)'s mode. enotsup: one that no layer has.
[[nodiscard]] Result<AllocateMode> to_allocate_mode(int mode) noexcept;

/// setxattr(2)'s flags. einval: both, or others.
[[nodiscard]] Result<XattrMode> to_xattr_mode(int flags) noexcept;

}  // namespace wasifs::fuse
