// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "wasifs/node.h"

namespace wasifs::webc {

/// What becomes a volume: a directory and all below it, of any layer.
struct VolumeSource {
  std::string name;
  NodeRef root;
};

/// What becomes an atom: a regular file.
struct AtomSource {
  std::string name;
  NodeRef file;
  Digest sha256;  ///< which the manifest signs: see hash_content()
};

struct PackageSource {
  std::string manifest;  ///< a CBOR map
  std::vector<AtomSource> atoms = {};
  std::vector<VolumeSource> volumes = {};
  /// Seconds that no time in the package lies behind: SOURCE_DATE_EPOCH.
  std::optional<std::uint64_t> newest = {};
};

/// The SHA-256 of a regular file's content. `title` is what the message calls it.
/// Trouble::source.
[[nodiscard]] Outcome<Digest> hash_content(Node& file, const std::string& title);

/// Writes a package of version 3, byte for byte as the reference writer (crate webc, 10
/// and later) does: volumes and atoms by the bytes of their names, nothing else depends
/// on the order of what is given, on when or on where. The hash of a symlink's record is
/// that of its text: what readers do not check, nobody has documented.
///
/// Content is read once, and neither content nor package is held in memory. The file has
/// its name when it is whole. Trouble::source: what cannot be read, held by a package, or
/// written; and what changes meanwhile.
[[nodiscard]] Outcome<void> write_package(const PackageSource& source, const std::string& path);

}  // namespace wasifs::webc
