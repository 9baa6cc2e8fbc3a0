// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace wasifs::archive {

/// Whether a file begins like one of the archives that scan_archive() reads. False for
/// what cannot be read, and for tar files of before 1988, which nothing marks.
[[nodiscard]] bool looks_like_archive(const std::string& path);

/// False for archives whose content lies in them as it is, whatever it is: tar and cpio
/// without a filter, and ISO 9660.
[[nodiscard]] bool may_be_compressed(std::span<const std::byte> archive);

/// True if it begins like what gzip, bzip2, xz, zstd or lz4 write.
[[nodiscard]] bool is_compressed_stream(std::span<const std::byte> bytes);

}  // namespace wasifs::archive
