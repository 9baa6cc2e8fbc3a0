// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/path.h"
#include "inspect/check_parts.h"
#include "inspect/walk.h"
#include "plan/plan_lookup.h"

namespace wasifs {

namespace {

/// A layer of a mount, opened as a tree of its own.
struct OpenLayer {
  const PlannedLayer* layer;
  std::shared_ptr<const Tree> tree;
};

/// The child of that name, nullopt where there is none to be seen.
std::optional<VNode> child_of(const Tree& tree, const VNode& dir, std::string_view name) {
  if (!dir.is_directory()) return std::nullopt;
  Result<VNode> child = tree.lookup(dir, name);
  if (!child) return std::nullopt;
  return *std::move(child);
}

/// What lies at `path` in the layer; no symlink is followed, as a mount point
/// never leads through one.
std::optional<VNode> find(const Tree& tree, std::string_view path) {
  std::optional<VNode> at = tree.root();
  for (const std::string_view name : split_path(path)) {
    at = child_of(tree, *at, name);
    if (!at) break;
  }
  return at;
}

/// Looks whether anything of one layer shows among those above it. Goes through
/// the layer and the directories of the same paths above side by side, and stops
/// at the first thing that shows.
class CoverSearch {
 public:
  CoverSearch(std::string_view guest, const MountIndex& mounts, std::span<const OpenLayer> above,
              const OpenLayer& layer)
      : path_(guest), mounts_(mounts), above_(above), layer_(*layer.tree), walkable_(layer_) {}

  /// True if the layer holds something and none of it shows.
  bool covered() {
    Frame frame{.dir = layer_.root(), .path_size = path_.size()};
    for (std::size_t i = 0; i < above_.size(); ++i) frame.above.emplace_back(i, above_[i].tree->root());
    enter(std::move(frame));
    while (!frames_.empty() && !shows_) step();
    return seen_ && !shows_;
  }

 private:
  struct Frame {
    VNode dir;
    std::size_t path_size = 0;
    std::vector<std::pair<std::size_t, VNode>> above = {};  ///< by index of the layer
    std::vector<std::string> names = {};
    std::size_t next = 0;
  };

  void enter(Frame frame) {
    // What cannot be listed may show something.
    Result<std::vector<std::string>> names = sorted_names(walkable_, frame.dir);
    if (!names) {
      shows_ = true;
      return;
    }
    frame.names = *std::move(names);
    seen_ = seen_ || !frame.names.empty();
    frames_.push_back(std::move(frame));
  }

  void step() {
    Frame& frame = frames_.back();
    if (frame.next == frame.names.size()) {
      frames_.pop_back();
      return;
    }
    const std::string name = std::move(frame.names[frame.next++]);
    path_.resize(frame.path_size);
    path_ = join_path(path_, name);
    // What another mount shows hides all that lies below it.
    if (mounts_.at(path_) != nullptr) return;
    const std::optional<VNode> node = child_of(layer_, frame.dir, name);
    if (!node) return;
    Frame below{.dir = *node, .path_size = path_.size()};
    bool hidden = false;
    for (const auto& [index, dir] : frame.above) {
      std::optional<VNode> found = child_of(*above_[index].tree, dir, name);
      if (!found) continue;
      hidden = hidden || !found->is_directory() || !node->is_directory();
      below.above.emplace_back(index, *std::move(found));
    }
    if (hidden) return;
    if (below.above.empty()) {
      shows_ = true;
    } else {
      enter(std::move(below));
    }
  }

  std::string path_;
  const MountIndex& mounts_;
  std::span<const OpenLayer> above_;
  const Tree& layer_;
  WalkableTree walkable_;
  std::vector<Frame> frames_;
  bool seen_ = false;
  bool shows_ = false;
};

class LayerChecker {
 public:
  LayerChecker(const Plan& plan, const MountIndex& mounts, const plan::Packages& packages,
               std::shared_ptr<plan::Archives> archives, Findings& findings)
      : plan_(plan),
        mounts_(mounts),
        packages_(packages),
        archives_(std::move(archives)),
        findings_(findings) {}

