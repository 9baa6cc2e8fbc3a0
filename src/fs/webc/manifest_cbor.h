// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wasifs/error.h"

namespace wasifs::webc {

/// Refuses what is no JSON, and what no package can hold: integers outside of 64 bits, a
/// key twice in one map, values nested too deeply and more of them than readers take.
/// What passes may be given to a parser that makes objects of it. `name` is what messages
/// call the text. Trouble::manifest.
[[nodiscard]] Outcome<void> check_manifest_json(std::string_view json, const std::string& name);

/// A package's manifest as packages have it: CBOR with keys in the order of the text,
/// lengths that are definite and everything in its shortest form, as the reference
/// writes it. `json` is one JSON object. The errors are those of check_manifest_json().
[[nodiscard]] Outcome<std::string> manifest_cbor(std::string_view json, const std::string& name);

}  // namespace wasifs::webc
