// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace wasifs::test {

/// One object of a volume to write. Missing parent directories are made up
/// (modified 0); an entry for a directory sets its time or keeps it when empty.
struct WebcEntry {
  enum class Kind : std::uint8_t { file, directory, symlink };

  std::string path;  ///< below the volume's root, e.g. "lib/a.py"
  Kind kind = Kind::file;
  std::string data = {};       ///< content of a file, text of a symlink
  std::uint64_t modified = 0;  ///< seconds; only version 3 stores it
};

[[nodiscard]] inline WebcEntry webc_file(std::string path, std::string data, std::uint64_t modified = 0) {
  return {std::move(path), WebcEntry::Kind::file, std::move(data), modified};
}
[[nodiscard]] inline WebcEntry webc_dir(std::string path, std::uint64_t modified = 0) {
  return {std::move(path), WebcEntry::Kind::directory, {}, modified};
}
[[nodiscard]] inline WebcEntry webc_link(std::string path, std::string target, std::uint64_t modified = 0) {
  return {std::move(path), WebcEntry::Kind::symlink, std::move(target), modified};
}

/// What a package shall hold.
struct WebcSpec {
  unsigned version = 3;
  nlohmann::ordered_json manifest = nlohmann::ordered_json::object();
  std::map<std::string, std::vector<WebcEntry>> volumes = {};
  std::map<std::string, std::string> atoms = {};
  /// Adds `atoms.NAME = {kind, signature}` to the manifest where it has none.
  bool sign_atoms = true;
  /// v1 only: write the sha256 of the whole file.
  bool v1_checksum = true;
};

/// The bytes of a correct webc file of the spec's version: all hashes, the
/// index's padding and the order of records as the reference writer has them.
/// Throws std::invalid_argument for what the version cannot express (symlinks
/// before 3, a path that is both a file and a directory).
[[nodiscard]] std::string write_webc(const WebcSpec& spec);

/// The pieces, for tests that need a faulty package with correct hashes around it.

/// Header and data of one volume as `version` writes them.
struct WebcVolume {
  std::string header;
  std::string data;
};
[[nodiscard]] WebcVolume encode_webc_volume(unsigned version, const std::vector<WebcEntry>& entries);

/// A whole file from a manifest's CBOR and ready-made volumes.
[[nodiscard]] std::string assemble_webc(unsigned version, const std::string& manifest_cbor,
                                        const WebcVolume& atoms,
                                        const std::map<std::string, WebcVolume>& volumes,
                                        bool v1_checksum = true);

/// Magic, version and an index section with the given CBOR and `padding` zeros
/// behind it: the start of a version 2 or 3 file.
[[nodiscard]] std::string webc_index_section(unsigned version, const std::string& index_cbor,
                                             std::size_t padding);

/// Little-endian integer of `width` bytes, as the format stores it.
[[nodiscard]] std::string webc_le(std::uint64_t value, unsigned width = 8);
/// An unsigned LEB128 number (version 1).
[[nodiscard]] std::string webc_leb128(std::uint64_t value);
/// The 32 raw bytes of SHA-256.
[[nodiscard]] std::string webc_sha256(std::string_view bytes);
/// `sha256:` and the standard base64 of the hash: how manifests sign atoms.
[[nodiscard]] std::string webc_signature(std::string_view bytes);

}  // namespace wasifs::test
