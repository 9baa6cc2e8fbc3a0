// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compose/mount_table.h"

namespace wasifs {

/// One file system at one place of a tree. Immutable once the tree exists.
class Mount {
 public:
  FilesystemPtr fs;
  NodeRef root;
  bool read_only = false;
  bool rebase_links = false;  ///< absolute texts of layer-rooted links are shown as relative ones
  Caching caching = Caching::by_layer;
  bool synthetic = false;         ///< holds directories on the way to the mount that `label` names
  std::uint32_t index = 0;        ///< order of mounting; 0 is the root
  const Mount* parent = nullptr;  ///< null for the root
  NodeRef point_dir;              ///< the directory of `parent` that it appears in …
  std::string point_name;         ///< … under this name, whether or not that has the name
  bool shown_twice = false;       ///< another mount of the table shows the same nodes
  bool has_children = false;      ///< some other mount appears inside this one

  std::string guest;               ///< where it was mounted, normalised
  std::string subpath;             ///< of `root` in `fs`: "" or "/a/b"
  std::string label;               ///< who asked for it
  std::vector<NodeRef> made_dirs;  ///< made in `fs` on the way to mount points; the latter keep them there
};

/// The mounts and an index from (mount, directory) to what appears in it.
struct MountTable::State {
  State() = default;
  State(State&&) noexcept = default;
  State& operator=(State&&) = delete;
  /// Inner mounts go first: they hold directories of the outer ones.
  ~State() {
    while (!mounts.empty()) mounts.pop_back();
  }

  /// A name in a directory of a mount. The name is that of the Mount which appears
  /// there: a package may ask for thousands in one directory.
  struct Point {
    const Mount* mount;
    const Node* dir;
    std::string_view name;
    bool operator==(const Point&) const = default;
  };
  struct PointHash {
    std::size_t operator()(const Point& point) const noexcept {
      return std::hash<std::string_view>{}(point.name) ^ std::hash<const Node*>{}(point.dir) * 31 ^
             std::hash<const Mount*>{}(point.mount);
    }
  };

  /// A directory of a mount.
  struct Place {
    const Mount* mount;
    const Node* dir;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const noexcept {
      return std::hash<const Node*>{}(place.dir) * 31 ^ std::hash<const Mount*>{}(place.mount);
    }
  };

  std::vector<std::unique_ptr<Mount>> mounts;
  std::unordered_map<Place, std::vector<const Mount*>, PlaceHash> points;
  std::unordered_map<Point, const Mount*, PointHash> by_name;

  /// What is mounted at `name` in `dir` of `mount`, or null.
  [[nodiscard]] const Mount* find(const Mount& mount, const Node& dir, std::string_view name) const {
    if (!mount.has_children) return nullptr;
    const auto found = by_name.find({&mount, &dir, name});
    return found == by_name.end() ? nullptr : found->second;
  }
  /// All that appears in `dir` of `mount`, in order of mounting.
  [[nodiscard]] std::span<const Mount* const> children(const Mount& mount, const Node& dir) const {
    if (!mount.has_children) return {};
    const auto found = points.find({&mount, &dir});
    return found == points.end() ? std::span<const Mount* const>() : found->second;
  }
  Mount* add(Mount* parent, NodeRef dir, std::string_view name, FilesystemPtr fs, NodeRef root,
             MountOptions options);
};

}  // namespace wasifs
