// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"
#include "wasifs/export.h"
#include "wasifs/types.h"

namespace wasifs {

/// Where an object comes from.
struct Origin {
  std::string source = {};  ///< `host "./data"`, `webc "a.webc" volume "atom"`, `memory`
  std::string path = {};    ///< inside the source, from "/" on; "" where the source has no paths

  /// `host "./data" path "/a"`, or the source alone.
  [[nodiscard]] WASIFS_API std::string text() const;
  bool operator==(const Origin&) const = default;
};

/// What a layer that holds a path does for it.
enum class Role : std::uint8_t {
  shown,     ///< is what is served
  merged,    ///< a directory whose entries show as well
  shadowed,  ///< something else shows in its place
  hidden,    ///< was taken away in the overlay that it is a layer of
};
[[nodiscard]] WASIFS_API std::string_view name_of(Role role);

/// Why a layer has its role.
enum class Cause : std::uint8_t {
  only,       ///< shown: nothing else has the path
  first,      ///< shown: the first of the layers that have it
  copied_up,  ///< shown: a copy, made when it was first changed; shadowed: its original
  merge,      ///< merged: directories of one name are one directory
  layer,      ///< shadowed: `at` of the layer `by` comes before this one's
  mount,      ///< shadowed: a mount at `at` covers it; shown: it is in that mount
  removed,    ///< hidden: `at` was removed or renamed (a whiteout)
  replaced,   ///< hidden: `at` was removed and something else is there now (opaque)
};
[[nodiscard]] WASIFS_API std::string_view name_of(Cause cause);

/// One layer that holds a path.
struct LayerTrace {
  std::string layer = {};  ///< its Filesystem::describe()
  Origin origin = {};
  FileType type = FileType::regular;
  Role role = Role::shown;
  Cause cause = Cause::only;
  /// Where it was decided: the path itself or a directory above it. Below the
  /// root of the Filesystem that was asked; in a Provenance, of the tree. "" for
  /// causes that name none.
  std::string at = {};
  std::string by = {};     ///< Cause::layer: the layer that wins
  std::string mount = {};  ///< in a Provenance: guest path of the mount that has the layer

  /// The cause as a clause, e.g. `"/a" of host "./site" comes first`.
  [[nodiscard]] WASIFS_API std::string why() const;
  bool operator==(const LayerTrace&) const = default;
};

/// What the layer that takes changes has of one name in a directory.
struct UpperChange {
  enum class Kind : std::uint8_t {
    changed,   ///< it is there, new or changed; a directory shows what lies below it as well
    whole,     ///< a directory that is new with all that it shows
    replaced,  ///< the same, in the place of something that the layers below have
    removed,   ///< the layers below have it, and nothing shows
  };
  std::string name = {};  ///< "" is the directory itself: its attributes
  Kind kind = Kind::changed;

  bool operator==(const UpperChange&) const = default;
};
/// Each name once, by their bytes.
using UpperChanges = std::vector<UpperChange>;

/// A mount, for a person.
struct MountPlace {
  std::string guest = {};  ///< where it was mounted
  std::string label = {};  ///< who asked for it, e.g. `manifest (site.toml:3:1)`; may be ""
  bool read_only = false;
  /// Nobody asked for it: a memory layer that holds directories on the way to
  /// the mount point that `label` names.
  bool synthetic = false;

  /// `"/srv" from manifest (site.toml:3:1)`.
  [[nodiscard]] WASIFS_API std::string text() const;
  bool operator==(const MountPlace&) const = default;
};

/// A symlink that was followed on the way to a path.
struct FollowedLink {
  std::string path = {};  ///< of the link, without symlinks on the way
  std::string text = {};  ///< as its layer has it
  bool operator==(const FollowedLink&) const = default;
};

/// Everything about where an object of a Tree comes from, or why there is none.
struct Provenance {
  /// Absolute, without symlinks on the way; "" for an object that has no name
  /// any more, of which only the layers that make it up are told.
  std::string path = {};
  std::optional<FileType> type = std::nullopt;  ///< absent: nothing is there
  std::vector<FollowedLink> links = {};         ///< in the order they were met
  /// The mounts on the way, the innermost, which answers for the path, first.
  std::vector<MountPlace> mounts = {};
  /// Every layer that holds the path, of the innermost mount first and in the
  /// mount's order of layers.
  std::vector<LayerTrace> layers = {};
  /// A directory that exists only because something is mounted below it.
  bool synthetic = false;

  struct Missing {
    Errc error = Errc::enoent;
    /// What is not there (enoent), is no directory (enotdir), or could not be
    /// looked at.
    std::string at = {};
    bool operator==(const Missing&) const = default;
  };
  std::optional<Missing> missing = std::nullopt;  ///< present where `type` is absent

  /// The layer that is shown; null where none is.
  [[nodiscard]] WASIFS_API const LayerTrace* shown() const;
  /// The origins of what is shadowed or hidden, each with a newline.
  [[nodiscard]] WASIFS_API std::string shadows() const;
};

}  // namespace wasifs
