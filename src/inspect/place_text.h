// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wasifs/error.h"

namespace wasifs {

/// ` (site.toml:3:10)` or, of a flag, ` (--cwd "/srv")`; nothing where there is
/// neither a line nor a flag to name.
[[nodiscard]] std::string place_text(const SourceLocation& where);

/// An object with file, line and column or, of a flag, with "flag"; else null.
[[nodiscard]] std::string place_json(const SourceLocation& where);

}  // namespace wasifs