  void check() {
    for (const PlannedMount& mount : plan_.mounts) {
      // Most mounts are a single layer that nothing else meets.
      const std::size_t layers = mount.lowers.size() + (mount.upper ? 1 : 0);
      if (layers > 1 || !mounts_.inside(mount).empty() || shows_commands(mount)) check_mount(mount);
    }
  }

 private:
  bool shows_commands(const PlannedMount& mount) const {
    return !plan_.commands.empty() && std::ranges::any_of(plan::kCommandDirectories, [&](auto directory) {
      return &mounts_.showing(directory) == &mount;
    });
  }

  void check_mount(const PlannedMount& mount) {
    const std::vector<OpenLayer> layers = open_layers(mount);
    check_cover(mount, layers);
    check_points(mount, layers);
    if (shows_commands(mount)) check_commands(mount, layers);
  }

  /// The layers of a mount that can hold anything, the topmost first.
  std::vector<OpenLayer> open_layers(const PlannedMount& mount) {
    std::vector<OpenLayer> layers;
    if (mount.upper) add_layer(mount, *mount.upper, layers);
    for (const PlannedLayer& lower : mount.lowers) add_layer(mount, lower, layers);
    return layers;
  }

  void add_layer(const PlannedMount& mount, const PlannedLayer& layer, std::vector<OpenLayer>& layers) {
    switch (layer.kind) {
      case LayerKind::memory:
      case LayerKind::commands:
      case LayerKind::static_text:
      case LayerKind::provided:
        return;  // nothing in it that could be covered, or nothing that a source names
      case LayerKind::base:
      case LayerKind::host:
      case LayerKind::webc:
      case LayerKind::archive:
      case LayerKind::image:
        break;
    }
    Plan alone;
    alone.mounts.push_back({.guest = "/",
                            .guest_raw = {},
                            .access = Access::ro,
                            .upper = std::nullopt,
                            .lowers = {layer},
                            .quota_bytes = std::nullopt,
                            .origin = mount.origin,
                            .where = mount.where});
    Outcome<PreparedRoot> opened = plan::prepare(std::move(alone), packages_, {}, {}, true, archives_);
    // A single file is no directory to be opened, and has nothing below it.
    if (opened) layers.push_back({.layer = &layer, .tree = std::move(opened->tree)});
  }

  void check_cover(const PlannedMount& mount, const std::vector<OpenLayer>& layers) {
    // What a kept upper hides somebody has changed: that is no fault of the layers.
    const std::size_t first =
        !mount.work.empty() && !layers.empty() && layers.front().layer == &*mount.upper ? 1 : 0;
    for (std::size_t i = first + 1; i < layers.size(); ++i) {
      const std::span above(layers.data() + first, i - first);
      const auto same = [&](const OpenLayer& one) {
        const auto identity = [](const PlannedLayer& layer) {
          return std::tie(layer.kind, layer.source, layer.volume, layer.subpath, layer.tag, layer.layer,
                          layer.whiteouts);
        };
        return identity(*one.layer) == identity(*layers[i].layer);
      };
      if (std::ranges::any_of(above, same)) {
        add("layer-repeated", mount, *layers[i].layer, "is a layer of " + label_of(mount) + " twice",
            "leave the second one out");
      } else if (CoverSearch(mount.guest, mounts_, above, layers[i]).covered()) {
        add("layer-covered", mount, *layers[i].layer,
            "shows nothing in " + label_of(mount) + ": layers above it, or mounts, hide all of it",
            "put it first, or leave it out");
      }
    }
  }

  void add(std::string code, const PlannedMount& mount, const PlannedLayer& layer, const std::string& what,
           std::string hint) {
    findings_.push_back({.code = std::move(code),
                         .what = {.trouble = Trouble::conflict,
                                  .message = layer.describe() + " " + what,
                                  .where = layer.where,
                                  .hint = std::move(hint)},
                         .path = mount.guest});
  }

