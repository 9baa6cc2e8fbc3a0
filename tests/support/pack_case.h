// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace wasifs::test {

/// Makes the folder of the package that a case describes, with a wasmer.toml; see
/// oracle/writer/write.mjs for what a case is. Throws where it cannot.
void write_pack_case(const nlohmann::ordered_json& described, const std::string& folder);

}  // namespace wasifs::test
