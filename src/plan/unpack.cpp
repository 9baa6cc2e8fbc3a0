// SPDX-License-Identifier: Apache-2.0
#include "plan/unpack.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/path.h"
#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "fs/webc/manifest_cbor.h"
#include "fs/webc/package.h"
#include "plan/unpacked.h"

namespace wasifs::plan {

namespace {

using Json = nlohmann::ordered_json;
using webc::Package;

constexpr std::string_view kOldVolume = "atom";

/// Puts the parts of a package where they lie when it is unpacked.
class Unpacking {
 public:
  Unpacking(const Package& package, std::string path)
      : package_(package),
        path_(std::move(path)),
        root_(std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.frozen_time = Time{}})),
        table_(root_) {}

  Outcome<UnpackedPackage> open() {
    if (auto added = add_manifest(); !added) return fail(std::move(added.error()));
    if (auto added = add_volumes(); !added) return fail(std::move(added.error()));
    if (!package_.manifest().atoms.empty()) {
      if (auto shown = show("/atoms", package_.atoms()); !shown) return fail(std::move(shown.error()));
    }
    return UnpackedPackage{.tree = std::make_unique<const Tree>(std::move(table_)),
                           .warnings = std::move(warnings_)};
  }

 private:
  void warn(const std::string& what) {
    warnings_.push_back({.trouble = Trouble::corrupt, .message = wasifs::quoted(path_) + ": " + what});
  }

  Outcome<void> show(const std::string& place, FilesystemPtr part) {
    const auto nothing = [] { return FilesystemPtr(); };
    const Status mounted = table_.mount(place, std::move(part), "", {.read_only = true}, nothing);
    if (mounted) return {};
    return fail(Diagnostic{.trouble = Trouble::conflict,
                           .message = wasifs::quoted(path_) + ": " + wasifs::quoted(place.substr(1)) +
                                      " cannot be shown: " + message(mounted.error())});
  }

  Outcome<void> add_manifest() {
    Json manifest = Json::parse(package_.manifest_json());
    const Outcome<std::string> again = webc::manifest_cbor(manifest.dump(), path_);
    if (!again || *again != package_.manifest_cbor()) {
      warn("JSON cannot say all that its manifest says; packed again, it is another package");
    }
    if (package_.version() < 3) {
      warn("version " + std::to_string(package_.version()) + "; packed again, it is of version 3");
      if (!package_.manifest().has_fs && package_.volume(kOldVolume)) {
        manifest["package"]["fs"] =
            Json::array({{{"from", nullptr}, {"volume_name", kOldVolume}, {"mount_path", "/"}}});
      }
    }
    const std::string text = manifest.dump(2) + "\n";
    const NewNode spec{.type = FileType::regular, .mode = 0644, .uid = ::geteuid(), .gid = ::getegid()};
    Result<NodeRef> node = root_->root()->create(kManifestJson, spec);
    Result<FilePtr> file = node ? (*node)->open({.write = true}) : fail(node.error());
    const Result<std::size_t> written =
        file ? (*file)->write_at(0, std::as_bytes(std::span(text))) : fail(file.error());
    if (written) return {};
    return fail(Diagnostic{
        .trouble = Trouble::source,
        .message = "cannot hold the manifest of " + wasifs::quoted(path_) + ": " + message(written.error())});
  }

  Outcome<void> add_volumes() {
    // By where they would lie if each were the only one; a place before those in it.
    std::multimap<std::string, std::string> by_place;
    for (const webc::VolumeInfo& volume : package_.volumes()) {
      by_place.emplace(volume_place(volume.name, false), volume.name);
    }
    std::string outer;
    for (const auto& [place, name] : by_place) {
      const bool inside = !outer.empty() && is_at_or_below(place, outer);
      if (!inside) outer = place;
      const std::string own = inside ? volume_place(name, true) : place;
      if (auto shown = show("/" + own, package_.volume(name)); !shown) return shown;
      if (name != kMetadataVolume && !is_mapped(name)) {
        warn("the volume " + wasifs::quoted(name) + " is shown nowhere; packed again, it is left out");
      }
    }
    return {};
  }

  [[nodiscard]] bool is_mapped(const std::string& volume) const {
    const auto& manifest = package_.manifest();
    if (package_.version() < 3 && !manifest.has_fs) return volume == kOldVolume;
    return std::ranges::any_of(manifest.fs, [&](const webc::FsMapping& mapping) {
      return mapping.from.empty() && mapping.volume == volume;
    });
  }

  const Package& package_;
  const std::string path_;
  std::shared_ptr<MemoryFilesystem> root_;
  MountTable table_;
  std::vector<Diagnostic> warnings_;
};

}  // namespace

Outcome<UnpackedPackage> unpack(const std::string& path) {
  const auto package = Package::open(path, webc::Times::recorded);
  if (!package) return fail(package.error());
  return Unpacking(**package, path).open();
}

}  // namespace wasifs::plan
