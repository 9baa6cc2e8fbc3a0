// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/layout.h"

#include <algorithm>

#include "base/path.h"

namespace wasifs::webc {

Parsed<Layout> read_layout(ByteSpan file) {
  constexpr std::string_view kMagic("\0webc", 5);
  if (file.empty()) return fault(0, "the file is empty");
  const std::string_view start = text_of(file.first(std::min<std::size_t>(file.size(), 8)));
  if (!start.starts_with(kMagic)) {
    return fault(
        0, concat("this is no webc package: it starts with ", wasifs::quoted(start.substr(0, kMagic.size())),
                  " instead of ", wasifs::quoted(kMagic)));
  }
  const std::string_view version = start.substr(kMagic.size());
  if (version == "001") return read_v1_layout(file);
  if (version == "002") return read_v3_layout(file, 2);
  if (version == "003") return read_v3_layout(file, 3);
  return fault(kMagic.size(), concat("the format version is ", wasifs::quoted(version),
                                     ", known are \"001\", \"002\" and \"003\""));
}

Parsed<void> check_volume_name(std::string_view name, std::uint64_t offset) {
  if (name.size() > kMaxVolumeName) {
    return fault(offset, concat("a volume's name has ", name.size(), " bytes, more than ", kMaxVolumeName));
  }
  if (const auto bad = find_invalid_utf8(name); bad != name.npos) {
    return fault(offset + bad, concat("the volume name ", wasifs::quoted(name), " is not UTF-8"));
  }
  return {};
}

Parsed<void> sort_volumes(std::vector<VolumeParts>& volumes) {
  std::ranges::sort(volumes, [](const VolumeParts& a, const VolumeParts& b) {
    return a.name != b.name ? a.name < b.name : a.header.offset < b.header.offset;
  });
  const auto twice = std::ranges::adjacent_find(volumes, {}, &VolumeParts::name);
  if (twice == volumes.end()) return {};
  return fault(std::next(twice)->header.offset,
               concat("there are two volumes named ", wasifs::quoted(twice->name)));
}

}  // namespace wasifs::webc
