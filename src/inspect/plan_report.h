// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wasifs/plan.h"

namespace wasifs {

/// rw, cow or ro.
[[nodiscard]] std::string_view name_of(Access access);
/// {"guest","kept","dropped","rule","where"}.
[[nodiscard]] std::string decision_json(const Decision& decision);

/// The plan for a person: limits, then each mount (the root first) with its
/// layers from the top down and the manifest line behind each, the commands,
/// the decisions with the rule that made them, the warnings. Ends in a newline.
[[nodiscard]] std::string render_plan(const Plan& plan);

/// The same as one JSON object with "schema", on one line with a newline. What
/// is absent is null; members and lists are in a fixed order.
[[nodiscard]] std::string plan_json(const Plan& plan);

}  // namespace wasifs
