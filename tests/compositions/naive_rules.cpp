// SPDX-License-Identifier: Apache-2.0

// The composition rules for what a random manifest can say, in the order in which a
// person reads them. Shares nothing with the planner.

#include <algorithm>
#include <cerrno>
#include <map>

#include "random_manifest.h"

namespace wasifs::test {

namespace {

using Manifest = RandomManifest;
using Access = Manifest::Access;
using Mode = Manifest::Mode;

/// What wants to be mounted somewhere.
struct Wanted {
  NaiveWorld::Mount mount;
  bool opaque = false;
  Mode on_conflict = Mode::unset;
  const Manifest::Source* written_through = nullptr;
};

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

NaiveTree merged(const std::vector<Manifest::Source>& sources) {
  std::vector<NaiveTree> layers;
  for (const Manifest::Source& source : sources) layers.push_back(source.tree);
  return naive_merge(layers);
}

class Rules {
 public:
  explicit Rules(const Manifest& manifest) : manifest_(manifest) {}

  NaiveComposition compose() {
    for (const Manifest::Mount& mount : manifest_.mounts) {
      if (error_.empty()) add_user_mount(mount);
    }
    if (error_.empty() && manifest_.container) add_container(*manifest_.container);
    for (const Manifest::Package& use : manifest_.uses) {
      if (error_.empty()) add_use(use);
    }
    NaiveComposition composition;
    if (error_.empty()) put_together(composition);
    composition.error = error_;
    if (!error_.empty()) composition.world.reset();
    return composition;
  }

 private:
  /// Rules 3 and 4.
  void add_user_mount(const Manifest::Mount& mount) {
    if (mount.guest == "/") {
      for (const Manifest::Source& layer : mount.layers) add_root_layer(layer.tree);
      opaque_root_ = opaque_root_ || mount.opaque;
      return;
    }
    Wanted wanted{.mount = {.guest = mount.guest,
                            .tree = merged(mount.layers),
                            .read_only = mount.access == Access::ro},
                  .opaque = mount.opaque,
                  .on_conflict = mount.on_conflict};
    if (mount.type == Manifest::Type::host && mount.access == Access::rw) {
      wanted.written_through = &mount.layers.front();
      wanted.mount.takes_directories = false;
      wanted.mount.source = mount.layers.front().name;
    }
    const auto taken = wanted_.find(mount.guest);
    if (taken != wanted_.end() && fails(taken->second.on_conflict, mount.on_conflict)) {
      error_ = "Unable to mount " + in_quotes(mount.guest);
      return;
    }
    wanted_.insert_or_assign(mount.guest, std::move(wanted));
  }

  bool fails(Mode one, Mode other) const {
    if (one == Mode::fail || other == Mode::fail) return true;
    if (one == Mode::override_ || other == Mode::override_) return false;
    return manifest_.conflict == Mode::fail;
  }

  void add_root_layer(const NaiveTree& tree) {
    if (!opaque_root_) root_layers_.push_back(tree);
  }

  /// Rule 12: at "/" the last of a package's mappings, elsewhere the first, and what
  /// is listed after and below one that lost is lost with it. Outer ones first.
  std::map<std::string, NaiveTree> mappings_of(const Manifest::Package& package) {
    std::map<std::string, NaiveTree> own;
    const NaiveTree* root = nullptr;
    std::vector<std::string> lost;
    for (const Manifest::Mapping& mapping : package.fs) {
      const NaiveTree& tree = package.volumes.at(mapping.volume);
      if (mapping.guest == "/") {
        root = &tree;
      } else if (own.contains(mapping.guest)) {
        lost.push_back(mapping.guest);
      } else if (std::ranges::none_of(
                     lost, [&](const std::string& path) { return naive_at_or_below(mapping.guest, path); })) {
        own[mapping.guest] = tree;
      }
    }
    if (root != nullptr) add_root_layer(*root);
    return own;
  }

  bool below_opaque(const std::string& guest) const {
    return opaque_root_ || std::ranges::any_of(wanted_, [&](const auto& each) {
             return each.second.opaque && each.first != guest && naive_at_or_below(guest, each.first);
           });
  }

  /// Rule 5.
  void add_container(const Manifest::Package& package) {
    std::string skipped;
    for (const auto& [guest, tree] : mappings_of(package)) {
      if (!skipped.empty() && naive_at_or_below(guest, skipped)) continue;
      if (below_opaque(guest)) continue;
      const auto taken = wanted_.find(guest);
      if (taken == wanted_.end()) {
        wanted_[guest] = {
            .mount = {.guest = guest, .tree = tree, .read_only = manifest_.container_read_only}};
      } else if (fails(taken->second.on_conflict, Mode::unset)) {
        error_ = "Unable to merge container mount " + in_quotes(guest) + " into the prepared filesystem";
        return;
      } else {
        skipped = guest;
      }
    }
  }

  /// Rule 11.
  void add_use(const Manifest::Package& package) {
    for (const auto& [guest, tree] : mappings_of(package)) {
      if (below_opaque(guest)) continue;
      if (wanted_.contains(guest)) {
        error_ = "Unable to merge mount " + in_quotes(guest) + " of package " + in_quotes(package.name) +
                 " into the prepared filesystem";
        return;
      }
      wanted_[guest] = {.mount = {.guest = guest, .tree = tree}};
    }
  }

  /// Rules 2 and 13.
  void put_together(NaiveComposition& composition) {
    composition.world.emplace(NaiveWorld::Mount{.guest = "", .tree = naive_merge(root_layers_)});
    for (auto& [guest, wanted] : wanted_) {
      if (!composition.world->mount(std::move(wanted.mount)).empty()) {
        error_ = "Unable to mount " + in_quotes(guest);
        return;
      }
      if (wanted.written_through != nullptr) composition.written_through.push_back(wanted.written_through);
    }
  }

  const Manifest& manifest_;
  std::string error_;
  std::vector<NaiveTree> root_layers_;
  bool opaque_root_ = false;
  std::map<std::string, Wanted> wanted_;
};

}  // namespace

NaiveComposition compose_naively(const RandomManifest& manifest) { return Rules(manifest).compose(); }

}  // namespace wasifs::test
