// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "wasifs/error.h"
#include "wasifs/types.h"

namespace wasifs::host {

/// Makes `change` to the object that `fd` (O_PATH) stands for. Several
/// attributes are several system calls; if one fails, those before it are taken
/// back, and the size, which cannot be taken back, is changed when nothing else
/// can fail any more. So a refusal changes nothing but ctime.
///
/// einval: an id of -1, nanoseconds out of range, or a size where there is none;
/// eisdir; efbig; enotsup: a mode for a symlink; else what the host says.
[[nodiscard]] Status change_attributes(int fd, FileType type, const SetAttr& change);

/// chown(2) of what `fd` stands for, a symlink itself included. einval: an id of
/// -1, which the host would take for "leave it".
[[nodiscard]] Status change_owner(int fd, std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid);

/// chmod(2) of what `fd` stands for. enotsup: a symlink.
[[nodiscard]] Status change_mode(int fd, FileType type, std::uint16_t mode);

}  // namespace wasifs::host
