// SPDX-License-Identifier: Apache-2.0

// Bytes as a wasmer.toml, as one that a package is made of, and each of its lines as a
// specifier of a dependency.
// No file is touched: the package's volumes and atoms are made up.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs/webc/manifest_cbor.h"
#include "plan/make_plan.h"
#include "plan/pack_toml.h"
#include "plan/package_manifest.h"
#include "plan/specifier.h"
#include "plan/wasmer_toml.h"

namespace {

using namespace wasifs;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What was accepted is what it says, and reads the same when it is written.
void check_specifier(std::string_view text) {
  const auto specifier = plan::parse_specifier(text);
  if (!specifier) return require(!specifier.error().message.empty());
  require(specifier->sha256.empty() ? !specifier->name.empty() : specifier->sha256.size() == 64);
  const auto again = plan::VersionRange::parse(specifier->range.text());
  const auto version = plan::parse_version(text.substr(text.find('@') + 1));
  require(again.has_value());
  if (!version) return;
  require(plan::parse_version(version->text()) == *version);
  require(again->matches(*version) == specifier->range.matches(*version));
}

/// The package that a folder with this wasmer.toml would be.
plan::PackageInfo package(const plan::WasmerToml& toml) {
  plan::PackageInfo info;
  info.manifest = plan::package_manifest(toml);
  for (const webc::FsMapping& mapping : info.manifest.fs) {
    require(mapping.volume.starts_with('/') && mapping.mount_path.starts_with('/'));
    require(mapping.volume == plan::sanitize_path(mapping.volume));
    if (info.volume_sources.emplace(mapping.volume, "/host" + mapping.volume).second) {
      info.volumes.push_back(mapping.volume);
    }
  }
  for (const webc::Atom& atom : info.manifest.atoms)
    info.atom_sources.emplace(atom.name, "/host/" + atom.name);
  return info;
}

/// The manifest of the package that is made of it. A package that was checked may still
/// hold what its manifest cannot.
void check_packed(std::string_view text) {
  const auto toml = plan::parse_pack_toml(text, "wasmer.toml");
  if (!toml) return require(toml.error().trouble == Trouble::manifest && !toml.error().text().empty());
  for (const auto& [file, label] : toml->metadata_files()) require(!file.value.empty() && !label.empty());
  std::vector<plan::AtomFacts> atoms;
  for (const auto& module : toml->toml.modules) {
    atoms.push_back({.name = module.name.value, .kind = module.kind, .sha256 = {}});
  }
  const auto json = plan::package_manifest_json(*toml, std::move(atoms), "wasmer.toml");
  if (!json) return require(json.error().trouble == Trouble::manifest && json.error().where.line > 0);
  const auto cbor = webc::manifest_cbor(*json, "wasmer.toml");
  require(cbor.has_value() || cbor.error().trouble == Trouble::manifest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    check_specifier(text.substr(start, end - start));
    start = end + 1;
  }
  const auto toml = plan::parse_wasmer_toml(text, "wasmer.toml");
  if (!toml) {
    require(toml.error().trouble == Trouble::manifest && !toml.error().text().empty());
    return 0;
  }
  check_packed(text);
  const auto manifest = plan::parse_manifest("[container]\nsource = \"app\"\n", "site.toml");
  const auto plan = plan::make_plan(*manifest, {{"app", package(*toml)}});
  require(plan.has_value() || !plan.error().message.empty());
  return 0;
}
