// SPDX-License-Identifier: Apache-2.0
#include "plan/package_plan.h"

#include <algorithm>
#include <map>

#include "base/path.h"
#include "plan/layer_source.h"
#include "plan/reader.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kCodeVolume = "atom";
constexpr std::string_view kMetadataVolume = "metadata";

std::string_view without_slash(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  return name;
}

/// The package's own spelling of a volume's name: version 3 starts names with a
/// slash, manifests may or may not. An exact match comes first.
const std::string* find_volume(const PackageInfo& info, std::string_view wanted) {
  const std::string* loose = nullptr;
  for (const std::string& name : info.volumes) {
    if (name == wanted) return &name;
    if (loose == nullptr && without_slash(name) == without_slash(wanted)) loose = &name;
  }
  return loose;
}

std::string volumes_hint(const PackageInfo& info) {
  if (info.volumes.empty()) return "the package has no volumes";
  const std::vector<std::string_view> names(info.volumes.begin(), info.volumes.end());
  return "its volumes are " + list_of(names, "and");
}

Diagnostic no_volume(const LayerSource& source, const PackageInfo& info, std::string_view volume,
                     Trouble trouble, const SourceLocation& where) {
  return {.trouble = trouble,
          .message = package_label(source) + " has no volume " + quoted(volume),
          .where = where,
          .hint = volumes_hint(info)};
}

PlannedLayer layer_of(const LayerSource& source, std::string volume, std::string subpath,
                      const SourceLocation& where) {
  return {.kind = LayerKind::webc,
          .source = source.path,
          .written = source.written,
          .volume = std::move(volume),
          .subpath = std::move(subpath),
          .where = where};
}

class PackagePlanner {
 public:
  PackagePlanner(const LayerSource& source, const PackageInfo& info) : source_(source), info_(info) {}

  Outcome<PackagePlan> plan(const std::optional<std::vector<ContainerMount>>& instead) {
    warn_of_dependencies();
    if (auto planned = instead ? add_given(*instead) : add_own(); !planned) return fail(planned.error());
    if (auto planned = add_commands(); !planned) return fail(planned.error());
    std::ranges::sort(plan_.mounts, outer_first, &PackageMount::guest);
    return std::move(plan_);
  }

 private:
  Diagnostic corrupt(std::string message) const {
    return {.trouble = Trouble::corrupt, .message = std::move(message), .where = source_.where};
  }
  void warn(std::string message) {
    plan_.warnings.push_back(
        {.trouble = Trouble::source, .message = std::move(message), .where = source_.where});
  }

  void warn_of_dependencies() {
    for (const webc::Dependency& dependency : info_.manifest.dependencies) {
      std::string name = quoted(dependency.alias);
      if (!dependency.specifier.empty()) name += " (" + quoted(dependency.specifier) + ")";
      warn(package_label(source_) + ": dependency " + name +
           " is not resolved: this version of wasifs does not fetch dependencies");
    }
  }

  Outcome<void> add_given(const std::vector<ContainerMount>& mounts) {
    for (const ContainerMount& mount : mounts) {
      const std::string* volume = find_volume(info_, mount.volume);
      if (volume == nullptr) {
        return fail(no_volume(source_, info_, mount.volume, Trouble::manifest, mount.guest.where));
      }
      add(mount.guest_path, mount.guest.value, layer_of(source_, *volume, mount.subpath, mount.guest.where));
    }
    return {};
  }

  Outcome<void> add_own() {
    if (!info_.manifest.has_fs) {
      const std::string* code = info_.version < 3 ? find_volume(info_, kCodeVolume) : nullptr;
      if (code != nullptr) add("/", "/", layer_of(source_, *code, {}, source_.where));
      return {};
    }
    for (const webc::FsMapping& mapping : info_.manifest.fs) {
      if (auto added = add_mapping(mapping); !added) return added;
    }
    return {};
  }

  Outcome<void> add_mapping(const webc::FsMapping& mapping) {
    if (!mapping.from.empty()) {
      warn(package_label(source_) + ": its mount at " + quoted(mapping.mount_path) + " is left out: volume " +
           quoted(mapping.volume) + " belongs to the dependency " + quoted(mapping.from) +
           ", which is not resolved");
      return {};
    }
    const Outcome<std::string> guest = normalize_guest_path(mapping.mount_path);
    if (!guest) {
      Diagnostic invalid = corrupt(guest.error().message);
      invalid.causes.push_back(
          {.trouble = Trouble::corrupt, .message = package_label(source_) + " asks for this mount"});
      return fail(std::move(invalid));
    }
    const std::string* volume = find_volume(info_, mapping.volume);
    if (volume == nullptr) {
      return fail(no_volume(source_, info_, mapping.volume, Trouble::corrupt, source_.where));
    }
    // Only version 2 means something by host_path; the others show the whole.
    std::optional<std::string> subpath = "";
    if (info_.version == 2) subpath = normalize_subpath(mapping.host_path);
    if (!subpath) {
      return fail(corrupt(package_label(source_) + ": the path " + quoted(mapping.host_path) + " in volume " +
                          quoted(*volume) + " must not contain \"..\""));
    }
    add(*guest, mapping.mount_path, layer_of(source_, *volume, *subpath, source_.where));
    return {};
  }

