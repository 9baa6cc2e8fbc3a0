// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wasifs/error.h"

namespace wasifs {

/// ` (site.toml:3:10)`, or nothing where there is no line to name.
[[nodiscard]] std::string place_text(const SourceLocation& where);

/// An object with file, line and column; null where there is no line.
[[nodiscard]] std::string place_json(const SourceLocation& where);

}  // namespace wasifs
