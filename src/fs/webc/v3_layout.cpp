// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/path.h"
#include "fs/webc/cbor_check.h"
#include "fs/webc/layout.h"

namespace wasifs::webc {
namespace {

using Json = nlohmann::ordered_json;

enum Tag : std::uint64_t { kManifestTag = 1, kIndexTag = 2, kAtomsTag = 3, kVolumeTag = 4 };

constexpr std::uint64_t kIndexAt = 8;

/// What the index says about a section.
struct IndexEntry {
  std::string title;
  std::string volume;
  std::uint64_t tag = 0;
  Range span;
  std::optional<Digest> checksum;
};

std::string hex_byte(std::uint64_t byte) {
  const char raw = static_cast<char>(byte);
  return "0x" + to_hex(std::string_view(&raw, 1));
}

/// Reads the index's map. Its values have no offsets of their own, so faults
/// name the key and are placed at the index's data.
class IndexReader {
 public:
  IndexReader(std::uint64_t offset, std::uint64_t sections_at, std::uint64_t file_size)
      : offset_(offset), sections_at_(sections_at), file_size_(file_size) {}

  Parsed<std::vector<IndexEntry>> read(const Json& index) const {
    if (!index.is_object()) return wrong("it is no map");
    std::vector<IndexEntry> out;
    for (const auto& [key, tag] : {std::pair("manifest", kManifestTag), std::pair("atoms", kAtomsTag)}) {
      auto entry = section(index, key, concat("the ", key, " section"), tag);
      if (!entry) return std::unexpected(std::move(entry.error()));
      out.push_back(std::move(*entry));
    }
    auto volumes = member(index, "volumes", "");
    if (!volumes) return std::unexpected(std::move(volumes.error()));
    if (!(*volumes)->is_object()) return wrong("\"volumes\" is no map");
    for (const auto& [name, value] : (*volumes)->items()) {
      if (auto good = check_volume_name(name, offset_); !good)
        return std::unexpected(std::move(good.error()));
      auto entry = section(**volumes, name, concat("volume ", wasifs::quoted(name)), kVolumeTag);
      if (!entry) return std::unexpected(std::move(entry.error()));
      entry->volume = name;
      out.push_back(std::move(*entry));
    }
    return out;
  }

 private:
  std::unexpected<Fault> wrong(std::string_view what) const {
    return fault(offset_, concat("the index: ", what));
  }

  Parsed<const Json*> member(const Json& map, const std::string& key, std::string_view of) const {
    if (!map.is_object()) return wrong(concat(of, " is no map"));
    const auto found = map.find(key);
    if (found != map.end()) return &*found;
    return wrong(concat("the key ", wasifs::quoted(key), of.empty() ? "" : " of ", of, " is missing"));
  }

  Parsed<std::uint64_t> number(const Json& map, const std::string& key, std::string_view of) const {
    auto value = member(map, key, of);
    if (!value) return std::unexpected(std::move(value.error()));
    if (!(*value)->is_number_unsigned()) {
      return wrong(concat(wasifs::quoted(key), " of ", of, " is no unsigned number"));
    }
    return (*value)->get<std::uint64_t>();
  }

  Parsed<IndexEntry> section(const Json& map, const std::string& key, std::string title, Tag tag) const {
    auto value = member(map, key, "");
    if (!value) return std::unexpected(std::move(value.error()));
    auto range = span(**value, title);
    if (!range) return std::unexpected(std::move(range.error()));
    auto sum = checksum(**value, title);
    if (!sum) return std::unexpected(std::move(sum.error()));
    return IndexEntry{.title = std::move(title), .volume = {}, .tag = tag, .span = *range, .checksum = *sum};
  }

  Parsed<Range> span(const Json& entry, std::string_view title) const {
    auto value = member(entry, "span", title);
    if (!value) return std::unexpected(std::move(value.error()));
    auto start = number(**value, "start", concat("the span of ", title));
    if (!start) return std::unexpected(std::move(start.error()));
    auto length = number(**value, "len", concat("the span of ", title));
    if (!length) return std::unexpected(std::move(length.error()));
    if (*start < sections_at_) {
      return wrong(
          concat(title, " starts at byte ", *start, ", inside the index, which ends at byte ", sections_at_));
    }
    if (*start > file_size_ || *length > file_size_ - *start) {
      return wrong(concat(title, " has ", *length, " bytes from byte ", *start,
                          " on, past the end of the file of ", file_size_, " bytes"));
    }
    return Range{*start, *length};
  }

  Parsed<std::optional<Digest>> checksum(const Json& entry, std::string_view title) const {
    const std::string of = concat("the checksum of ", title);
    auto map = member(entry, "checksum", title);
    if (!map) return std::unexpected(std::move(map.error()));
    auto tag = member(**map, "tag", of);
    if (!tag) return std::unexpected(std::move(tag.error()));
    auto value = member(**map, "value", of);
    if (!value) return std::unexpected(std::move(value.error()));
    if (!(*tag)->is_string()) return wrong(concat("\"tag\" of ", of, " is no text"));
    const auto& name = (*tag)->get_ref<const std::string&>();
    if (name == "checksum-none") return std::nullopt;
    if (name != "checksum-sha256") return wrong(concat(of, " is of the unknown kind ", wasifs::quoted(name)));
    if (!(*value)->is_binary() || (*value)->get_binary().size() != std::tuple_size_v<Digest>) {
      return wrong(concat("\"value\" of ", of, " is no byte string of 32 bytes"));
    }
    Digest digest;
    std::ranges::copy((*value)->get_binary(), digest.begin());
    return digest;
  }

