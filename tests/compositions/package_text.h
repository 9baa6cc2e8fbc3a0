// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "support/webc_writer.h"

namespace wasifs::test {

/// Reads the description of a package, a JSON object with any of these members:
///
///   "version":  1, 2 or 3 (default)
///   "manifest": the manifest, as it is written
///   "volumes":  {"NAME": {"PATH": ENTRY, …}, …}; ENTRY is the text of a file, or an
///               object with one of "text", "link" and "dir" (true) and, as wanted,
///               "modified" (seconds)
///   "atoms":    {"NAME": "bytes", …}
///   "sign_atoms", "v1_checksum": as in WebcSpec
///
/// and, for what would be long to write out in "manifest":
///
///   "fs":       ["GUEST=VOLUME", "GUEST=VOLUME:HOST_PATH", …] → package.fs
///   "commands": {"NAME": "ATOM", …} → commands, with the WASI runner; instead of
///               "ATOM" {"atom": "ATOM", "wasi": {…}} with the annotation as it is
///
/// Throws std::invalid_argument for anything else.
[[nodiscard]] WebcSpec read_package_text(std::string_view json);

}  // namespace wasifs::test
