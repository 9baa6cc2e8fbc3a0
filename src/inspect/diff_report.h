// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>

#include "inspect/diff.h"
#include "inspect/text.h"

namespace wasifs {

/// A line for each entry: `+ /a`, `- /b/`, `M /c  mode 0644 -> 0755, content`, or
/// `R /d -> /e`; directories end in a slash.
void print_difference(std::ostream& out, const Difference& difference, const TextStyle& style);

/// {"schema","entries":[{"kind","path","from"?,"type","aspects"?,"below"?}]}: the aspects
/// are [{"what","before"?,"after"?}].
void print_difference_json(std::ostream& out, const Difference& difference);

/// The same lines, each file whose content differs followed by a unified diff that
/// patch(1) applies to the first tree with -p1, or by why there is none. Headers have the
/// names behind "a/" and "b/". Returns what could not be read.
[[nodiscard]] std::vector<Diagnostic> print_difference_with_content(std::ostream& out, const DiffSide& a,
                                                                    const DiffSide& b,
                                                                    const Difference& difference,
                                                                    const TextStyle& style);

}  // namespace wasifs
