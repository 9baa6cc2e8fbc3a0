// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plan/prepare.h"

namespace wasifs::plan {

/// What the package that a composition would make says of itself, as one JSON object:
///
///   {"manifest": …, "programs": {ATOM: COMMAND, …}, "unused": NUMBER}
///
/// The manifest has the commands of all packages, the annotations of the one that is run
/// without the files that they speak of, and one volume, "/", for the root; an atom whose
/// name two packages have gets another one. `programs` says of which command, whose file
/// the composed tree shows, each atom is the program; an atom that no command runs shows
/// nowhere, and is only counted.
[[nodiscard]] std::string composed_package(const Plan& plan, const Packages& packages);

}  // namespace wasifs::plan
