// SPDX-License-Identifier: Apache-2.0
#include "plan/manifest.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/path.h"
#include "plan/capabilities_reader.h"
#include "plan/document.h"
#include "plan/layer_source.h"
#include "plan/mount_reader.h"
#include "plan/reader.h"
#include "plan/run_reader.h"

namespace wasifs::plan {

namespace {

constexpr std::uint64_t kManifestVersion = 1;

/// Reads the sections of one document into a Manifest.
class ManifestReader {
 public:
  ManifestReader(const Value& document, const std::string& file)
      : reader_(document, "the manifest", errors_), folder_(folder_of(file)) {
    manifest_.file = file;
  }

  Outcome<Manifest> read() {
    read_version();
    read_root();
    read_container();
    for (const Value* use : reader_.tables("use", "[[use]]")) read_use(*use);
    read_mounts();
    read_run_sections();
    refuse_unserved();
    reader_.finish();
    if (!errors_.empty()) return fail(std::move(errors_).diagnostic(manifest_.file));
    return std::move(manifest_);
  }

 private:
  const Value* table(std::string_view key) { return reader_.table(key, "[" + std::string(key) + "]"); }

  void read_version() {
    const auto version = reader_.count("manifest-version");
    if (!version || version->value == kManifestVersion) return;
    errors_.add(version->where, "manifest-version " + std::to_string(version->value) +
                                    " is not supported by this version of wasifs, which reads 1");
  }

  void read_root() {
    const Value* root = table("root");
    if (root == nullptr) return;
    TableReader reader(*root, "[root]", errors_);
    manifest_.root_where = reader.where();
    if (const auto base = reader.word<bool>("base", {{"default", false}, {"empty", true}})) {
      manifest_.empty_base = base->value;
    }
    if (const auto mode = reader.word<ConflictMode>(
            "conflict", {{"override", ConflictMode::override_}, {"fail", ConflictMode::fail}})) {
      manifest_.conflict = mode->value;
    }
    if (const auto limit = reader.size("memory-limit")) manifest_.memory_limit = limit->value;
    if (const auto limit = reader.count("inode-limit")) manifest_.inode_limit = limit->value;
    manifest_.upper = read_upper(reader, folder_, errors_);
    manifest_.caching = read_caching(reader).value_or(Caching::by_layer);
    reader.finish();
  }

  /// The `source` of [container] or [[use]]: a package as a whole.
  std::optional<LayerSource> read_package(TableReader& reader) {
    const auto source = reader.required_text("source");
    if (!source) return std::nullopt;
    return whole_source(LayerSource::Kind::webc, *source, folder_);
  }

  void read_container() {
    const Value* value = table("container");
    if (value == nullptr) return;
    TableReader reader(*value, "[container]", errors_);
    Container container;
    if (auto source = read_package(reader)) container.source = *std::move(source);
    container.command = reader.text("command");
    if (const auto access = reader.word<Access>("access", {{"cow", Access::cow}, {"ro", Access::ro}})) {
      container.access = access->value;
    }
    container.caching = read_caching(reader).value_or(Caching::by_layer);
    if (reader.find("mounts") != nullptr) container.mounts = read_container_mounts(reader);
    reader.finish();
    manifest_.container = std::move(container);
  }

  std::vector<ContainerMount> read_container_mounts(TableReader& container) {
    std::vector<ContainerMount> mounts;
    std::set<std::string> guests;
    for (const Value* item : container.tables("mounts", "one of container.mounts")) {
      TableReader reader(*item, "container.mounts", errors_);
      ContainerMount mount;
      if (const auto guest = reader.required_text("guest")) {
        mount.guest = *guest;
        mount.guest_path = read_guest_path(*guest, errors_).value_or("");
        if (!mount.guest_path.empty() && !guests.insert(mount.guest_path).second) {
          errors_.add(guest->where, "container.mounts has " + quoted(mount.guest_path) + " twice");
        }
      }
      if (const auto volume = reader.required_text("volume")) mount.volume = volume->value;
      if (const auto subpath = reader.text("subpath")) {
        const auto normal = normalize_subpath(subpath->value);
        if (!normal) errors_.add(subpath->where, "\"subpath\" must not contain \"..\"");
        mount.subpath = normal.value_or("");
      }
      reader.finish();
      mounts.push_back(std::move(mount));
    }
    return mounts;
  }

  void read_use(const Value& value) {
    TableReader reader(value, "[[use]]", errors_);
    if (auto source = read_package(reader)) manifest_.uses.push_back(*std::move(source));
    reader.finish();
  }

  void read_mounts() {
    if (const Value* fs = table("fs")) {
      for (const Entry& entry : fs->entries) {
        if (auto mount = read_fs_entry(entry, folder_, errors_)) {
          manifest_.mounts.push_back(*std::move(mount));
        }
      }
    }
    for (const Value* item : reader_.tables("mount", "[[mount]]")) {
      if (auto mount = read_mount(*item, folder_, errors_)) manifest_.mounts.push_back(*std::move(mount));
    }
    std::ranges::sort(manifest_.mounts, {}, [](const MountEntry& mount) {
      return std::tuple(mount.where.line, mount.where.column);
    });
  }

  void read_run_sections() {
    if (const Value* run = table("run")) manifest_.run = read_run(*run, errors_);
    if (const Value* commands = table("map-commands")) {
      manifest_.map_commands = read_map_commands(*commands, folder_, errors_);
    }
    if (reader_.find("preopen") != nullptr) {
      manifest_.preopens = read_preopens(reader_.tables("preopen", "[[preopen]]"), errors_);
    }
    if (const Value* capabilities = table("capabilities")) {
      manifest_.capabilities = read_capabilities(*capabilities, errors_);
    }
  }

  /// What the grammar has and this version does not serve. To read past any of
  /// it would compose something else than was asked for.
  void refuse_unserved() {
    reader_.unsupported("journal", "[journal]");
    for (const std::string_view key : {"package", "dependencies", "command", "module"}) {
      if (reader_.find(key) == nullptr) continue;
      errors_.add(*reader_.place_of(key), quoted(key) + " is for a wasmer.toml and not for a manifest",
                  "name the folder of the wasmer.toml as the source of [container]");
    }
  }

  Errors errors_;
  TableReader reader_;
  std::string folder_;
  Manifest manifest_;
};

}  // namespace

std::string describe_variable(const Located<EnvVar>& variable) {
  return variable.where.line == 0 ? variable.where.file : quoted(variable.value.value) + " of run.env";
}

Outcome<Manifest> parse_manifest(std::string_view text, const std::string& file) {
  const Outcome<Value> document = parse_document(text, file);
  if (!document) return fail(document.error());
  return ManifestReader(*document, file).read();
}

}  // namespace wasifs::plan
