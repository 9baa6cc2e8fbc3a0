// SPDX-License-Identifier: Apache-2.0
#include "plan/pack.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/mapping.h"
#include "base/output_place.h"
#include "base/path.h"
#include "fs/host/host_fs.h"
#include "fs/webc/folder.h"
#include "fs/webc/manifest_cbor.h"
#include "fs/webc/wasm_features.h"
#include "fs/webc/writer.h"
#include "plan/layer_source.h"
#include "plan/pack_toml.h"
#include "plan/package_dir.h"
#include "plan/package_folder.h"
#include "plan/package_manifest.h"
#include "plan/packed_tree.h"
#include "plan/unpacked.h"

namespace wasifs::plan {

namespace {

using webc::Folder;

/// Files at their paths, in folders without times.
class MetadataFolder {
 public:
  [[nodiscard]] NodeRef root() const { return folders_.at(""); }
  [[nodiscard]] bool has(const Located<std::string>& path) const {
    return files_.contains(sanitize_path(path.value));
  }

  void add(const Located<std::string>& path, NodeRef file) {
    const std::string clean = sanitize_path(path.value);
    files_.insert(clean);
    const std::size_t slash = clean.rfind('/');
    folder(clean.substr(0, slash))->add(clean.substr(slash + 1), std::move(file));
  }

 private:
  const Ref<Folder>& folder(const std::string& path) {
    const auto [at, fresh] = folders_.try_emplace(path, nullptr);
    if (fresh) {
      at->second = make_ref<Folder>();
      const std::size_t slash = path.rfind('/');
      folder(path.substr(0, slash))->add(path.substr(slash + 1), at->second);
    }
    return at->second;
  }

  std::map<std::string, Ref<Folder>> folders_{{"", make_ref<Folder>()}};
  std::set<std::string> files_;
};

/// Collects what a package is made of.
class Packer {
 public:
  Packer(PackageFolder folder, const PackOptions& options) : folder_(std::move(folder)) {
    filter_->include_ignored = options.include_ignored;
    package_.newest = options.newest;
  }

  /// `file` is what messages call it.
  Outcome<void> add_wasmer_toml(const std::string& file) {
    const Outcome<std::string> text = read(kWasmerToml);
    if (!text) return fail(text.error());
    Outcome<PackToml> toml = parse_pack_toml(*text, file);
    if (!toml) return fail(std::move(toml.error()));
    for (const WasmerToml::Mapping& mapping : toml->toml.fs) {
      const std::string label = "[fs] " + quoted(mapping.guest.value);
      if (auto added = add_volume(sanitize_path(mapping.host.value), mapping.host, label); !added) {
        return added;
      }
    }
    std::vector<AtomFacts> atoms;
    for (const WasmerToml::Module& module : toml->toml.modules) {
      if (!check_name(module.name.value)) {
        return fail(Diagnostic{
            .trouble = Trouble::manifest,
            .message = "the module " + quoted(module.name.value) + " has a name that no file can have",
            .where = module.name.where,
            .hint = "atoms of a package are files: give it a name of one"});
      }
      Outcome<AtomFacts> atom =
          add_atom(module.name.value, module.source, "module " + quoted(module.name.value));
      if (!atom) return fail(std::move(atom.error()));
      atom->kind = module.kind;
      atoms.push_back(*std::move(atom));
    }
    if (auto added = add_metadata(*toml); !added) return added;
    return set_manifest(package_manifest_json(*toml, std::move(atoms), file), file);
  }

