// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wasifs/error.h"
#include "wasifs/export.h"
#include "wasifs/run_spec.h"
#include "wasifs/types.h"

namespace wasifs {

/// A `provided` one is what a RootBuilder was given: nobody else can open it.
/// An `image` one is one layer of a container image.
enum class LayerKind : std::uint8_t {
  base,
  memory,
  host,
  webc,
  archive,
  image,
  static_text,
  commands,
  provided
};
enum class Access : std::uint8_t {
  rw,   ///< changes go to the source itself
  cow,  ///< changes go to memory, or to an upper on the host
  ro,   ///< changes are refused
};
enum class ConflictMode : std::uint8_t { override_, fail };
enum class Symlinks : std::uint8_t { contain, deny };
/// How the absolute text of a link that starts at its layer's root is shown.
enum class SymlinkText : std::uint8_t {
  verbatim,  ///< as the layer has it; a host's kernel starts at the host's root
  rebase,    ///< as a relative one that a host's kernel follows to the same file
};

/// One layer of a planned mount. Pure data; nothing is open.
struct PlannedLayer {
  LayerKind kind = LayerKind::memory;
  /// Resolved path of the host directory, package, archive or image; "" for memory, base.
  std::string source = {};
  std::string written = {};  ///< the same as the manifest has it, or a provided one describes itself
  std::string volume = {};   ///< of a package
  std::string subpath = {};  ///< inside the volume, directory or archive, "" = all of it
  std::string tag = {};      ///< which image of `source`, "" = the only one, or the one for this machine
  std::string digest = {};   ///< of an image's layer; "" where the image has none
  std::size_t layer = 0;     ///< of an image: its number, the lowest is 0
  std::string module = {};  ///< of an image's layer that is a WebAssembly module: the name it has in the root
  Whiteouts whiteouts = Whiteouts::none;  ///< of an archive; those of an image always count
  std::string text = {};                  ///< of a static file
  std::size_t provided = 0;               ///< of a provided one: its number, in the order of the calls
  Symlinks symlinks = Symlinks::contain;
  SourceLocation where = {};

  /// One line for a person, e.g. `webc "a.webc" volume "atom"`.
  [[nodiscard]] WASIFS_API std::string describe() const;
};

/// One mount of the tree: an optional writable upper over lowers, first wins.
struct PlannedMount {
  std::string guest;      ///< normalised
  std::string guest_raw;  ///< as written; "" where nobody wrote it
  Access access = Access::cow;
  bool opaque = false;
  std::optional<PlannedLayer> upper;
  std::vector<PlannedLayer> lowers;
  /// Work directory of a host upper that keeps changes in kernel overlayfs's format;
  /// "": none. Such a mount is `cow` and its upper a host layer.
  std::string work = {};
  std::optional<std::uint64_t> quota_bytes;
  std::string origin;  ///< who asked for it: "manifest", `package "x"`, `--volume "a:/b"`, …
  SourceLocation where;
  SymlinkText symlink_text = SymlinkText::verbatim;
  /// With `forever` the lowers that are host directories are frozen: each directory is
  /// read once and never looked at again.
  Caching caching = Caching::by_layer;
};

/// A decision between two things that wanted the same place, and why.
struct Decision {
  /// What the two were.
  enum class Subject : std::uint8_t { mount, layer, command, variable };

  std::string guest;  ///< the path; of a variable "$NAME"
  std::string kept;
  std::string dropped;
  std::string rule;  ///< the sentence that explains it
  SourceLocation where;
  Subject subject = Subject::mount;
  bool intended = false;  ///< what the user has asked for in so many words
};

/// A command file shown at /bin/NAME and /usr/bin/NAME: a program of a package,
/// or a file of the host.
struct PlannedCommand {
  std::string name;
  std::string source;       ///< path of the package or of the host's file
  std::string atom = {};    ///< the program in the package; "" where `source` is the file
  std::string origin = {};  ///< who provides it: `package "x"`, "map-commands"
  SourceLocation where = {};

  // What the package says about running it; see RunSpec.
  std::string runner = {};
  std::string exec_name = {};  ///< argv[0], "" = `name`
  std::vector<std::string> main_args = {};
  std::vector<std::string> env = {};  ///< as written, NAME=VALUE or NAME
  std::string cwd = {};               ///< "" = none
  std::string json = {};              ///< all of it as a JSON object; "" where its package is a folder
};

/// What prepare() will build: every mount with its layers in order, and every
/// conflict with the reason for its decision. Pure and printable.
struct Plan {
  std::string source;                ///< what the user named
  std::vector<PlannedMount> mounts;  ///< the root first, then outer before inner
  std::vector<PlannedCommand> commands;
  std::vector<Decision> decisions;
  std::vector<Diagnostic> warnings;
  /// Path of the package that is run; "": none.
  std::string container = {};
  /// Every package file and folder that planning read, each once, by path.
  std::vector<std::string> packages;
  /// In force for all memory layers together: the tighter one of what [root] and
  /// [capabilities.fs] say.
  std::optional<std::uint64_t> memory_limit;
  std::optional<std::uint64_t> inode_limit;
  FsLimits limits;
  RunSpec run;
};

}  // namespace wasifs
