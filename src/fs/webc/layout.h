// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "fs/webc/bytes.h"

namespace wasifs::webc {

/// Where the parts of a volume lie: the records of its tree and the content of
/// its files.
struct VolumeParts {
  std::string name;  ///< "" for the atoms
  Range header;
  Range data;
};

/// A section of version 2 or 3 and the hashes that are stored for its data.
struct Section {
  std::string title;  ///< for messages: `the manifest`, `volume "atom"`
  std::uint64_t offset = 0;
  Range data;
  std::optional<Digest> in_header;  ///< version 3
  std::optional<Digest> in_index;   ///< unless the index says checksum-none
};

/// The regions that version 1 keeps its hash and signature in; all of them
/// count as zeros when the whole file is hashed.
inline constexpr Range kV1ChecksumType{8, 16};
inline constexpr Range kV1Checksum{24, 256};
inline constexpr Range kV1SignatureLength{280, 4};
inline constexpr Range kV1Signature{284, 1024};

/// What the top level of a package says, checked against the file's size: the
/// parts lie inside the file and do not overlap.
struct Layout {
  unsigned version = 0;
  Range manifest;
  VolumeParts atoms;
  std::vector<VolumeParts> volumes;  ///< in order of name, distinct
  std::vector<Section> sections;     ///< version 2 and 3
  std::optional<Digest> whole_file;  ///< version 1
};

/// Volume names are labels, not paths; this bounds what messages quote.
inline constexpr std::uint64_t kMaxVolumeName = 4096;

[[nodiscard]] Parsed<Layout> read_layout(ByteSpan file);

/// The two families of formats. Source of both: the format notes of the webc
/// crate (versions 1, 2, 3), checked against files that it wrote.
[[nodiscard]] Parsed<Layout> read_v1_layout(ByteSpan file);
[[nodiscard]] Parsed<Layout> read_v3_layout(ByteSpan file, unsigned version);

/// Checks a volume's name; `offset` is the name's.
[[nodiscard]] Parsed<void> check_volume_name(std::string_view name, std::uint64_t offset);
/// Sorts the volumes and refuses two of one name.
[[nodiscard]] Parsed<void> sort_volumes(std::vector<VolumeParts>& volumes);

}  // namespace wasifs::webc