  /// What `unpack` has made.
  Outcome<void> add_unpacked(const std::string& file) {
    as_it_is_ = true;
    const Outcome<std::string> text = read(kManifestJson);
    if (!text) return fail(text.error());
    Outcome<Unpacked> unpacked = Unpacked::parse(*text, file);
    if (!unpacked) return fail(std::move(unpacked.error()));
    for (const std::string& volume : unpacked->volumes()) {
      const std::string alone = volume_place(volume, true);
      const bool is_alone = folder_.look_up("/" + alone).has_value();
      const Located<std::string> place{is_alone ? alone : volume_place(volume, false), {.file = file}};
      if (auto added = add_volume(volume, place, "volume " + quoted(volume)); !added) return added;
    }
    const std::string metadata(kMetadataVolume);
    if (folder_.look_up("/" + metadata)) {
      const Located<std::string> place{metadata, {.file = file}};
      if (auto added = add_volume(metadata, place, "volume " + quoted(metadata)); !added) return added;
    }
    for (const std::string& name : unpacked->atoms()) {
      const Outcome<AtomFacts> atom =
          add_atom(name, {atom_place(name), {.file = file}}, "atom " + quoted(name));
      if (!atom) return fail(atom.error());
      unpacked->sign(name, atom->sha256);
    }
    return set_manifest(unpacked->json(), file);
  }

  Outcome<void> add_root() {
    const Located<std::string> place{"/", {}};
    if (auto added = add_volume("/", place, "package directory"); !added) return added;
    package_.volumes.push_back({.name = std::string(kMetadataVolume), .root = make_ref<Folder>()});
    return set_manifest(root_manifest_json(), folder_.canonical());
  }

  Outcome<void> write(const std::string& output) {
    if (auto apart = check_output(output); !apart) return apart;
    Outcome<void> written = webc::write_package(package_, output);
    if (!written && filter_->problem) return fail(*std::move(filter_->problem));
    return written;
  }

 private:
  /// The text of a file that says what the package is.
  Outcome<std::string> read(std::string_view name) {
    const Located<std::string> place{std::string(name), {}};
    const Outcome<PackageFolder::Found> found = find_file(place, "package directory");
    if (!found) return fail(found.error());
    return read_document(found->path, "the package's");
  }

  Outcome<PackageFolder::Found> find_file(const Located<std::string>& place, const std::string& label) {
    Outcome<PackageFolder::Found> found = folder_.find_file(place, label);
    if (found) files_.insert(found->path);
    return found;
  }

  Outcome<void> set_manifest(const Outcome<std::string>& json, const std::string& name) {
    if (!json) return fail(json.error());
    Outcome<std::string> cbor = webc::manifest_cbor(*json, name);
    if (!cbor) return fail(std::move(cbor.error()));
    package_.manifest = *std::move(cbor);
    return {};
  }

  Outcome<NodeRef> open(const std::string& path) {
    Outcome<std::shared_ptr<HostFilesystem>> host = HostFilesystem::open(path, {.read_only = true});
    if (!host) return fail(std::move(host.error()));
    layers_.push_back(*host);
    return (*host)->root();
  }

  /// Once for each name.
  Outcome<void> add_volume(const std::string& name, const Located<std::string>& place,
                           const std::string& label) {
    if (!volumes_.insert(name).second) return {};
    const Outcome<PackageFolder::Found> found = folder_.find_volume(place, label);
    if (!found) return fail(found.error());
    Outcome<NodeRef> root = open(found->path);
    if (!root) return fail(std::move(root.error()));
    if (S_ISDIR(found->stat.st_mode)) {
      if (!as_it_is_) root = packed_tree(*std::move(root), found->path, filter_);
      if (!root) return fail(std::move(root.error()));
    } else {
      files_.insert(found->path);
      // A volume is a directory, also where it has one file.
      const Ref<Folder> alone = make_ref<Folder>();
      alone->add(found->path.substr(found->path.rfind('/') + 1), *std::move(root));
      root = alone;
    }
    if (S_ISDIR(found->stat.st_mode)) packed_.emplace_back(found->path, *root);
    package_.volumes.push_back({.name = name, .root = *std::move(root)});
    return {};
  }

