// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/sha256.h"
#include "wasifs/node.h"

namespace wasifs {

/// SHA-256 of the first `size` bytes of `file`, or of what there is of them.
[[nodiscard]] Result<Digest> digest_of(File& file, std::uint64_t size);

/// True if the first `size` bytes of the two are equal. Bytes that both have in the same
/// place of memory are not looked at, nor holes that both have.
[[nodiscard]] Result<bool> same_content(File& a, File& b, std::uint64_t size);

}  // namespace wasifs
