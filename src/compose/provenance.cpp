// SPDX-License-Identifier: Apache-2.0
#include "compose/provenance.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/change_text.h"
#include "base/path.h"
#include "compose/mount.h"
#include "compose/resolve.h"

namespace wasifs {

namespace {

using Names = std::span<const std::string_view>;

std::string joined(Names names) {
  std::string path;
  for (const std::string_view name : names) path.append("/").append(name);
  return path.empty() ? "/" : path;
}

std::string below(std::string_view directory, std::string_view rest) {
  if (rest.empty()) return std::string(directory);
  return directory == "/" ? std::string(rest) : std::string(directory).append(rest);
}

MountPlace describe(const Mount& mount) {
  return {
      .guest = mount.guest, .label = mount.label, .read_only = mount.read_only, .synthetic = mount.synthetic};
}

bool is_synthetic(const VNode& node) {
  const auto& made = node.mount->made_dirs;
  return (node.mount->synthetic && node.node == node.mount->root) ||
         std::ranges::find(made, node.node) != made.end();
}

/// A mount on the way to a path: how many of the path's names lead to it.
struct Crossing {
  const Mount* mount;
  std::size_t depth;
};

/// What is told of one path without symlinks on the way.
class PathProvenance {
 public:
  PathProvenance(const Tree& tree, Names names) : names_(names) {
    walk(tree);
    told_.path = joined(names);
    for (std::size_t i = crossings_.size(); i-- > 0;) add_mount(i);
    settle_shown();
    if (told_.missing) return;
    told_.type = found_.type();
    told_.synthetic = is_synthetic(found_);
  }

  /// What is at the path; without a node where the path is missing.
  [[nodiscard]] const VNode& found() const { return found_; }
  [[nodiscard]] Provenance take() { return std::move(told_); }

 private:
  void walk(const Tree& tree) {
    VNode at = tree.root();
    crossings_.push_back({at.mount, 0});
    for (std::size_t i = 0; i < names_.size(); ++i) {
      Result<VNode> child = tree.lookup(at, names_[i]);
      if (!child) {
        const bool is_file = child.error() == Errc::enotdir;
        told_.missing = {.error = child.error(), .at = joined(names_.first(is_file ? i : i + 1))};
        return;
      }
      if (child->mount != at.mount) crossings_.push_back({child->mount, i + 1});
      at = std::move(*child);
    }
    found_ = std::move(at);
  }

  void add_mount(std::size_t index) {
    const auto& [mount, depth] = crossings_[index];
    told_.mounts.push_back(describe(*mount));
    const std::string rest = depth == names_.size() ? "" : joined(names_.subspan(depth));
    for (LayerTrace& layer : mount->fs->trace_path(mount->subpath + rest)) {
      layer.mount = mount->guest;
      if (!layer.at.empty()) layer.at = in_tree(*mount, depth, layer.at);
      if (index + 1 < crossings_.size()) cover(layer, crossings_[index + 1].depth);
      told_.layers.push_back(std::move(layer));
    }
  }

  /// A path of the mount's Filesystem as one of the tree.
  [[nodiscard]] std::string in_tree(const Mount& mount, std::size_t depth, std::string_view path) const {
    path.remove_prefix(std::min(mount.subpath.size(), path.size()));
    return below(joined(names_.first(depth)), path);
  }

  /// An inner mount takes the place of what an outer one would show.
  void cover(LayerTrace& layer, std::size_t depth) const {
    if (layer.role != Role::shown && layer.role != Role::merged) return;
    layer.role = Role::shadowed;
    layer.cause = Cause::mount;
    layer.at = joined(names_.first(depth));
  }

  /// What a layer says of itself holds in its mount; this is about the tree.
  void settle_shown() {
    if (told_.layers.size() < 2) return;
    for (LayerTrace& layer : told_.layers) {
      if (layer.cause != Cause::only) continue;
      layer.cause = Cause::mount;
      layer.at = joined(names_.first(crossings_.back().depth));
    }
  }

