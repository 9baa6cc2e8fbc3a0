// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fs/webc/layout.h"
#include "fs/webc/package.h"

namespace wasifs::webc {

/// What verify_package looks at; all of it belongs to the Package.
struct VerifyInput {
  ByteSpan file;
  const Layout& layout;
  const PackageManifest& manifest;
  std::string label;  ///< the package's path, for messages
};

/// Recomputes every checksum on all processors (see Package::verify). What was
/// parsed when the package was opened is parsed again, so a file that was
/// changed under the mapping is noticed too.
///
/// The hash of a symlink's record has no documented input and is not
/// recomputed; it counts in the hash of its directory. A v1 signature is not
/// checked: the format does not say by which key.
[[nodiscard]] Outcome<Package::Verified> verify_package(const VerifyInput& input);

/// The Diagnostic for a fault in the package at `label`.
[[nodiscard]] std::unexpected<Diagnostic> corrupt(const std::string& label, const Fault& fault);

}  // namespace wasifs::webc