  std::uint64_t offset_;
  std::uint64_t sections_at_;
  std::uint64_t file_size_;
};

/// The index section's data; what follows it are the sections.
Parsed<Range> index_range(ByteSpan file) {
  Reader reader(file, {kIndexAt, file.size() - kIndexAt}, "the file");
  auto tag = reader.integer(1, "the index's tag");
  if (!tag) return std::unexpected(std::move(tag.error()));
  if (*tag != kIndexTag) {
    return fault(kIndexAt,
                 concat("the index has the tag ", hex_byte(*tag), " instead of ", hex_byte(kIndexTag)));
  }
  return reader.counted("the index");
}

Parsed<std::vector<IndexEntry>> read_index(ByteSpan file) {
  auto range = index_range(file);
  if (!range) return std::unexpected(std::move(range.error()));
  // The writer pads the index; what follows the map is not looked at.
  auto size = check_cbor(file, *range, "the index");
  if (!size) return std::unexpected(std::move(size.error()));
  const ByteSpan cbor = bytes_of(file, {range->offset, *size});
  const auto* first = reinterpret_cast<const std::uint8_t*>(cbor.data());
  const Json index = Json::from_cbor(first, first + cbor.size(), true, false);
  if (index.is_discarded()) return fault(range->offset, "the index is no CBOR that can be decoded");
  return IndexReader(range->offset, range->end(), file.size()).read(index);
}

/// Sections that shared bytes would make the memory for their trees grow with
/// their number instead of the file's size.
Parsed<void> check_disjoint(std::vector<IndexEntry> entries) {
  std::ranges::sort(entries, {}, [](const IndexEntry& entry) { return entry.span.offset; });
  const auto clash = std::ranges::adjacent_find(
      entries, [](const IndexEntry& a, const IndexEntry& b) { return a.span.end() > b.span.offset; });
  if (clash == entries.end()) return {};
  const IndexEntry& next = *std::next(clash);
  return fault(next.span.offset, concat(clash->title, " and ", next.title, " overlap"));
}

Parsed<Section> read_section(ByteSpan file, unsigned version, const IndexEntry& entry) {
  Reader reader(file, entry.span, entry.title);
  Section out;
  out.title = entry.title;
  out.offset = entry.span.offset;
  out.in_index = entry.checksum;
  auto tag = reader.integer(1, "its tag");
  if (!tag) return std::unexpected(std::move(tag.error()));
  if (*tag != entry.tag) {
    return fault(out.offset,
                 concat(out.title, " has the tag ", hex_byte(*tag), " instead of ", hex_byte(entry.tag)));
  }
  if (version == 3) {
    auto hash = reader.take(std::tuple_size_v<Digest>, "its hash");
    if (!hash) return std::unexpected(std::move(hash.error()));
    out.in_header = digest_at(reader.bytes(*hash));
  }
  auto data = reader.counted("its data");
  if (!data) return std::unexpected(std::move(data.error()));
  if (auto end = reader.expect_end(); !end) return std::unexpected(std::move(end.error()));
  out.data = *data;
  return out;
}

Parsed<VolumeParts> read_volume(ByteSpan file, const Section& section, const IndexEntry& entry) {
  Reader reader(file, section.data, section.title);
  if (entry.tag == kVolumeTag) {
    auto name = reader.counted("its name");
    if (!name) return std::unexpected(std::move(name.error()));
    const std::string_view text = text_of(reader.bytes(*name));
    if (text != entry.volume) {
      return fault(name->offset,
                   concat(section.title, " calls itself ", wasifs::quoted(text.substr(0, kMaxVolumeName))));
    }
  }
  auto header = reader.counted("its header");
  if (!header) return std::unexpected(std::move(header.error()));
  auto data = reader.counted("its files");
  if (!data) return std::unexpected(std::move(data.error()));
  if (auto end = reader.expect_end(); !end) return std::unexpected(std::move(end.error()));
  return VolumeParts{entry.volume, *header, *data};
}

}  // namespace

Parsed<Layout> read_v3_layout(ByteSpan file, unsigned version) {
  auto entries = read_index(file);
  if (!entries) return std::unexpected(std::move(entries.error()));
  if (auto good = check_disjoint(*entries); !good) return std::unexpected(std::move(good.error()));
  Layout layout;
  layout.version = version;
  for (const IndexEntry& entry : *entries) {
    auto section = read_section(file, version, entry);
    if (!section) return std::unexpected(std::move(section.error()));
    if (entry.tag == kManifestTag) {
      layout.manifest = section->data;
    } else {
      auto parts = read_volume(file, *section, entry);
      if (!parts) return std::unexpected(std::move(parts.error()));
      if (entry.tag == kAtomsTag) {
        layout.atoms = std::move(*parts);
      } else {
        layout.volumes.push_back(std::move(*parts));
      }
    }
    layout.sections.push_back(std::move(*section));
  }
  if (auto done = sort_volumes(layout.volumes); !done) return std::unexpected(std::move(done.error()));
  return layout;
}

}  // namespace wasifs::webc
