// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/change_source.h"
#include "inspect/tree_copy.h"

namespace wasifs {

struct MergedPackageCounts {
  std::uint64_t entries = 0;  ///< of the volume
  std::uint64_t commands = 0;
  std::uint64_t programs = 0;
  std::uint64_t unused = 0;  ///< programs that no command runs, which are left out
};

struct MergedPackageOptions {
  /// What the composition says of itself, see plan::composed_package().
  std::string_view described;
  /// Seconds that no time in the package lies behind.
  std::optional<std::uint64_t> newest = {};
};

/// Writes all that `tree` shows as a package of its own, which shows the same when it is
/// composed alone, with the same commands: one volume, mapped to "/", without what every
/// root has anyway (its devices, its directories as long as nothing is in them, the files
/// of commands). `losses`: what packages cannot hold. The file has its name when it is
/// whole.
///
/// Trouble::source: what cannot be read or written; a command whose file does not show any
/// more, so that nobody has its program; `described` that cannot be understood.
[[nodiscard]] Outcome<MergedPackageCounts> write_merged_package(const Tree& tree, ChangeSource& changes,
                                                                const MergedPackageOptions& options,
                                                                const std::string& output,
                                                                std::vector<CopyLoss>& losses);

}  // namespace wasifs
