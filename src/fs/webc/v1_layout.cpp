// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "fs/webc/layout.h"

namespace wasifs::webc {
namespace {

/// `leb len | header | data`, where `volume` is all of it.
Parsed<VolumeParts> read_volume(ByteSpan file, Range volume, std::string name) {
  if (volume.size == 0) return VolumeParts{std::move(name), {volume.offset, 0}, {volume.offset, 0}};
  Reader reader(file, volume, "the volume");
  const std::uint64_t length_at = reader.offset();
  auto length = reader.leb128("the volume header's length");
  if (!length) return std::unexpected(std::move(length.error()));
  auto header = reader.take(*length, "the volume's header");
  if (!header) return fault(length_at, std::move(header.error().what));
  return VolumeParts{std::move(name), *header, {reader.offset(), reader.remaining()}};
}

/// A LEB128 length and that many bytes. A fault is at the length.
Parsed<Range> take_counted(Reader& reader, std::string_view what) {
  const std::uint64_t length_at = reader.offset();
  auto length = reader.leb128(what);
  if (!length) return std::unexpected(std::move(length.error()));
  auto range = reader.take(*length, what);
  if (!range) range.error().offset = length_at;
  return range;
}

Parsed<void> read_named_volume(ByteSpan file, Reader& reader, std::vector<VolumeParts>& volumes) {
  auto name = take_counted(reader, "a volume's name");
  if (!name) return std::unexpected(std::move(name.error()));
  const std::string_view text = text_of(bytes_of(file, *name));
  if (auto good = check_volume_name(text, name->offset); !good) return good;
  auto range = take_counted(reader, "a volume");
  if (!range) return std::unexpected(std::move(range.error()));
  auto volume = read_volume(file, *range, std::string(text));
  if (!volume) return std::unexpected(std::move(volume.error()));
  volumes.push_back(std::move(*volume));
  return {};
}

Parsed<std::optional<Digest>> read_checksum(ByteSpan file) {
  const std::string_view type = text_of(bytes_of(file, kV1ChecksumType));
  if (type == "----------------") return std::nullopt;
  if (type != "sha256----------" && type != "sha256-signed---") {
    return fault(kV1ChecksumType.offset, concat("the checksum type ", quoted(type), " is unknown"));
  }
  return digest_at(bytes_of(file, kV1Checksum));
}

}  // namespace

Parsed<Layout> read_v1_layout(ByteSpan file) {
  if (file.size() < kV1Signature.end()) {
    return fault(file.size(),
                 concat("the file ends inside its fixed header of ", kV1Signature.end(), " bytes"));
  }
  auto checksum = read_checksum(file);
  if (!checksum) return std::unexpected(std::move(checksum.error()));
  const std::uint64_t signature = load_le(bytes_of(file, kV1SignatureLength).data(), 4);
  if (signature > kV1Signature.size) {
    return fault(kV1SignatureLength.offset, concat("the signature has ", signature,
                                                   " bytes, but there is room for ", kV1Signature.size));
  }
  Layout layout;
  layout.version = 1;
  layout.whole_file = *checksum;

  Reader reader(file, {kV1Signature.end(), file.size() - kV1Signature.end()}, "the file");
  auto manifest = take_counted(reader, "the manifest");
  if (!manifest) return std::unexpected(std::move(manifest.error()));
  layout.manifest = *manifest;
  auto atoms = take_counted(reader, "the atoms");
  if (!atoms) return std::unexpected(std::move(atoms.error()));
  auto parts = read_volume(file, *atoms, "");
  if (!parts) return std::unexpected(std::move(parts.error()));
  layout.atoms = std::move(*parts);
  while (reader.remaining() > 0) {
    if (auto done = read_named_volume(file, reader, layout.volumes); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  if (auto done = sort_volumes(layout.volumes); !done) return std::unexpected(std::move(done.error()));
  return layout;
}

}  // namespace wasifs::webc
