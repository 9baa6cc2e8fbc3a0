// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "inspect/text.h"
#include "wasifs/plan.h"

namespace wasifs {

/// What a guest will find, for a person: the command and its program, argv, the
/// environment, the working directory, the preopens from descriptor 3 on, all
/// commands with who provides them, limits, capabilities, and the quirks of the
/// reference that are kept. Ends in a newline.
[[nodiscard]] std::string render_spec(const Plan& plan, const TextStyle& style = {});

/// The same as one JSON object with "schema", on one line with a newline. What
/// is absent is null; members and lists are in a fixed order.
[[nodiscard]] std::string spec_json(const Plan& plan);

}  // namespace wasifs
