// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wasifs/tree.h"

namespace wasifs {

/// Makes the absolute text of `link`, which `node` gave and whose layer it starts
/// at, a relative one: from where `node` lies, up to the root of its mount and down
/// again. A kernel that the tree is mounted on then finds the file that resolve()
/// finds. Left as it is: any other link, and one without a name or of which the
/// relative text would be too long.
///
/// ".." in a text means the parent of what the names before it lead to, and
/// nothing above the mount's root. What these lead to is therefore looked up and
/// put in their place.
void rebase_link(const Tree& tree, const VNode& node, Link& link);

}  // namespace wasifs
