// SPDX-License-Identifier: Apache-2.0
#include "plan/package_plan.h"

#include <algorithm>
#include <map>
#include <set>

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

/// A volume lies in the package, or of a package directory beside it on the host.
PlannedLayer layer_of(const LayerSource& source, const PackageInfo& info, const std::string& volume,
                      std::string subpath, const SourceLocation& where) {
  const auto on_host = info.volume_sources.find(volume);
  const bool packed = on_host == info.volume_sources.end();
  return {.kind = packed ? LayerKind::webc : LayerKind::host,
          .source = packed ? source.path : on_host->second,
          .written = source.written,
          .volume = volume,
          .subpath = std::move(subpath),
          .where = where};
}

/// The names in a package's manifest that others refer to. Packages are hostile,
/// so nothing is looked up by going through a list.
struct Names {
  std::set<std::string_view> aliases;  ///< of dependencies
  std::set<std::string_view> atoms;

  explicit Names(const webc::PackageManifest& manifest) {
    for (const webc::Dependency& dependency : manifest.dependencies) aliases.insert(dependency.alias);
    for (const webc::Atom& atom : manifest.atoms) atoms.insert(atom.name);
  }
};

/// Plans one tree of packages, one after the other.
class PackagePlanner {
 public:
  explicit PackagePlanner(std::vector<TreePackage> tree) : tree_(std::move(tree)) {
    for (const TreePackage& package : tree_) {
      by_key_.emplace(package.source.path, &package);
      names_.emplace(package.info, package.info->manifest);
    }
  }

  Outcome<PackagePlan> plan(const std::optional<std::vector<ContainerMount>>& instead) {
    for (const TreePackage& package : tree_) {
      current_ = &package;
      warn_of_missing_dependencies();
      const bool given = instead && is_root();
      if (auto planned = given ? add_given(*instead) : add_own(); !planned) return fail(planned.error());
      if (auto planned = add_commands(); !planned) return fail(planned.error());
      std::string& entrypoint = plan_.runnable.entrypoint;
      if (entrypoint.empty()) entrypoint = info().manifest.entrypoint;
    }
    const auto& own = tree_.front().info->manifest.commands;
    if (plan_.runnable.entrypoint.empty() && own.size() == 1) plan_.runnable.entrypoint = own.front().name;
    std::ranges::sort(plan_.mounts, outer_first, &PackageMount::guest);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] const LayerSource& source() const { return current_->source; }
  [[nodiscard]] const PackageInfo& info() const { return *current_->info; }
  [[nodiscard]] bool is_root() const { return current_ == tree_.data(); }
  [[nodiscard]] std::string label() const { return package_label(source()); }

  Diagnostic corrupt(std::string message, std::string hint = {}) const {
    return {.trouble = Trouble::corrupt,
            .message = std::move(message),
            .where = source().where,
            .hint = std::move(hint)};
  }
  void warn(std::string message) {
    plan_.warnings.push_back(
        {.trouble = Trouble::source, .message = std::move(message), .where = source().where});
  }

  /// The package that an alias stands for, null where it was left out.
  const TreePackage* find_resolved(const std::string& alias) const {
    const auto key = info().dependencies.find(alias);
    if (key == info().dependencies.end()) return nullptr;
    const auto found = by_key_.find(key->second);
    return found == by_key_.end() ? nullptr : found->second;
  }

  void warn_of_missing_dependencies() {
    std::vector<std::string> left_out;
    std::vector<std::string> vendored;
    for (const webc::Dependency& dependency : info().manifest.dependencies) {
      if (find_resolved(dependency.alias) != nullptr) continue;
      if (dependency.specifier.empty()) {
        vendored.push_back(quoted(dependency.alias));
      } else {
        left_out.push_back(quoted(dependency.alias) + " (" + quoted(dependency.specifier) + ")");
      }
    }
    warn_of(left_out, "is left out", "are left out");
    warn_of(vendored, "is packed into it, which cannot be read", "are packed into it, which cannot be read");
  }

