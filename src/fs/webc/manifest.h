// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/webc/bytes.h"
#include "fs/webc/package.h"

namespace wasifs::webc {

/// Decodes a package's manifest (webc format: one CBOR map). Keys that
/// composition does not need may be anything; those that it needs may be null
/// or absent where the format lets them. A fault is at the first byte that is
/// no CBOR, or, where a value is not what it must be, at the manifest's start
/// and names the value's path. The sizes of atoms are left 0.
[[nodiscard]] Parsed<PackageManifest> read_manifest(ByteSpan file, Range manifest);

/// The whole manifest as JSON; byte strings as hexadecimal text. `cbor` must
/// have passed read_manifest.
[[nodiscard]] std::string manifest_as_json(ByteSpan cbor);

}  // namespace wasifs::webc
