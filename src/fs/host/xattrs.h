// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"

/// Extended attributes (xattr(7)) of what a descriptor stands for. O_PATH descriptors
/// are refused by fgetxattr and its kin, so the object is reached by the descriptor's
/// path in /proc.
namespace wasifs::host {

/// erange: as Linux says for a name of no or too many bytes; einval: a NUL in it.
[[nodiscard]] Status check_xattr_name(std::string_view name);

/// enodata, enotsup, and what check_xattr_name() says.
[[nodiscard]] Result<std::string> read_xattr(int fd, std::string_view name);
[[nodiscard]] Result<std::vector<std::string>> read_xattr_names(int fd);

}  // namespace wasifs::host
