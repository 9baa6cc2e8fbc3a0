// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan/manifest.h"
#include "plan/reader.h"

namespace wasifs::plan {

/// Reads the table [capabilities]: [capabilities.fs] is what the tree enforces,
/// the rest is passed on in the order of the document, tables as one entry per
/// key. What is wrong, unknown keys included, goes to `errors`.
[[nodiscard]] CapabilitiesSection read_capabilities(const Value& table, Errors& errors);

}  // namespace wasifs::plan