  void warn_of(const std::vector<std::string>& names, std::string_view one, std::string_view several) {
    if (names.empty()) return;
    std::string list;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) list += i + 1 == names.size() ? " and " : ", ";
      list += names[i];
    }
    const bool single = names.size() == 1;
    warn(label() + ": its " + (single ? "dependency " : "dependencies ") + list + " " +
         std::string(single ? one : several));
  }

  Outcome<void> add_given(const std::vector<ContainerMount>& mounts) {
    for (const ContainerMount& mount : mounts) {
      const std::string* volume = find_volume(info(), mount.volume);
      if (volume == nullptr) {
        return fail(no_volume(source(), info(), mount.volume, Trouble::manifest, mount.guest.where));
      }
      add(mount.guest_path, mount.guest.value,
          layer_of(source(), info(), *volume, mount.subpath, mount.guest.where));
    }
    return {};
  }

  Outcome<void> add_own() {
    if (!info().manifest.has_fs) {
      const std::string* code = info().version < 3 ? find_volume(info(), kCodeVolume) : nullptr;
      if (code != nullptr) add("/", "/", layer_of(source(), info(), *code, {}, source().where));
      return {};
    }
    for (const webc::FsMapping& mapping : info().manifest.fs) {
      if (auto added = add_mapping(mapping); !added) return added;
    }
    return {};
  }

  Outcome<void> add_mapping(const webc::FsMapping& mapping) {
    const TreePackage* owner = current_;
    if (!mapping.from.empty()) {
      if (auto known = check_alias(mapping.from, "mount at " + quoted(mapping.mount_path)); !known)
        return known;
      owner = find_resolved(mapping.from);
      if (owner == nullptr) {
        warn(label() + ": its mount at " + quoted(mapping.mount_path) + " is left out: volume " +
             quoted(mapping.volume) + " belongs to the dependency " + quoted(mapping.from));
        return {};
      }
    }
    const Outcome<std::string> guest = normalize_guest_path(mapping.mount_path);
    if (!guest) {
      Diagnostic invalid = corrupt(guest.error().message);
      invalid.causes.push_back({.trouble = Trouble::corrupt, .message = label() + " asks for this mount"});
      return fail(std::move(invalid));
    }
    const std::string* volume = find_volume(*owner->info, mapping.volume);
    if (volume == nullptr) {
      return fail(
          no_volume(owner->source, *owner->info, mapping.volume, Trouble::corrupt, owner->source.where));
    }
    // Only version 2 means something by host_path; the others show the whole.
    std::optional<std::string> subpath = "";
    if (info().version == 2) subpath = normalize_subpath(mapping.host_path);
    if (!subpath) {
      return fail(corrupt(label() + ": the path " + quoted(mapping.host_path) + " in volume " +
                          quoted(*volume) + " must not contain \"..\""));
    }
    add(*guest, mapping.mount_path, layer_of(owner->source, *owner->info, *volume, *subpath, source().where));
    return {};
  }

  /// `what` of the package names a dependency, which must be one of its own.
  Outcome<void> check_alias(const std::string& alias, const std::string& what) const {
    const auto& known = names_.at(&info()).aliases;
    if (known.contains(alias)) return {};
    const std::vector<std::string_view> aliases(known.begin(), known.end());
    return fail(corrupt(
        label() + ": its " + what + " is of the dependency " + quoted(alias) + ", which it does not have",
        aliases.empty() ? "it has no dependencies" : "its dependencies are " + list_of(aliases, "and")));
  }

  void add(const std::string& guest, const std::string& raw, PlannedLayer layer) {
    if (guest == "/") {
      if (plan_.root) {
        decide(guest, layer, *plan_.root, "at \"/\" the last wins", root_origin_);
      }
      plan_.root = std::move(layer);
      root_origin_ = label();
      return;
    }
    if (const PackageMount* first = find(guest)) {
      decide(guest, first->layer, layer, "at one path the first wins, as a whole", first->origin);
      // What lies below is skipped up to the next such clash (as in the reference).
      if (skipped_.empty() || !is_at_or_below(guest, skipped_)) skipped_ = guest;
      return;
    }
    if (!skipped_.empty() && is_at_or_below(guest, skipped_)) {
      drop(guest, find(skipped_)->layer, layer,
           "the package's mount at " + quoted(skipped_) +
               " before it lost, and what is below it goes with it");
      return;
    }
    by_guest_[guest] = plan_.mounts.size();
    plan_.mounts.push_back({.guest = guest,
                            .guest_raw = raw,
                            .layer = std::move(layer),
                            .origin = label(),
                            .inherited = !is_root(),
                            .where = source().where});
  }

  const PackageMount* find(const std::string& guest) const {
    const auto found = by_guest_.find(guest);
    return found == by_guest_.end() ? nullptr : &plan_.mounts[found->second];
  }

  /// Between two mounts of one package, or of two packages of the tree.
  void decide(const std::string& guest, const PlannedLayer& kept, const PlannedLayer& dropped,
              std::string_view rule, const std::string& other) {
    const std::string_view whose =
        other == label() ? "of a package's mounts " : "of the mounts of a package and its dependencies ";
    drop(guest, kept, dropped, std::string(whose).append(rule));
  }

  void drop(const std::string& guest, const PlannedLayer& kept, const PlannedLayer& dropped,
            std::string rule) {
    plan_.decisions.push_back({.guest = guest,
                               .kept = kept.describe(),
                               .dropped = dropped.describe(),
                               .rule = std::move(rule),
                               .where = source().where});
  }

  Outcome<void> add_commands() {
    for (const webc::Command& command : info().manifest.commands) {
      if (!check_name(command.name)) {
        return fail(corrupt(label() + " has a command with the invalid name " + quoted(command.name)));
      }
      if (seen_.insert(command.name).second) plan_.runnable.commands.push_back(command);
      if (auto added = add_command(command); !added) return added;
    }
    return {};
  }

  Outcome<void> add_command(const webc::Command& command) {
    const TreePackage* owner = current_;
    const std::string left_out = label() + ": command " + quoted(command.name) + " is left out: ";
    if (!command.dependency.empty()) {
      if (auto known = check_alias(command.dependency, "command " + quoted(command.name)); !known)
        return known;
      owner = find_resolved(command.dependency);
      if (owner == nullptr) {
        warn(left_out + "its program belongs to the dependency " + quoted(command.dependency));
        return {};
      }
    }
    if (!names_.at(owner->info).atoms.contains(command.atom)) {
      warn(left_out + (owner == current_ ? "the package" : package_label(owner->source)) +
           " has no program " + quoted(command.atom));
      return {};
    }
    const auto [first, added] = command_owners_.emplace(command.name, label());
    if (!added) {
      plan_.decisions.push_back({.guest = "/bin/" + command.name,
                                 .kept = first->second,
                                 .dropped = label(),
                                 .rule = "the first package that has a command of a name provides it",
                                 .where = source().where,
                                 .subject = Decision::Subject::command});
      return {};
    }
    plan_.commands.push_back(planned(command, *owner));
    return {};
  }

  PlannedCommand planned(const webc::Command& command, const TreePackage& owner) const {
    const auto on_host = owner.info->atom_sources.find(command.atom);
    const bool packed = on_host == owner.info->atom_sources.end();
    return {.name = command.name,
            .source = packed ? owner.source.path : on_host->second,
            .atom = packed ? command.atom : "",
            .origin = label(),
            .where = source().where,
            .runner = command.runner,
            .exec_name = command.exec_name,
            .main_args = command.main_args,
            .env = command.env,
            .cwd = command.cwd,
            .json = command.json};
  }

  const std::vector<TreePackage> tree_;
  std::map<std::string, const TreePackage*> by_key_;
  std::map<const PackageInfo*, Names> names_;
  const TreePackage* current_ = nullptr;
  PackagePlan plan_;
  std::string root_origin_;
  std::map<std::string, std::size_t> by_guest_;        ///< index in plan_.mounts
  std::set<std::string> seen_;                         ///< names of commands
  std::map<std::string, std::string> command_owners_;  ///< labels by name
  std::string skipped_;  ///< where the last mount lost that found its path taken
};

}  // namespace

