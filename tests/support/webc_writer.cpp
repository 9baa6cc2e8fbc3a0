// SPDX-License-Identifier: Apache-2.0
#include "support/webc_writer.h"

#include <nettle/sha2.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace wasifs::test {
namespace {

using Json = nlohmann::ordered_json;

struct TreeNode {
  std::optional<WebcEntry::Kind> kind;
  std::string data;
  std::uint64_t modified = 0;
  std::map<std::string, std::unique_ptr<TreeNode>> children;

  [[nodiscard]] bool directory() const { return !kind || *kind == WebcEntry::Kind::directory; }
};

TreeNode build_tree(unsigned version, const std::vector<WebcEntry>& entries) {
  TreeNode root;
  for (const WebcEntry& entry : entries) {
    TreeNode* node = &root;
    std::size_t start = 0;
    while (start < entry.path.size()) {
      const std::size_t end = std::min(entry.path.find('/', start), entry.path.size());
      if (end > start) {
        if (!node->directory()) throw std::invalid_argument(entry.path + ": a parent is no directory");
        auto& child = node->children[entry.path.substr(start, end - start)];
        if (child == nullptr) child = std::make_unique<TreeNode>();
        node = child.get();
      }
      start = end + 1;
    }
    if (entry.kind == WebcEntry::Kind::symlink && version < 3) {
      throw std::invalid_argument(entry.path + ": only version 3 has symlinks");
    }
    if (entry.kind != WebcEntry::Kind::directory && (node->kind || !node->children.empty())) {
      throw std::invalid_argument(entry.path + ": written twice");
    }
    node->kind = entry.kind;
    node->data = entry.data;
    node->modified = entry.modified;
  }
  return root;
}

std::string times(std::uint64_t modified) { return webc_le(0) + webc_le(modified) + webc_le(0); }

/// Versions 2 and 3: records in pre-order, file data in the same order.
struct RecordEncoder {
  bool v3;
  WebcVolume out = {};

  /// Appends the record of `node` and all below it; returns its hash.
  std::string emit(const TreeNode& node) {
    if (node.directory()) return emit_directory(node);
    if (*node.kind == WebcEntry::Kind::symlink) return emit_symlink(node);
    const std::string hash = webc_sha256(node.data);
    out.header += '\x1f' + webc_le(out.data.size()) + webc_le(out.data.size() + node.data.size()) + hash;
    if (v3) out.header += times(node.modified);
    out.data += node.data;
    return hash;
  }

  std::string emit_symlink(const TreeNode& node) {
    std::string hash = webc_sha256(node.data);
    out.header += '\x20' + webc_le(node.data.size()) + node.data + hash + times(node.modified);
    return hash;
  }

  std::string emit_directory(const TreeNode& node) {
    const std::size_t hash_size = v3 ? 32 : 0;
    std::size_t length = v3 ? 24 + hash_size : 0;
    for (const auto& [name, child] : node.children) length += 16 + hash_size + name.size();
    out.header += '\x1e' + webc_le(length);
    if (v3) out.header += times(node.modified);
    const std::size_t hash_at = out.header.size();
    out.header.append(hash_size, '\0');

    std::vector<std::size_t> slots;
    for (const auto& [name, child] : node.children) {
      slots.push_back(out.header.size());
      out.header += webc_le(0) + std::string(hash_size, '\0') + webc_le(name.size()) + name;
    }
    std::string hashes;
    auto slot = slots.begin();
    for (const auto& [name, child] : node.children) {
      const std::string offset = webc_le(out.header.size());
      const std::string hash = emit(*child);
      out.header.replace(*slot, 8, offset);
      out.header.replace(*slot + 8, hash_size, hash, 0, hash_size);
      hashes += hash;
      ++slot;
    }
    std::string own = webc_sha256(hashes);
    out.header.replace(hash_at, hash_size, own, 0, hash_size);
    return own;
  }
};

/// Appends the files' content in pre-order and notes where each one starts.
void place_content(const TreeNode& node, std::string& data, std::map<const TreeNode*, std::size_t>& starts) {
  if (!node.directory()) {
    starts[&node] = data.size();
    data += node.data;
  }
  for (const auto& [name, child] : node.children) place_content(*child, data, starts);
}

/// Version 1: directory blocks in breadth-first order, data in pre-order.
WebcVolume encode_v1(const TreeNode& root) {
  const auto block_size = [](const TreeNode& node) {
    std::size_t size = node.children.empty() ? 0 : 8;
    for (const auto& [name, child] : node.children) size += 24 + name.size();
    return size;
  };
  WebcVolume out;
  std::map<const TreeNode*, std::size_t> starts;
  place_content(root, out.data, starts);
  std::deque<const TreeNode*> queue{&root};
  std::size_t next_block = block_size(root);
  while (!queue.empty()) {
    const TreeNode& node = *queue.front();
    queue.pop_front();
    if (node.children.empty()) continue;
    out.header += webc_le(block_size(node) - 8);
    for (const auto& [name, child] : node.children) {
      const bool directory = child->directory();
      const std::size_t start = directory ? next_block : starts[child.get()];
      const std::size_t size = directory ? block_size(*child) : child->data.size();
      out.header +=
          webc_le(name.size(), 7) + (directory ? '\0' : '\1') + webc_le(start) + webc_le(start + size) + name;
      if (directory) {
        next_block += size;
        queue.push_back(child.get());
      }
    }
  }
  return out;
}

std::string v1_volume(const WebcVolume& volume) {
  const std::string bytes = webc_leb128(volume.header.size()) + volume.header + volume.data;
  return webc_leb128(bytes.size()) + bytes;
}

std::string assemble_v1(const std::string& manifest, const WebcVolume& atoms,
                        const std::map<std::string, WebcVolume>& volumes, bool checksum) {
  std::string head("\0webc001", 8);
  head += checksum ? "sha256----------" : "----------------";
  const std::size_t checksum_at = head.size();
  head += std::string(256 + 4 + 1024, '\0');
  std::string out = head + webc_leb128(manifest.size()) + manifest + v1_volume(atoms);
  for (const auto& [name, volume] : volumes) out += webc_leb128(name.size()) + name + v1_volume(volume);
  if (checksum) out.replace(checksum_at, 32, webc_sha256(out));
  return out;
}

std::string counted(const std::string& bytes) { return webc_le(bytes.size()) + bytes; }

std::string section(unsigned version, char tag, const std::string& data) {
  return tag + (version == 3 ? webc_sha256(data) : std::string()) + counted(data);
}

/// Versions 2 and 3: the sections, then an index whose spans count from
/// `first`, the offset of the manifest.
struct Sections {
  struct Part {
    std::string name;  ///< of a volume
    std::string data;
    std::size_t size = 0;
  };
  std::vector<Part> parts;
  std::string bytes;

