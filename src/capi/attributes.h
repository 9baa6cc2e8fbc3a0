// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "wasifs/error.h"
#include "wasifs/types.h"
#include "wasifs/wasifs.h"

namespace wasifs::capi {

/// Everything but struct_size, which is set to all of it.
[[nodiscard]] wasifs_stat stat_of(const Attr& attr);

/// The attributes that a file system of the user's told. Bits above the permissions
/// are left out, as a mode of stat(2) has the type there. eio: no such type or time;
/// eoverflow: longer than any file.
[[nodiscard]] Result<Attr> attr_of(const wasifs_stat& told);

[[nodiscard]] Result<FileType> file_type_of(std::uint32_t type);

/// What `changes` (WASIFS_SET_*) picks of `attributes`. einval: an unknown bit, or a
/// value that cannot be.
[[nodiscard]] Result<SetAttr> change_of(std::uint32_t changes, const wasifs_stat& attributes);

/// The other way round: sets the members and gives their bits.
[[nodiscard]] std::uint32_t changes_of(const SetAttr& change, wasifs_stat& attributes);

/// einval where there are more bits than those of a mode.
[[nodiscard]] Result<std::uint16_t> mode_of(std::uint32_t mode);

}  // namespace wasifs::capi
