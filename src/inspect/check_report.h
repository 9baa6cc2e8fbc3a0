// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>

#include "inspect/check.h"

namespace wasifs {

/// Each finding as a compiler would print it, `PLACE: SEVERITY: MESSAGE [CODE]`
/// with its paths, causes and hint below, then a line for each verified package
/// and archive and one with the count of the findings.
void print_check(std::ostream& out, const CheckReport& report);

/// {"schema":1,"source","findings":[…],"packages":[{"path","hashes","bytes"}],
/// "archives":[{"path","entries","bytes"}]}, a finding being
/// {"code","severity","message","path","count","examples", "where","hint","causes"}; where examples are no
/// UTF-8, "examples_base64" has them exactly. What is absent is null or empty; `where` is as in place_json().
void print_check_json(std::ostream& out, const CheckReport& report);

}  // namespace wasifs