  void add(unsigned version, char tag, std::string name, const std::string& data) {
    const std::string whole = section(version, tag, data);
    parts.push_back({std::move(name), data, whole.size()});
    bytes += whole;
  }

  [[nodiscard]] std::string index_cbor(std::size_t first) const {
    const auto describe = [&first](const Part& part) {
      const std::string sum = webc_sha256(part.data);
      const Json span = {{"start", first}, {"len", part.size}};
      first += part.size;
      return Json{
          {"span", span},
          {"checksum", {{"tag", "checksum-sha256"}, {"value", Json::binary({sum.begin(), sum.end()})}}}};
    };
    Json index = Json::object();
    index["manifest"] = describe(parts[0]);
    index["atoms"] = describe(parts[1]);
    Json& volumes = index["volumes"] = Json::object();
    for (std::size_t i = 2; i < parts.size(); ++i) volumes[parts[i].name] = describe(parts[i]);
    index["signature"] = {{"tag", "signature-none"}, {"value", Json::binary({})}};
    std::string out;
    Json::to_cbor(index, out);
    return out;
  }
};

}  // namespace

std::string webc_le(std::uint64_t value, unsigned width) {
  std::string out;
  for (unsigned i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string webc_leb128(std::uint64_t value) {
  std::string out;
  do {
    const std::uint64_t low = value & 0x7f;
    value >>= 7;
    out += static_cast<char>(low | (value != 0 ? 0x80U : 0U));
  } while (value != 0);
  return out;
}

std::string webc_sha256(std::string_view bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::string out(SHA256_DIGEST_SIZE, '\0');
  sha256_digest(&context, out.size(), reinterpret_cast<std::uint8_t*>(out.data()));
  return out;
}

std::string webc_signature(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string hash = webc_sha256(bytes);
  std::string out = "sha256:";
  for (std::size_t i = 0; i < hash.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < hash.size() ? static_cast<unsigned char>(hash[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k <= hash.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

WebcVolume encode_webc_volume(unsigned version, const std::vector<WebcEntry>& entries) {
  const TreeNode root = build_tree(version, entries);
  if (version == 1) return encode_v1(root);
  RecordEncoder encoder{.v3 = version == 3};
  encoder.emit(root);
  return std::move(encoder.out);
}

std::string webc_index_section(unsigned version, const std::string& index_cbor, std::size_t padding) {
  std::string out("\0webc00", 7);
  out += static_cast<char>('0' + version);
  return out + '\x02' + webc_le(index_cbor.size() + padding) + index_cbor + std::string(padding, '\0');
}

std::string assemble_webc(unsigned version, const std::string& manifest_cbor, const WebcVolume& atoms,
                          const std::map<std::string, WebcVolume>& volumes, bool v1_checksum) {
  if (version == 1) return assemble_v1(manifest_cbor, atoms, volumes, v1_checksum);
  Sections sections;
  sections.add(version, '\x01', "", manifest_cbor);
  sections.add(version, '\x03', "", counted(atoms.header) + counted(atoms.data));
  for (const auto& [name, volume] : volumes) {
    sections.add(version, '\x04', name, counted(name) + counted(volume.header) + counted(volume.data));
  }
  // The reference writer reserves the index of an unplaced file and a fifth more.
  const std::size_t estimate = 9 + sections.index_cbor(0).size();
  const std::size_t length = estimate + estimate / 5;
  const std::string index = sections.index_cbor(8 + 9 + length);
  return webc_index_section(version, index, length - index.size()) + sections.bytes;
}

std::string write_webc(const WebcSpec& spec) {
  Json manifest = spec.manifest;
  std::vector<WebcEntry> atoms;
  for (const auto& [name, bytes] : spec.atoms) {
    atoms.push_back(webc_file(name, bytes));
    if (spec.sign_atoms && !manifest["atoms"].contains(name)) {
      manifest["atoms"][name] = {{"kind", "https://webc.org/kind/wasm"},
                                 {"signature", webc_signature(bytes)}};
    }
  }
  std::map<std::string, WebcVolume> volumes;
  for (const auto& [name, entries] : spec.volumes) {
    volumes[name] = encode_webc_volume(spec.version, entries);
  }
  std::string cbor;
  Json::to_cbor(manifest, cbor);
  return assemble_webc(spec.version, cbor, encode_webc_volume(spec.version, atoms), volumes,
                       spec.v1_checksum);
}

}  // namespace wasifs::test
