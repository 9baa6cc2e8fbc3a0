// SPDX-License-Identifier: Apache-2.0
#include "plan/package_dir.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "base/path.h"
#include "plan/document.h"
#include "plan/layer_source.h"
#include "plan/package_folder.h"
#include "plan/wasmer_toml.h"

namespace wasifs::plan {

namespace {

class DirReader {
 public:
  DirReader(const PackageFolder& dir, const WasmerToml& toml) : dir_(dir), toml_(toml) {}

  Outcome<PackageDir> read() {
    out_.info.manifest = package_manifest(toml_);
    out_.info.version = 3;
    for (const WasmerToml::Mapping& mapping : toml_.fs) {
      if (auto added = add_volume(mapping); !added) return fail(added.error());
    }
    for (const WasmerToml::Module& module : toml_.modules) {
      if (auto added = add_atom(module); !added) return fail(added.error());
    }
    for (const auto& [volume, source] : out_.info.volume_sources) out_.info.volumes.push_back(volume);
    for (const WasmerToml::Dependency& dependency : toml_.dependencies) {
      out_.dependency_places.emplace(dependency.name.value, dependency.name.where);
    }
    return std::move(out_);
  }

 private:
  Outcome<void> add_volume(const WasmerToml::Mapping& mapping) {
    const std::string label = "[fs] " + quoted(mapping.guest.value);
    Outcome<PackageFolder::Found> found = dir_.find_volume(mapping.host, label);
    if (!found) return fail(found.error());
    out_.info.volume_sources.emplace(sanitize_path(mapping.host.value), std::move(found->path));
    return {};
  }

  Outcome<void> add_atom(const WasmerToml::Module& module) {
    const std::string label = "module " + quoted(module.name.value);
    Outcome<PackageFolder::Found> found = dir_.find_file(module.source, label);
    if (!found) return fail(found.error());
    const auto atom = std::ranges::find(out_.info.manifest.atoms, module.name.value, &webc::Atom::name);
    atom->size = static_cast<std::uint64_t>(found->stat.st_size);
    out_.info.atom_sources.emplace(module.name.value, std::move(found->path));
    return {};
  }

  const PackageFolder& dir_;
  const WasmerToml& toml_;
  PackageDir out_;
};

}  // namespace

bool is_package_dir(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return false;
  return ::stat((path + "/" + std::string(kWasmerToml)).c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

bool is_wasmer_toml(std::string_view path) {
  return path == kWasmerToml || path.ends_with("/" + std::string(kWasmerToml));
}

std::string package_dir_of(const std::string& path) {
  if (!is_wasmer_toml(path)) return path;
  std::string folder = folder_of(path);
  return folder.empty() ? "." : folder;
}

Outcome<std::string> read_document(const std::string& path, std::string_view what) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxDocumentBytes + 1, '\0');
  if (!file || !(file.read(text.data(), static_cast<std::streamsize>(text.size())) || file.eof())) {
    return fail(Diagnostic{.trouble = Trouble::source,
                           .message = std::string(what) + " " + quoted(path) + " cannot be read"});
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Outcome<PackageDir> open_package_dir(const std::string& dir) {
  const Outcome<PackageFolder> opened = PackageFolder::open(dir);
  if (!opened) return fail(opened.error());
  const std::string file = resolve_source(dir, kWasmerToml);
  const Outcome<std::string> text = read_document(file, "the package's");
  if (!text) return fail(text.error());
  const Outcome<WasmerToml> toml = parse_wasmer_toml(*text, file);
  if (!toml) return fail(toml.error());
  return DirReader(*opened, *toml).read();
}

}  // namespace wasifs::plan
