// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "wasifs/error.h"

namespace wasifs::test {

/// Makes the folder of the package that a case describes, with a wasmer.toml; see
/// oracle/writer/write.mjs for what a case is. Throws where it cannot.
void write_pack_case(const nlohmann::ordered_json& described, const std::string& folder);

/// Unpacks a package into a folder as `wasifs unpack` does, and gives its warnings. Throws
/// where it cannot.
std::vector<Diagnostic> unpack_to(const std::string& package, const std::string& folder);

}  // namespace wasifs::test
