// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/package.h"

#include <algorithm>

#include "base/mapping.h"
#include "base/path.h"
#include "fs/webc/layout.h"
#include "fs/webc/manifest.h"
#include "fs/webc/tree_scan.h"
#include "fs/webc/verify.h"
#include "fs/webc/volume_fs.h"

namespace wasifs::webc {

struct Package::State {
  View bytes;
  std::string label;
  Times times = Times::shown;
  Layout layout;
  std::vector<std::byte> manifest_cbor;  ///< a copy: the file may change under the mapping
  PackageManifest manifest;
  std::vector<VolumeInfo> infos;
  std::vector<std::shared_ptr<VolumeFs>> volumes;  ///< as infos
  std::shared_ptr<VolumeFs> atoms;

  /// Indexes the atoms and every volume of the layout.
  Parsed<void> index_volumes();
  void complete_atoms();
  [[nodiscard]] const VolumeNode* find_atom(std::string_view name) const;
};

namespace {

/// Atoms are a flat list of files.
Parsed<void> check_atoms(ByteSpan file, const TreeScan& scan) {
  for (std::size_t i = 1; i < scan.entries.size(); ++i) {
    const RawEntry& entry = scan.entries[i];
    if (entry.type == FileType::regular) continue;
    return fault(entry.name_at, concat("the atom ", wasifs::quoted(scan.name(file, entry)), " is no file"));
  }
  return {};
}

}  // namespace

Parsed<void> Package::State::index_volumes() {
  auto atom_scan = scan_tree(bytes.bytes, layout.version, layout.atoms);
  if (!atom_scan) return std::unexpected(std::move(atom_scan.error()));
  if (auto good = check_atoms(bytes.bytes, *atom_scan); !good) return good;
  const auto make = [this](const TreeScan& scan, const std::string& name) {
    return std::make_shared<VolumeFs>(bytes.bytes, bytes.owner, scan, VolumeInfo{.name = name}, label, times);
  };
  atoms = make(*atom_scan, "");
  complete_atoms();
  for (const VolumeParts& parts : layout.volumes) {
    auto scan = scan_tree(bytes.bytes, layout.version, parts);
    if (!scan) return std::unexpected(std::move(scan.error()));
    volumes.push_back(make(*scan, parts.name));
    infos.push_back(volumes.back()->info());
  }
  return {};
}

/// Adds the sizes, and the atoms that the manifest does not mention.
void Package::State::complete_atoms() {
  std::vector<std::string_view> listed;
  for (Atom& atom : manifest.atoms) {
    if (const VolumeNode* node = find_atom(atom.name)) atom.size = node->content().size();
  }
  for (const Atom& atom : manifest.atoms) listed.push_back(atom.name);
  std::ranges::sort(listed);
  std::vector<Atom> others;
  const auto* root = static_cast<const VolumeNode*>(atoms->root().get());
  for (std::uint32_t i = 0; i < root->child_count(); ++i) {
    const VolumeNode& node = root->child(i);
    if (std::ranges::binary_search(listed, node.name())) continue;
    others.push_back(
        {.name = std::string(node.name()), .kind = {}, .signature = {}, .size = node.content().size()});
  }
  std::ranges::move(others, std::back_inserter(manifest.atoms));
}

const VolumeNode* Package::State::find_atom(std::string_view name) const {
  return atoms->find(*static_cast<const VolumeNode*>(atoms->root().get()), name);
}

Package::Package(std::unique_ptr<State> state) : state_(std::move(state)) {}
Package::~Package() = default;

Outcome<std::shared_ptr<const Package>> Package::open(const std::string& path, Times times) {
  auto bytes = map_file(path, "package");
  if (!bytes) return fail(std::move(bytes.error()));
  return parse(std::move(*bytes), path, times);
}

Outcome<std::shared_ptr<const Package>> Package::parse(View bytes, std::string label, Times times) {
  auto state = std::make_unique<State>();
  state->bytes = std::move(bytes);
  state->label = std::move(label);
  state->times = times;
  auto layout = read_layout(state->bytes.bytes);
  if (!layout) return corrupt(state->label, layout.error());
  state->layout = std::move(*layout);
  const ByteSpan cbor = bytes_of(state->bytes.bytes, state->layout.manifest);
  state->manifest_cbor.assign(cbor.begin(), cbor.end());
  auto manifest = read_manifest(state->bytes.bytes, state->layout.manifest);
  if (!manifest) return corrupt(state->label, manifest.error());
  state->manifest = std::move(*manifest);
  if (auto done = state->index_volumes(); !done) return corrupt(state->label, done.error());
  return std::shared_ptr<const Package>(new Package(std::move(state)));
}

const std::string& Package::path() const { return state_->label; }
unsigned Package::version() const { return state_->layout.version; }
std::uint64_t Package::file_size() const { return state_->bytes.bytes.size(); }
const PackageManifest& Package::manifest() const { return state_->manifest; }
const std::vector<VolumeInfo>& Package::volumes() const { return state_->infos; }

std::string Package::manifest_json() const { return manifest_as_json(state_->manifest_cbor); }

std::string_view Package::manifest_cbor() const { return text_of(state_->manifest_cbor); }

FilesystemPtr Package::atoms() const { return state_->atoms; }

FilesystemPtr Package::volume(std::string_view name) const {
  const auto find = [this](std::string_view wanted) -> FilesystemPtr {
    const auto found = std::ranges::lower_bound(state_->infos, wanted, {}, &VolumeInfo::name);
    if (found == state_->infos.end() || found->name != wanted) return nullptr;
    return state_->volumes[static_cast<std::size_t>(found - state_->infos.begin())];
  };
  if (auto exact = find(name)) return exact;
  if (!name.starts_with('/')) return find("/" + std::string(name));
  return name.starts_with("//") ? nullptr : find(name.substr(1));
}

std::optional<View> Package::atom(std::string_view name) const {
  const VolumeNode* node = state_->find_atom(name);
  if (node == nullptr) return std::nullopt;
  return state_->atoms->view_of(node->content());
}

Outcome<Package::Verified> Package::verify() const {
  return verify_package({state_->bytes.bytes, state_->layout, state_->manifest, state_->label});
}

}  // namespace wasifs::webc
