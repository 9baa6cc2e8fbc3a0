// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "support/temp_dir.h"
#include "wasifs/root.h"

namespace wasifs::test {

/// What a guest's root may consist of; each shows the same files.
enum class RootKind : std::uint8_t {
  memory,   ///< written to memory before the guest starts
  host,     ///< a directory of the host, changes go to it
  overlay,  ///< memory over a directory of the host
  package,  ///< memory over a webc package
  stack,    ///< memory over a directory over a package, each with a part of the files
};
inline constexpr RootKind kRootKinds[] = {RootKind::memory, RootKind::host, RootKind::overlay,
                                          RootKind::package, RootKind::stack};

[[nodiscard]] std::string name_of(RootKind kind);

/// A root of that kind with the files that the guests expect (see root_kinds.cpp),
/// and nothing else. Sources are made in `dir`. Throws std::runtime_error.
[[nodiscard]] PreparedRoot make_root(RootKind kind, const TempDir& dir);

}  // namespace wasifs::test
