// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wasifs/node.h"

namespace wasifs {

/// Maps a whole regular file for reading. The view's owner unmaps it.
///
/// Trouble::source: `cannot open WHAT "PATH": …` with a text of its own for each
/// of missing or unreadable, a directory, no regular file, not mappable.
///
/// Whoever shortens the file later makes reads behind its new end raise SIGBUS,
/// as with any mapping; packages and programs are replaced by renaming a new
/// file over the old one, which leaves the mapping intact.
[[nodiscard]] Outcome<View> map_file(const std::string& path, std::string_view what);

/// The same of the first `size` bytes, at least one, of an open file, which may be closed.
[[nodiscard]] Result<View> map_open_file(int fd, std::size_t size);

/// Lets the system take back the pages of a view that map_file() gave; what is looked at
/// later comes from the file again. For who has read a lot, once.
void release_pages(const View& mapped);

}  // namespace wasifs
