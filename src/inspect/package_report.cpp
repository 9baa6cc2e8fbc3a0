// SPDX-License-Identifier: Apache-2.0
#include "inspect/package_report.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include "base/mapping.h"
#include "base/path.h"
#include "base/sha256.h"
#include "inspect/entry.h"
#include "inspect/json_text.h"

namespace wasifs {

namespace {

template <class T, class Show>
std::string array_of(const std::vector<T>& items, Show show) {
  std::vector<std::string> values;
  values.reserve(items.size());
  for (const T& item : items) values.push_back(show(item).str());
  return json_array(values);
}

JsonObject atom_json(const webc::Atom& atom) {
  JsonObject json;
  json.add("name", atom.name).add("kind", atom.kind).add("size", atom.size).add("signature", atom.signature);
  return json;
}

/// One entry of a volume: type, size, path, target.
void print_entry(std::ostream& out, const WalkEntry& entry, const TextStyle& style) {
  constexpr std::size_t kSizeWidth = 11;
  const std::string size = entry.attr.type == FileType::directory ? "-" : std::to_string(entry.attr.size);
  out << "  " << mode_string(entry.attr).front() << ' '
      << std::string(kSizeWidth - std::min(kSizeWidth, size.size()), ' ') << size << "  "
      << colored_name(display_name(entry.path), entry.attr, style);
  if (entry.attr.type == FileType::symlink) out << " -> " << display_name(entry.target);
  out << "\n";
}

void walk_volume(const webc::Package& package, const std::string& name, Problems& problems,
                 WalkVisitor visit) {
  const FilesystemPtr volume = package.volume(name);
  if (volume == nullptr) {
    problems.push_back(
        {.trouble = Trouble::bug, .message = "volume " + quoted(name) + " is listed but absent"});
    return;
  }
  const WalkableFilesystem source(*volume);
  walk(source, source.root(), "/", WalkOrder::by_path, visit,
       [&](std::string_view path, Errc error) { problems.push_back(path_error("read", path, error)); });
}

}  // namespace

std::string volume_counts(const webc::VolumeInfo& volume) {
  return counted(volume.files, "file") + ", " + counted(volume.directories, "directory", "directories") +
         ", " + counted(volume.symlinks, "symlink") + ", " + counted(volume.bytes, "byte");
}

Outcome<std::string> package_digest(const std::string& path) {
  const Outcome<View> file = map_file(path, "package");
  if (!file) return fail(file.error());
  return to_hex(sha256(file->bytes));
}

void print_package_info_json(std::ostream& out, const webc::Package& package, std::string_view digest) {
  const webc::PackageManifest& manifest = package.manifest();
  JsonObject json;
  json.add("schema", kJsonSchema)
      .add("path", package.path())
      .add("size", package.file_size())
      .add("sha256", digest)
      .add("webc_version", package.version())
      .add("name", manifest.name)
      .add("version", manifest.version)
      .add("description", manifest.description)
      .add("entrypoint", manifest.entrypoint);
  json.add_json("dependencies", array_of(manifest.dependencies, [](const webc::Dependency& dependency) {
                  return JsonObject().add("alias", dependency.alias).add("specifier", dependency.specifier);
                }));
  json.add_json("commands", array_of(manifest.commands, [](const webc::Command& command) {
                  return JsonObject()
                      .add("name", command.name)
                      .add("runner", command.runner)
                      .add("atom", command.atom)
                      .add("dependency", command.dependency);
                }));
  json.add_json("atoms", array_of(manifest.atoms, atom_json));
  json.add_json("volumes", array_of(package.volumes(), [](const webc::VolumeInfo& volume) {
                  return JsonObject()
                      .add("name", volume.name)
                      .add("files", volume.files)
                      .add("directories", volume.directories)
                      .add("symlinks", volume.symlinks)
                      .add("bytes", volume.bytes);
                }));
  json.add_json("fs", array_of(manifest.fs, [](const webc::FsMapping& mapping) {
                  return JsonObject()
                      .add("from", mapping.from)
                      .add("volume", mapping.volume)
                      .add("host_path", mapping.host_path)
                      .add("mount_path", mapping.mount_path);
                }));
  json.add_json("manifest", package.manifest_json());
  out << json.str() << "\n";
}

Problems print_package_listing(std::ostream& out, const webc::Package& package, const TextStyle& style) {
  Problems problems;
  for (const webc::VolumeInfo& volume : package.volumes()) {
    out << "volume " << quoted(volume.name) << ": " << volume_counts(volume) << "\n";
    walk_volume(package, volume.name, problems,
                [&](const WalkEntry& entry) { print_entry(out, entry, style); });
  }
  for (const webc::Atom& atom : package.manifest().atoms) {
    out << "atom " << quoted(atom.name) << ": " << counted(atom.size, "byte") << "\n";
  }
  return problems;
}

Problems print_package_listing_json(std::ostream& out, const webc::Package& package) {
  Problems problems;
  out << "{\"schema\":" << kJsonSchema << ",\"volumes\":[";
  std::string_view volume_separator = "\n";
  for (const webc::VolumeInfo& volume : package.volumes()) {
    const std::string name = JsonObject().add("name", volume.name).str();
    // The object is left open for its entries.
    out << volume_separator << std::string_view(name).substr(0, name.size() - 1) << ",\"entries\":[";
    volume_separator = ",\n";
    std::string_view separator = "\n";
    walk_volume(package, volume.name, problems, [&](const WalkEntry& entry) {
      out << separator << entry_json(entry);
      separator = ",\n";
    });
    out << "\n]}";
  }
  out << "\n],\"atoms\":" << array_of(package.manifest().atoms, atom_json) << "}\n";
  return problems;
}

void print_verified(std::ostream& out, const webc::Package::Verified& verified) {
  out << "ok: " << counted(verified.hashes, "checksum") << ", " << counted(verified.bytes, "byte") << "\n";
}

void print_verified_json(std::ostream& out, const webc::Package& package,
                         const Outcome<webc::Package::Verified>& verified) {
  JsonObject json;
  json.add("schema", kJsonSchema).add("path", package.path()).add("ok", verified.has_value());
  if (verified) {
    json.add("hashes", verified->hashes).add("bytes", verified->bytes);
  } else {
    std::vector<std::string> mismatches;
    for (const Diagnostic& cause : verified.error().causes) mismatches.push_back(json_string(cause.message));
    json.add_json("mismatches", json_array(mismatches));
  }
  out << json.str() << "\n";
}

}  // namespace wasifs
