// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace wasifs::archive {

/// Whether a file begins like one of the archives that scan_archive() reads. False for
/// what cannot be read, and for tar files of before 1988, which nothing marks.
[[nodiscard]] bool looks_like_archive(const std::string& path);

}  // namespace wasifs::archive
