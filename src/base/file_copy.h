// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "wasifs/node.h"

namespace wasifs {

/// Makes the first `size` bytes of `from` the content of `to`, which is empty, in the
/// cheapest way that the two have. Holes stay holes. Errors are those of both; after
/// one `to` may hold a part.
[[nodiscard]] Status copy_content(File& from, File& to, std::uint64_t size);

}  // namespace wasifs
