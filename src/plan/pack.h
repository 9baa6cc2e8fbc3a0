// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wasifs/error.h"

namespace wasifs::plan {

struct PackOptions {
  bool include_ignored = false;              ///< see PackFilter
  std::optional<std::uint64_t> newest = {};  ///< see webc::PackageSource
};

/// Writes a package of version 3 to `output`:
///   of a wasmer.toml, or the folder that holds one, what the reference makes of it;
///   of a folder with a manifest.json and no wasmer.toml, as `unpack` writes it, the
///   package that it describes: signatures of atoms are made anew;
///   of any other folder a package of one volume that is the whole root.
///
/// Files come from inside of the folder only, whatever the names in it say. Trouble::
/// manifest, source, as the parts below say it, and where the output would be packed.
[[nodiscard]] Outcome<void> pack(const std::string& source, const std::string& output,
                                 const PackOptions& options);

}  // namespace wasifs::plan
