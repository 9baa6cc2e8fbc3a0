// SPDX-License-Identifier: Apache-2.0
#include "plan/unpack.h"

#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
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
    Status mounted;
    for (const std::string_view name : split_path(place)) {
      if (mounted) mounted = check_name(name);
    }
    if (mounted) mounted = table_.mount(place, std::move(part), "", {.read_only = true}, nothing);
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
    // The first of a place has it, unless it lies in another.
    std::set<std::string, std::less<>> places;
    for (const webc::VolumeInfo& volume : package_.volumes()) places.insert(volume_place(volume.name, false));
    std::set<std::string, std::less<>> taken;
    const std::set<std::string> shown_volumes = mapped();
    for (const webc::VolumeInfo& volume : package_.volumes()) {
      const std::string& name = volume.name;
      const std::string place = volume_place(name, false);
      const bool alone = lies_in_one(place, places) || !taken.insert(place).second;
      const std::string own = alone ? volume_place(name, true) : place;
      if (auto shown = show("/" + own, package_.volume(name)); !shown) return shown;
      if (name != kMetadataVolume && !shown_volumes.contains(name)) {
        warn("the volume " + wasifs::quoted(name) + " is shown nowhere; packed again, it is left out");
      }
    }
    return {};
  }

  /// True for what lies below one of the places.
  static bool lies_in_one(std::string_view place, const std::set<std::string, std::less<>>& places) {
    for (std::size_t slash = place.rfind('/'); slash != std::string_view::npos; slash = place.rfind('/')) {
      place = place.substr(0, slash);
      if (places.contains(place)) return true;
    }
    return false;
  }

  /// The volumes that the package shows of its own.
  [[nodiscard]] std::set<std::string> mapped() const {
    const auto& manifest = package_.manifest();
    if (package_.version() < 3 && !manifest.has_fs) return {std::string(kOldVolume)};
    std::set<std::string> names;
    for (const webc::FsMapping& mapping : manifest.fs) {
      if (mapping.from.empty()) names.insert(mapping.volume);
    }
    return names;
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