bool outer_first(std::string_view a, std::string_view b) {
  // Component by component: '/' sorts before every other byte.
  return std::ranges::lexicographical_compare(a, b, [](char left, char right) {
    const auto rank = [](char c) {
      return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)) + 1;
    };
    return rank(left) < rank(right);
  });
}

Outcome<PackagePlan> plan_package(const LayerSource& source, const Catalogue& catalogue,
                                  const std::optional<std::vector<ContainerMount>>& instead) {
  auto tree = package_tree(source, catalogue);
  if (!tree) return fail(tree.error());
  return PackagePlanner(*std::move(tree)).plan(instead);
}

Outcome<PlannedLayer> plan_volume(const LayerSource& source, const PackageInfo& info) {
  const std::string_view wanted = source.volume.empty() ? kCodeVolume : source.volume;
  if (const std::string* found = find_volume(info, wanted)) {
    return layer_of(source, info, *found, source.subpath, source.where);
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
  if (candidates == 1) return layer_of(source, info, *only, source.subpath, source.where);
  return fail(Diagnostic{
      .trouble = Trouble::manifest,
      .message = candidates == 0 ? package_label(source) + " has no volume to mount"
                                 : package_label(source) + " has several volumes: name the one to mount",
      .where = source.where,
      .hint = volumes_hint(info)});
}

}  // namespace wasifs::plan
