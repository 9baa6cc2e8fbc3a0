// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "fs/archive/scan.h"
#include "wasifs/node.h"

namespace wasifs::archive {

/// Reads all of an archive, however little of it a mount needs, and compares the checksums
/// that it has: of what is compressed with gzip (CRC and length), bzip2, xz, zstd and lz4
/// where they have some, and of each entry of a zip or 7z. Tar, cpio and ISO 9660 have none
/// for content. Nothing is written, and the limits are those of mounting. `release` as in
/// ScanInput.
///
/// Trouble::corrupt: see scan_archive(); also a zip without its directory, which is what
/// is missing first when a zip is cut off.
[[nodiscard]] Outcome<ScanNotes> verify_archive(const View& bytes, const std::string& label,
                                                Whiteouts whiteouts, std::function<void()> release = {});

}  // namespace wasifs::archive
