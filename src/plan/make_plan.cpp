// SPDX-License-Identifier: Apache-2.0
#include "plan/make_plan.h"

#include <algorithm>
#include <map>

#include "base/path.h"
#include "base/suggest.h"
#include "plan/layer_plan.h"
#include "plan/package_plan.h"
#include "plan/plan_lookup.h"
#include "plan/reader.h"
#include "plan/run_plan.h"
#include "plan/uppers.h"

namespace wasifs::plan {

namespace {

Diagnostic conflict(std::string message, const SourceLocation& where) {
  return {.trouble = Trouble::conflict, .message = std::move(message), .where = where};
}

/// A place for a sentence: `line 7`, or the flag that stands for one.
std::string place_of(const SourceLocation& where) {
  return where.line == 0 ? where.file : "line " + std::to_string(where.line);
}

/// Where a mount comes from, for a sentence: `line 7 of the manifest`,
/// `--volume "data:/srv"` or `package "a.webc"`.
std::string origin_of(const PlannedMount& mount) {
  if (mount.origin != kManifestOrigin) return mount.origin;
  if (mount.where.line == 0) return "the source";
  return "line " + std::to_string(mount.where.line) + " of the manifest";
}

/// All layers of a mount, for a sentence.
std::string describe(const PlannedMount& mount) {
  std::string out;
  if (mount.upper) out = mount.upper->describe();
  for (const PlannedLayer& lower : mount.lowers) {
    if (!out.empty()) out += " over ";
    out += lower.describe();
  }
  return out;
}

/// Of two limits the one that is met first.
std::optional<std::uint64_t> tighter(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

class Planner {
 public:
  Planner(const Manifest& manifest, const Catalogue& catalogue, const Images& images)
      : manifest_(manifest), catalogue_(catalogue), images_(images) {
    plan_.source = manifest.file;
    plan_.limits = manifest.capabilities.fs;
    plan_.memory_limit = tighter(manifest.memory_limit, plan_.limits.max_bytes);
    plan_.inode_limit = tighter(manifest.inode_limit, plan_.limits.max_inodes);
    plan_.run.capabilities = manifest.capabilities.others;
    plan_.decisions = manifest.decisions;
    for (const auto& [path, info] : catalogue) plan_.packages.push_back(path);
  }

  Outcome<Plan> plan() {
    for (const MountEntry& entry : manifest_.mounts) {
      if (auto added = add_entry(entry); !added) return fail(added.error());
    }
    if (auto added = add_mapped_commands(); !added) return fail(added.error());
    if (auto added = add_container(); !added) return fail(added.error());
    for (const LayerSource& use : manifest_.uses) {
      if (auto added = add_use(use); !added) return fail(added.error());
    }
    if (auto added = add_run(); !added) return fail(added.error());
    finish_root();
    collect_mounts();
    if (auto checked = check_uppers(plan_); !checked) return fail(checked.error());
    warn_of_hidden_commands();
    return std::move(plan_);
  }

 private:
  struct Slot {
    PlannedMount mount;
    std::optional<ConflictMode> on_conflict;
  };

  Outcome<void> add_entry(const MountEntry& entry) {
    Outcome<std::vector<PlannedLayer>> layers = plan_layers(entry, catalogue_, images_, plan_.warnings);
    if (!layers) return fail(layers.error());
    if (entry.guest_path == "/") return add_root_layers(entry, *std::move(layers));
    return add_user_mount(entry, *std::move(layers));
  }

  /// A user mount at "/" is a layer of the root and conflicts with nothing.
  Outcome<void> add_root_layers(const MountEntry& entry, std::vector<PlannedLayer> layers) {
    if (entry.ro_where) {
      plan_.warnings.push_back({.trouble = Trouble::conflict,
                                .message =
                                    R"(mount "/": access = "ro" means nothing here: a mount at "/" is a )"
                                    "layer of the root, which can be changed",
                                .where = *entry.ro_where,
                                .hint = "leave it out; a mount at any other path can be read-only"});
    }
    if (entry.write_through) {
      if (manifest_.upper) {
        Diagnostic two =
            conflict("the root cannot have both an upper and a mount with write-through", entry.where);
        two.causes.push_back(
            conflict("the changes go to " + quoted(manifest_.upper->directory.written) + " already",
                     manifest_.upper->directory.where));
        return fail(std::move(two));
      }
      if (root_upper_) {
        Diagnostic two = conflict("only one mount at \"/\" can have write-through", entry.where);
        two.causes.push_back(
            conflict("the changes go to " + root_upper_->describe() + " already", root_upper_->where));
        return fail(std::move(two));
      }
      root_upper_ = std::move(layers.front());
    } else {
      for (PlannedLayer& layer : layers) add_root_layer(std::move(layer));
    }
    if (entry.opaque && !opaque_root_) opaque_root_ = entry.where;
    if (entry.symlink_text == SymlinkText::rebase) root_symlink_text_ = SymlinkText::rebase;
    return {};
  }

  void add_root_layer(PlannedLayer layer) {
    if (opaque_root_) {
      plan_.decisions.push_back(
          {.guest = "/",
           .kept = "the layers before it",
           .dropped = layer.describe(),
           .rule = "a mount at \"/\" before it is opaque: no later layer shows below it",
           .where = *opaque_root_,
           .subject = Decision::Subject::layer});
      return;
    }
    root_lowers_.push_back(std::move(layer));
  }

  Outcome<void> add_user_mount(const MountEntry& entry, std::vector<PlannedLayer> layers) {
    Slot slot{.mount = plan_mount(entry, std::move(layers)), .on_conflict = entry.on_conflict};
    const auto taken = slots_.find(entry.guest_path);
    if (taken == slots_.end()) {
      slots_.emplace(entry.guest_path, std::move(slot));
      return {};
    }
    const PlannedMount& first = taken->second.mount;
    if (mode_between(taken->second.on_conflict, entry.on_conflict) == ConflictMode::fail) {
      Diagnostic clash = conflict("Unable to mount " + quoted(entry.guest_path), entry.where);
      clash.causes.push_back(
          conflict(place_of(entry.where) + " mounts what " + place_of(first.where) + " has mounted already",
                   first.where));
      clash.hint = "remove one of the two, or let the later one win with ";
      clash.hint += entry.type == MountType::provided ? "ConflictMode::override_"
                    : entry.origin.empty()            ? "on-conflict = \"override\""
                                                      : "conflict = \"override\" in [root]";
      return fail(std::move(clash));
    }
    plan_.decisions.push_back({.guest = entry.guest_path,
                               .kept = describe(slot.mount),
                               .dropped = describe(first),
                               .rule = "of two mounts at one path the later wins (conflict \"override\"); "
                                       "what is mounted below stays",
                               .where = entry.where});
    taken->second = std::move(slot);
    return {};
  }

  /// What a mount says for itself beats [root]; of two that disagree, the
  /// stricter one counts.
  ConflictMode mode_between(std::optional<ConflictMode> a, std::optional<ConflictMode> b) const {
    if (a == ConflictMode::fail || b == ConflictMode::fail) return ConflictMode::fail;
    return a || b ? ConflictMode::override_ : manifest_.conflict;
  }

  Outcome<PackagePlan> open_package(const LayerSource& source,
                                    const std::optional<std::vector<ContainerMount>>& instead) {
    Outcome<PackagePlan> package = plan_package(source, catalogue_, instead);
    if (!package) return package;
    std::ranges::move(package->decisions, std::back_inserter(plan_.decisions));
    std::ranges::move(package->warnings, std::back_inserter(plan_.warnings));
    return package;
  }

  Outcome<void> add_container() {
    if (!manifest_.container) return {};
    const Container& container = *manifest_.container;
    plan_.container = container.source.path;
    Outcome<PackagePlan> package = open_package(container.source, container.mounts);
    if (!package) return fail(package.error());
    if (auto checked = check_command(container, *package); !checked) return checked;
    if (package->root) add_root_layer(*std::move(package->root));
    std::string skipped;  // the subtree that the last exact clash left out
    for (PackageMount& mount : package->mounts) {
      if (!skipped.empty() && is_at_or_below(mount.guest, skipped)) {
        drop(mount, slots_.at(skipped).mount,
             "the package's mount at " + quoted(skipped) +
                 " was left out, and what the package mounts below goes with it");
        continue;
      }
      if (drop_below_opaque(mount)) continue;
      const auto taken = slots_.find(mount.guest);
      if (taken != slots_.end()) {
        if (mode_between(taken->second.on_conflict, {}) == ConflictMode::fail) {
          return fail(container_clash(container.source, mount, taken->second.mount));
        }
        const bool from_manifest = taken->second.mount.origin == kManifestOrigin;
        drop(mount, taken->second.mount,
             std::string(from_manifest ? "a mount of the manifest" : "a volume of the command line") +
                 " stays where a package would mount at the same path (conflict \"override\")");
        skipped = mount.guest;
        continue;
      }
      add_package_mount(std::move(mount), container.access, container.caching);
    }
    add_commands(std::move(package->commands));
    runnable_ = std::move(package->runnable);
    return {};
  }

  static Outcome<void> check_command(const Container& container, const PackagePlan& package) {
    if (!container.command) return {};
    std::vector<std::string_view> names;
    for (const webc::Command& command : package.runnable.commands) names.push_back(command.name);
    if (std::ranges::find(names, container.command->value) != names.end()) return {};
    // The place of what the command line asks for has no line.
    const bool by_user = container.command->where.line == 0;
    const std::string near = suggest(container.command->value, names);
    return fail(Diagnostic{
        .trouble = by_user ? Trouble::usage : Trouble::manifest,
        .message = package_label(container.source) + " has no command " + quoted(container.command->value),
        .where = by_user ? SourceLocation{} : container.command->where,
        .hint = names.empty()
                    ? "it has no commands"
                    : "its commands are " + list_of(names, "and") + (near.empty() ? "" : "; " + near)});
  }

  static Diagnostic container_clash(const LayerSource& source, const PackageMount& mount,
                                    const PlannedMount& taken) {
    Diagnostic clash =
        conflict("Unable to merge container mount " + quoted(mount.guest) + " into the prepared filesystem",
                 source.where);
    clash.causes.push_back(conflict(mount.origin + " mounts " + mount.layer.describe() + " where " +
                                        origin_of(taken) + " mounts " + describe(taken),
                                    taken.where));
    clash.hint = taken.origin == kManifestOrigin
                     ? "keep the manifest's mount with on-conflict = \"override\", or mount it elsewhere"
                     : "keep it with conflict = \"override\" in [root], or mount it elsewhere";
    return clash;
  }

  /// An injected package is added as a whole or not at all, so a clash is an
  /// error whatever the conflict mode.
  Outcome<void> add_use(const LayerSource& source) {
    Outcome<PackagePlan> package = open_package(source, std::nullopt);
    if (!package) return fail(package.error());
    if (package->root) add_root_layer(*std::move(package->root));
    for (PackageMount& mount : package->mounts) {
      if (drop_below_opaque(mount)) continue;
      if (const auto taken = slots_.find(mount.guest); taken != slots_.end()) {
        if (mount.inherited && shows(taken->second.mount, mount.layer)) {
          drop(mount, taken->second.mount, "a dependency that packages share is mounted once");
          continue;
        }
        Diagnostic clash = conflict("Unable to merge mount " + quoted(mount.guest) + " of " + mount.origin +
                                        " into the prepared filesystem",
                                    source.where);
        clash.causes.push_back(conflict(quoted(mount.guest) + " is mounted already by " +
                                            origin_of(taken->second.mount) + ": " +
                                            describe(taken->second.mount),
                                        taken->second.mount.where));
        if (mount.inherited) {
          clash.causes.push_back(
              conflict(package_label(source) + " depends on " + mount.origin, source.where));
        }
        return fail(std::move(clash));
      }
      add_package_mount(std::move(mount), Access::cow, Caching::by_layer);
    }
    add_commands(std::move(package->commands));
    return {};
  }

  /// True if a mount is of the very same part of the same package.
  static bool shows(const PlannedMount& mount, const PlannedLayer& layer) {
    return std::ranges::any_of(mount.lowers, [&](const PlannedLayer& lower) {
      return lower.kind == layer.kind && lower.source == layer.source && lower.volume == layer.volume &&
             lower.subpath == layer.subpath;
    });
  }

  void drop(const PackageMount& mount, const PlannedMount& kept, std::string rule) {
    plan_.decisions.push_back({.guest = mount.guest,
                               .kept = describe(kept),
                               .dropped = mount.layer.describe(),
                               .rule = std::move(rule),
                               .where = kept.where});
  }

  bool drop_below_opaque(const PackageMount& mount) {
    if (opaque_root_) {
      plan_.decisions.push_back({.guest = mount.guest,
                                 .kept = "the root",
                                 .dropped = mount.layer.describe(),
                                 .rule = "a mount at \"/\" is opaque: no package mount shows below it",
                                 .where = *opaque_root_,
                                 .intended = true});
      return true;
    }
    std::string_view above = mount.guest;
    for (std::size_t slash = above.rfind('/'); slash > 0; slash = above.rfind('/')) {
      above = above.substr(0, slash);
      const auto slot = slots_.find(std::string(above));
      if (slot == slots_.end() || !slot->second.mount.opaque) continue;
      drop(mount, slot->second.mount,
           "the mount at " + quoted(above) + " is opaque: no package mount shows below it");
      plan_.decisions.back().intended = true;
      return true;
    }
    return false;
  }

  void add_package_mount(PackageMount mount, Access access, Caching caching) {
    const SourceLocation where = mount.where;
    PlannedMount planned{.guest = mount.guest,
                         .guest_raw = std::move(mount.guest_raw),
                         .access = access,
                         .upper = std::nullopt,
                         .lowers = {std::move(mount.layer)},
                         .quota_bytes = std::nullopt,
                         .origin = std::move(mount.origin),
                         .where = where,
                         .caching = caching};
    if (access == Access::cow) planned.upper = plain_layer(LayerKind::memory, where);
    std::string guest = planned.guest;
    slots_.emplace(std::move(guest), Slot{.mount = std::move(planned), .on_conflict = {}});
  }

  /// Before those of packages: what the user maps beats them.
  Outcome<void> add_mapped_commands() {
    for (const MappedCommand& mapped : manifest_.map_commands) {
      const std::string& name = mapped.alias.value;
      if (!command_owner_.emplace(name, kMappedOrigin).second) {
        return fail(Diagnostic{.trouble = Trouble::manifest,
                               .message = "the command " + quoted(name) + " is mapped twice",
                               .where = mapped.alias.where});
      }
      plan_.commands.push_back({.name = name,
                                .source = mapped.path,
                                .origin = std::string(kMappedOrigin),
                                .where = mapped.target.where});
    }
    return {};
  }

  Outcome<void> add_run() {
    const oci::Image* image = nullptr;
    if (manifest_.image) {
      image = images_.at({manifest_.image->source.path, manifest_.image->source.tag}).get();
    }
    Outcome<RunPlan> planned = plan_run(manifest_, runnable_ ? &*runnable_ : nullptr, image);
    if (!planned) return fail(planned.error());
    planned->run.capabilities = std::move(plan_.run.capabilities);
    plan_.run = std::move(planned->run);
    std::ranges::move(planned->decisions, std::back_inserter(plan_.decisions));
    std::ranges::move(planned->warnings, std::back_inserter(plan_.warnings));
    return {};
  }

  void add_commands(std::vector<PlannedCommand> commands) {
    for (PlannedCommand& command : commands) {
      const auto [first, added] = command_owner_.emplace(command.name, command.origin);
      if (!added) {
        const bool mapped = first->second == kMappedOrigin;
        plan_.decisions.push_back({.guest = "/bin/" + command.name,
                                   .kept = first->second,
                                   .dropped = command.origin,
                                   .rule = mapped
                                               ? "a mapped command beats a package's of the same name"
                                               : "the first package that has a command of a name provides it",
                                   .where = command.where,
                                   .subject = Decision::Subject::command});
        continue;
      }
      plan_.commands.push_back(std::move(command));
    }
  }

  /// The base root is the upper over everything, unless a host directory is, to
  /// which changes are written as they are or in which they are kept: then it is the
  /// first lower, and an empty one only if commands need it.
  void finish_root() {
    const SourceLocation& where = manifest_.root_where;
    PlannedLayer base = plain_layer(manifest_.empty_base ? LayerKind::memory : LayerKind::base, where);
    PlannedMount root{.guest = "/",
                      .guest_raw = {},
                      .access = root_upper_ ? Access::rw : Access::cow,
                      .opaque = opaque_root_.has_value(),
                      .upper = std::nullopt,
                      .lowers = {},
                      .work = manifest_.upper ? manifest_.upper->work : "",
                      .quota_bytes = std::nullopt,
                      .origin = "root",
                      .where = where,
                      .symlink_text = root_symlink_text_,
                      .caching = manifest_.caching};
    if (!root_upper_ && !manifest_.upper) {
      root.upper = std::move(base);
    } else {
      root.upper =
          root_upper_ ? std::move(root_upper_) : host_layer(manifest_.upper->directory, Symlinks::contain);
      if (!manifest_.empty_base) root.lowers.push_back(std::move(base));
      if (manifest_.empty_base && !plan_.commands.empty()) {
        root.lowers.push_back(plain_layer(LayerKind::commands, where));
      }
    }
    std::ranges::move(root_lowers_, std::back_inserter(root.lowers));
    // What keeps changes lies over something, be it empty.
    if (manifest_.upper && root.lowers.empty()) root.lowers.push_back(plain_layer(LayerKind::memory, where));
    plan_.mounts.push_back(std::move(root));
  }

  void collect_mounts() {
    const auto first = static_cast<std::ptrdiff_t>(plan_.mounts.size());
    for (auto& [guest, slot] : slots_) plan_.mounts.push_back(std::move(slot.mount));
    std::ranges::sort(plan_.mounts.begin() + first, plan_.mounts.end(), outer_first, &PlannedMount::guest);
  }

  void warn_of_hidden_commands() {
    if (plan_.commands.empty()) return;
    for (const std::string_view directory : kCommandDirectories) {
      const PlannedMount& mount = mount_showing(plan_, directory);
      if (command_layer(mount) != nullptr) continue;
      plan_.warnings.push_back({.trouble = Trouble::conflict,
                                .message = "commands do not appear in " + quoted(directory) +
                                           ": the mount at " + quoted(mount.guest) +
                                           " hides them, and it has no memory layer to show them in",
                                .where = mount.where});
    }
  }

  const Manifest& manifest_;
  const Catalogue& catalogue_;
  const Images& images_;
  Plan plan_;
  std::optional<PlannedLayer> root_upper_;
  std::vector<PlannedLayer> root_lowers_;
  std::optional<SourceLocation> opaque_root_;
  SymlinkText root_symlink_text_ = SymlinkText::verbatim;  ///< rebase if one layer of the root asks for it
  std::map<std::string, Slot> slots_;                      ///< by normalised guest path, without the root
  std::map<std::string, std::string> command_owner_;
  std::optional<webc::PackageManifest> runnable_;  ///< of the container and what it depends on
};

}  // namespace

std::vector<PackageNeed> needed_packages(const Manifest& manifest) {
  std::vector<PackageNeed> needs;
  if (manifest.container) needs.push_back({&manifest.container->source, "container", true});
  // The place of a flag says by itself what the package is for.
  for (const LayerSource& use : manifest.uses) {
    needs.push_back({&use, use.where.line == 0 ? "" : "[[use]]", true});
  }
  for (const MountEntry& mount : manifest.mounts) {
    for (const LayerSource& layer : mount.layers) {
      if (layer.kind == LayerSource::Kind::webc)
        needs.push_back({&layer, "mount " + quoted(mount.guest_path), false});
    }
  }
  return needs;
}

Outcome<Plan> make_plan(const Manifest& manifest, const Catalogue& catalogue, const Images& images) {
  return Planner(manifest, catalogue, images).plan();
}

}  // namespace wasifs::plan