  void add(const std::string& guest, const std::string& raw, PlannedLayer layer) {
    if (guest == "/") {
      if (plan_.root) {
        decide(guest, layer, *plan_.root, "of a package's mounts at \"/\" the last wins");
      }
      plan_.root = std::move(layer);
      return;
    }
    if (const PlannedLayer* first = find(guest)) {
      decide(guest, *first, layer, "of a package's mounts at one path the first wins, as a whole");
      skipped_.push_back(guest);
      return;
    }
    // What a package lists below a mount that lost goes with that mount.
    const auto lost =
        std::ranges::find_if(skipped_, [&](const std::string& path) { return is_at_or_below(guest, path); });
    if (lost != skipped_.end()) {
      decide(
          guest, *find(*lost), layer,
          "the package's mount at " + quoted(*lost) + " before it lost, and what is below it goes with it");
      return;
    }
    by_guest_[guest] = plan_.mounts.size();
    plan_.mounts.push_back({.guest = guest, .guest_raw = raw, .layer = std::move(layer)});
  }

  const PlannedLayer* find(const std::string& guest) const {
    const auto found = by_guest_.find(guest);
    return found == by_guest_.end() ? nullptr : &plan_.mounts[found->second].layer;
  }

  void decide(const std::string& guest, const PlannedLayer& kept, const PlannedLayer& dropped,
              std::string rule) {
    plan_.decisions.push_back({.guest = guest,
                               .kept = kept.describe(),
                               .dropped = dropped.describe(),
                               .rule = std::move(rule),
                               .where = source_.where});
  }

  Outcome<void> add_commands() {
    for (const webc::Command& command : info_.manifest.commands) {
      if (!check_name(command.name)) {
        return fail(
            corrupt(package_label(source_) + " has a command with the invalid name " + quoted(command.name)));
      }
      const bool own = std::ranges::find(info_.manifest.atoms, command.atom, &webc::Atom::name) !=
                       info_.manifest.atoms.end();
      if (!command.dependency.empty()) {
        warn(package_label(source_) + ": command " + quoted(command.name) +
             " is left out: its program belongs to the dependency " + quoted(command.dependency) +
             ", which is not resolved");
      } else if (!own) {
        warn(package_label(source_) + ": command " + quoted(command.name) +
             " is left out: the package has no program " + quoted(command.atom));
      } else {
        plan_.commands.push_back({.name = command.name,
                                  .source = source_.path,
                                  .atom = command.atom,
                                  .origin = package_label(source_),
                                  .where = source_.where,
                                  .runner = command.runner,
                                  .exec_name = command.exec_name,
                                  .main_args = command.main_args,
                                  .env = command.env,
                                  .cwd = command.cwd});
      }
    }
    return {};
  }

  const LayerSource& source_;
  const PackageInfo& info_;
  PackagePlan plan_;
  std::map<std::string, std::size_t> by_guest_;  ///< index in plan_.mounts
  std::vector<std::string> skipped_;
};

}  // namespace

std::string package_label(const LayerSource& source) { return "package " + quoted(source.written); }

bool outer_first(std::string_view a, std::string_view b) {
  // Component by component: '/' sorts before every other byte.
  return std::ranges::lexicographical_compare(a, b, [](char left, char right) {
    const auto rank = [](char c) {
      return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)) + 1;
    };
    return rank(left) < rank(right);
  });
}

Outcome<PackagePlan> plan_package(const LayerSource& source, const PackageInfo& info,
                                  const std::optional<std::vector<ContainerMount>>& instead) {
  return PackagePlanner(source, info).plan(instead);
}

Outcome<PlannedLayer> plan_volume(const LayerSource& source, const PackageInfo& info) {
  const std::string_view wanted = source.volume.empty() ? kCodeVolume : source.volume;
  if (const std::string* found = find_volume(info, wanted)) {
    return layer_of(source, *found, source.subpath, source.where);
  }
  if (!source.volume.empty()) {
    return fail(no_volume(source, info, source.volume, Trouble::manifest, source.where));
  }
  const std::string* only = nullptr;
  std::size_t candidates = 0;
  for (const std::string& name : info.volumes) {
    if (without_slash(name) == kMetadataVolume) continue;
    only = &name;
    ++candidates;
  }
  if (candidates == 1) return layer_of(source, *only, source.subpath, source.where);
  return fail(Diagnostic{
      .trouble = Trouble::manifest,
      .message = candidates == 0 ? package_label(source) + " has no volume to mount"
                                 : package_label(source) + " has several volumes: name the one to mount",
      .where = source.where,
      .hint = volumes_hint(info)});
}

}  // namespace wasifs::plan
