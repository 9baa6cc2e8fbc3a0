// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wasifs/error.h"
#include "wasifs/plan.h"

namespace wasifs::plan {

/// An upper on the host belongs to one overlay, which would take what another does
/// there for changes of its own: no two mounts may have one, nor one work directory,
/// nor may it be among the lowers. Compares names only; what is one directory under
/// two names is found by whoever opens it. Trouble::conflict.
[[nodiscard]] Outcome<void> check_uppers(const Plan& plan);

}  // namespace wasifs::plan
