// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wasifs/plan.h"

namespace wasifs::plan {

/// What a mounted root tells of its mounts (TreeOptions::mounts): a JSON array of
/// {"guest", "access", "layers": [the upper first], "quota": bytes, where there is
/// one}. It has to fit into an extended attribute, so of very many mounts the last
/// are only counted, by a final {"omitted": N}.
[[nodiscard]] std::string mounts_json(const Plan& plan);

}  // namespace wasifs::plan
