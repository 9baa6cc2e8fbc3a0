// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wasifs/error.h"

namespace wasifs::webc {

/// A package's manifest as packages have it: CBOR with keys in the order of the text,
/// lengths that are definite and everything in its shortest form, as the reference
/// writes it. `json` is one JSON object; `name` is what messages call it. What no package
/// can hold (integers outside of 64 bits, values nested too deeply) is refused.
/// Trouble::manifest.
[[nodiscard]] Outcome<std::string> manifest_cbor(std::string_view json, const std::string& name);

}  // namespace wasifs::webc