  Names names_;
  std::vector<Crossing> crossings_;  ///< the root first
  VNode found_;
  Provenance told_;
};

/// Whether what a mount shows at its place, itself, was changed.
Result<bool> root_changed(const Mount& mount) {
  NodeRef dir = mount.root;
  std::string_view name;
  if (!dir->is_directory()) {
    // A file of the directory that it lies in.
    const std::size_t slash = mount.subpath.rfind('/');
    if (slash == std::string::npos) return false;
    name = std::string_view(mount.subpath).substr(slash + 1);
    dir = mount.fs->root();
    for (const std::string_view part : split_path(std::string_view(mount.subpath).substr(0, slash))) {
      Result<NodeRef> child = dir->lookup(part);
      if (!child) return fail(child.error());
      dir = *std::move(child);
    }
  }
  const Result<UpperChanges> changes = mount.fs->changes(*dir);
  if (!changes) return changes.error() == Errc::enotsup ? Result<bool>(false) : fail(changes.error());
  return std::ranges::find(*changes, name, &UpperChange::name) != changes->end();
}

}  // namespace

std::optional<std::string> place_in_mount(const VNode& node) {
  const Mount& mount = *node.mount;
  if (node.node == mount.root) return "";
  const std::string path = mount.fs->path_of(*node.node);
  if (path.empty() || !is_at_or_below(path, mount.subpath.empty() ? "/" : mount.subpath)) return std::nullopt;
  return path.substr(mount.subpath.size());
}

std::optional<std::string> place_of(const VNode& node) {
  std::optional<std::string> path = place_in_mount(node);
  for (const Mount* mount = node.mount; path && mount->parent != nullptr; mount = mount->parent) {
    const std::optional<std::string> above = place_in_mount({mount->parent, mount->point_dir});
    if (!above) return std::nullopt;
    path = *above + "/" + mount->point_name + *path;
  }
  if (path && path->empty()) return "/";
  return path;
}

std::optional<std::string> Tree::path_of(const VNode& node) const {
  std::optional<std::string> path = place_of(node);
  if (!path) return path;
  const Result<VNode> found = resolve(*path, Follow::no);
  return found && *found == node ? path : std::nullopt;
}

Provenance Tree::provenance(const VNode& node) const {
  if (const std::optional<std::string> path = place_of(node)) {
    const std::vector<std::string_view> names = split_path(*path);
    PathProvenance told(*this, names);
    if (told.found() == node) return told.take();
  }
  // No name leads to it any more.
  Provenance told{.type = node.type(), .layers = node.mount->fs->trace_node(*node.node)};
  for (const Mount* mount = node.mount; mount != nullptr; mount = mount->parent) {
    told.mounts.push_back(describe(*mount));
  }
  for (LayerTrace& layer : told.layers) layer.mount = node.mount->guest;
  return told;
}

Result<Provenance> Tree::provenance(std::string_view path) const {
  if (path.empty()) return fail(Errc::enoent);
  if (path.size() >= kMaxPath) return fail(Errc::enametoolong);
  ResolutionLog log;
  const Result<VNode> found = resolve_logged(*this, root(), path, Follow::no, log);
  if (!found && found.error() == Errc::eloop) return fail(Errc::eloop);

  const auto place_below = [](const VNode& start, const std::vector<std::string>& names) {
    // Where a link led to exists, and so has a place unless it has just gone.
    const std::vector<std::string_view> parts(names.begin(), names.end());
    const std::string start_place = place_of(start).value_or("/");
    return below(start_place, parts.empty() ? "" : joined(parts));
  };
  const std::string place = place_below(log.start, log.names);
  std::vector<std::string_view> names = split_path(place);
  for (const std::string_view name : split_path(log.left)) {
    if (name != "." && name != "..") names.push_back(name);
  }
  Provenance told = PathProvenance(*this, names).take();
  // A link that cannot be read, for one.
  if (!found && told.missing && told.missing->error == Errc::enotdir) told.missing->error = found.error();
  for (const ResolutionLog::Link& link : log.links) {
    told.links.push_back({.path = place_below(link.start, link.names), .text = link.text});
  }
  return told;
}

Result<UpperChanges> Tree::changes(const VNode& dir) const {
  Result<UpperChanges> found = dir.mount->fs->changes(*dir.node);
  if (!found && found.error() == Errc::enotsup) found = UpperChanges();
  if (!found) return found;
  for (const Mount* const inner : mounts_in(dir)) {
    std::erase_if(*found, [&](const UpperChange& change) { return change.name == inner->point_name; });
    Result<bool> changed = root_changed(*inner);
    if (!changed) return fail(changed.error());
    if (*changed) found->push_back({.name = inner->point_name});
  }
  std::ranges::sort(*found, {}, &UpperChange::name);
  return found;
}

Result<std::string> provenance_xattr(const Tree& tree, const VNode& node, std::string_view name,
                                     LastText& last) {
  if (const auto page = page_asked_for(name, "user.wasifs.changes")) {
    if (!node.is_directory()) return fail(Errc::enodata);
    return last.page(node, *page, [&]() -> Result<std::string> {
      const Result<UpperChanges> changes = tree.changes(node);
      return changes ? Result<std::string>(change_text(*changes)) : fail(changes.error());
    });
  }
  name.remove_prefix(std::string_view("user.wasifs.").size());
  if (name != "layer" && name != "origin" && name != "shadows" && name != "mount") return fail(Errc::enodata);
  const Provenance told = tree.provenance(node);
  if (name == "shadows") return told.shadows();
  if (name == "mount") return told.mounts.front().text();
  const LayerTrace* const shown = told.shown();
  if (shown == nullptr) return fail(Errc::enodata);
  return name == "layer" ? shown->layer : shown->origin.text();
}

}  // namespace wasifs