  Outcome<AtomFacts> add_atom(const std::string& name, const Located<std::string>& place,
                              const std::string& label) {
    const Outcome<PackageFolder::Found> found = find_file(place, label);
    if (!found) return fail(found.error());
    Outcome<NodeRef> file = open(found->path);
    if (!file) return fail(std::move(file.error()));
    const Outcome<Digest> digest = webc::hash_content(**file, label);
    if (!digest) return fail(digest.error());
    AtomFacts facts{.name = name, .kind = {}, .sha256 = *digest};
    // An empty file cannot be mapped, and is no program.
    if (found->stat.st_size != 0) {
      const Outcome<View> content = map_file(found->path, label);
      if (!content) return fail(content.error());
      facts.features = webc::wasm_features(content->bytes);
    }
    package_.atoms.push_back({.name = name, .file = *std::move(file), .sha256 = *digest});
    return facts;
  }

  /// The files that wasmer.toml speaks of, where they are in the folder.
  Outcome<void> add_metadata(const PackToml& toml) {
    MetadataFolder metadata;
    for (const auto& [file, label] : toml.metadata_files()) {
      if (metadata.has(file)) continue;
      const Outcome<PackageFolder::Found> found = find_file(file, label);
      if (!found) return fail(found.error());
      Outcome<NodeRef> node = open(found->path);
      if (!node) return fail(std::move(node.error()));
      metadata.add(file, *std::move(node));
    }
    package_.volumes.push_back({.name = std::string(kMetadataVolume), .root = metadata.root()});
    return {};
  }

  /// A package would be in itself, and another one each time; or in the place of what it
  /// was made of.
  Outcome<void> check_output(const std::string& output) const {
    const OutputPlace place(output, false);
    if (std::ranges::any_of(files_, [&](const std::string& file) { return place.replaces(file); })) {
      return fail(Diagnostic{.trouble = Trouble::source,
                             .message = quoted(output) + " is a file that the package is made of",
                             .hint = "write the package to another file"});
    }
    for (const auto& [folder, root] : packed_) {
      const std::optional<std::string> below = place.below(folder);
      if (!below) continue;
      Result<NodeRef> node = root;
      for (const std::string_view name : split_path(*below)) {
        if (node) node = (*node)->lookup(name);
      }
      if (!node) continue;
      return fail(
          Diagnostic{.trouble = Trouble::source,
                     .message = quoted(output) + " would be packed into itself",
                     .hint = "write it outside of " + quoted(folder) + ", or name it in a .wasmerignore"});
    }
    return {};
  }

  PackageFolder folder_;
  std::vector<FilesystemPtr> layers_;  ///< what the nodes belong to, and so dropped after them
  webc::PackageSource package_;
  const std::shared_ptr<PackFilter> filter_ = std::make_shared<PackFilter>();
  /// The folders were a package: nothing is left out, not even a time.
  bool as_it_is_ = false;
  std::set<std::string> volumes_;
  // Paths of the host.
  std::set<std::string, std::less<>> files_;             ///< that were read by their names
  std::vector<std::pair<std::string, NodeRef>> packed_;  ///< folders, as they are packed
};

bool is_file(const PackageFolder& folder, std::string_view name) {
  const auto found = folder.look_up("/" + std::string(name));
  return found && S_ISREG(found->stat.st_mode);
}

}  // namespace

Outcome<void> pack(const std::string& source, const std::string& output, const PackOptions& options) {
  const bool by_json = source == kManifestJson || source.ends_with("/" + std::string(kManifestJson));
  std::string directory = by_json ? folder_of(source) : package_dir_of(source);
  if (directory.empty()) directory = ".";
  Outcome<PackageFolder> folder = PackageFolder::open(directory);
  if (!folder) return fail(std::move(folder.error()));
  const bool described = !by_json && (is_wasmer_toml(source) || is_file(*folder, kWasmerToml));
  const bool unpacked = by_json || (!described && is_file(*folder, kManifestJson));
  Packer packer(*std::move(folder), options);
  const Outcome<void> added = described  ? packer.add_wasmer_toml(resolve_source(directory, kWasmerToml))
                              : unpacked ? packer.add_unpacked(resolve_source(directory, kManifestJson))
                                         : packer.add_root();
  if (!added) return added;
  return packer.write(output);
}

}  // namespace wasifs::plan