  /// What of `mount` lies where the mounts right inside it appear.
  void check_points(const PlannedMount& mount, const std::vector<OpenLayer>& layers) {
    for (const PlannedMount* inner : mounts_.inside(mount)) {
      std::string hidden;
      for (const OpenLayer& layer : layers) {
        const std::optional<VNode> node = find(*layer.tree, path_inside(mount, inner->guest));
        if (node && holds_something(*layer.tree, *node)) {
          hidden += (hidden.empty() ? "" : " and ") + layer.layer->describe();
        }
        // Nothing below a file shows in any case.
        if (node && !node->is_directory()) break;
      }
      if (hidden.empty()) continue;
      findings_.push_back({.code = "mount-hides-content",
                           .what = {.trouble = Trouble::conflict,
                                    .message = label_of(*inner) + " hides what " + hidden + " has there",
                                    .where = inner->where},
                           .path = inner->guest});
    }
  }

  static bool holds_something(const Tree& tree, const VNode& node) {
    if (!node.is_directory()) return true;
    const Result<DirPtr> dir = tree.open_dir(node);
    bool any = false;
    if (!dir) return false;
    const Status read = (*dir)->read(0, [&](const DirEntry&) {
      any = true;
      return false;
    });
    return read && any;
  }

  /// Files of the mount's layers and mounts that have the name of a command.
  void check_commands(const PlannedMount& mount, const std::vector<OpenLayer>& layers) {
    const PlannedLayer* shown_in = plan::command_layer(mount);
    if (shown_in == nullptr) return;  // the plan warns of it
    for (const std::string_view directory : plan::kCommandDirectories) {
      if (&mounts_.showing(directory) != &mount) continue;
      std::vector<std::pair<const OpenLayer*, VNode>> folders;
      for (const OpenLayer& layer : layers) {
        std::optional<VNode> folder = find(*layer.tree, path_inside(mount, directory));
        if (folder && layer.layer != shown_in) folders.emplace_back(&layer, *std::move(folder));
      }
      for (const PlannedCommand& command : plan_.commands) {
        check_command(mount, shown_in, command, std::string(directory) + "/" + command.name, folders);
      }
    }
  }

  void check_command(const PlannedMount& mount, const PlannedLayer* shown_in, const PlannedCommand& command,
                     const std::string& path,
                     const std::vector<std::pair<const OpenLayer*, VNode>>& folders) {
    if (const PlannedMount* over = mounts_.at(path)) {
      return add_command("command-hidden", path, over->where,
                         "command " + quoted(command.name) + " does not show at " + quoted(path) + ": " +
                             label_of(*over) + " hides it");
    }
    for (const auto& [layer, folder] : folders) {
      if (!child_of(*layer->tree, folder, command.name)) continue;
      // Only the upper on the host of a root comes before the layer of commands.
      const bool above = mount.upper && layer->layer == &*mount.upper && shown_in != &*mount.upper;
      add_command(above ? "command-hidden" : "command-hides-file", path, layer->layer->where,
                  above ? "command " + quoted(command.name) + " does not show at " + quoted(path) + ": " +
                              layer->layer->describe() + " has that name above it"
                        : "command " + quoted(command.name) + " hides " + quoted(path) + " of " +
                              layer->layer->describe());
    }
  }

  void add_command(std::string code, const std::string& path, const SourceLocation& where,
                   std::string message) {
    findings_.push_back(
        {.code = std::move(code),
         .what = {.trouble = Trouble::conflict, .message = std::move(message), .where = where},
         .path = path});
  }

  const Plan& plan_;
  const MountIndex& mounts_;
  const plan::Packages& packages_;
  std::shared_ptr<plan::Archives> archives_;
  Findings& findings_;
};

}  // namespace

void check_layers(const Plan& plan, const MountIndex& mounts, const plan::Packages& packages,
                  std::shared_ptr<plan::Archives> archives, Findings& findings) {
  LayerChecker(plan, mounts, packages, std::move(archives), findings).check();
}

}  // namespace wasifs
