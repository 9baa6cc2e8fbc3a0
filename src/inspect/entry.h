// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "inspect/walk.h"

namespace wasifs {

/// {"path","type","size","mode","mtime_ns","ino","target"?} of an entry, the
/// object that `tree`, `ls` and `webc ls` list.
[[nodiscard]] std::string entry_json(const WalkEntry& entry);

}  // namespace wasifs
