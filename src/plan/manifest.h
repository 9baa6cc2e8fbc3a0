// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/plan.h"

namespace wasifs::plan {

/// A value of the manifest and where it stands.
template <class T>
struct Located {
  T value{};
  SourceLocation where;

  bool operator==(const Located&) const = default;
};

/// What a layer shows: a host directory or file, a volume of a package, an archive, all
/// layers of a container image, or a file system that the caller has opened.
struct LayerSource {
  enum class Kind : std::uint8_t { host, webc, archive, image, provided };

  Kind kind = Kind::host;
  std::string written;       ///< the path as the manifest has it; how a provided one describes itself
  std::string path;          ///< the same, resolved against the manifest's folder
  std::string volume = {};   ///< of a package; "" = the one that make_plan() chooses
  std::string subpath = {};  ///< normal and relative, "" = all of it
  std::string tag = {};      ///< of an image: which one; "" = see oci::Image::open()
  Whiteouts whiteouts = Whiteouts::none;  ///< of an archive
  std::size_t provided = 0;               ///< see PlannedLayer
  SourceLocation where = {};
};

/// Where changes are kept between mounts.
struct HostUpper {
  LayerSource directory;
  std::string work;  ///< resolved as LayerSource::path
};

enum class MountType : std::uint8_t { host, webc, archive, image, memory, static_text, overlay, provided };

/// A [[mount]] or an entry of [fs], its defaults filled in and its keys known
/// to fit one another.
struct MountEntry {
  Located<std::string> guest;  ///< as written
  std::string guest_path;      ///< normalised
  MountType type = MountType::host;
  Access access = Access::rw;
  std::optional<SourceLocation> ro_where = {};  ///< where the manifest writes that it is "ro"
  bool opaque = false;
  bool write_through = false;
  std::optional<ConflictMode> on_conflict = {};
  Symlinks symlinks = Symlinks::contain;
  SymlinkText symlink_text = SymlinkText::verbatim;
  Caching caching = Caching::by_layer;
  std::optional<std::uint64_t> quota = {};
  std::optional<HostUpper> upper = {};   ///< of a cow mount; absent: memory
  std::vector<LayerSource> layers = {};  ///< one for most types, none for memory and static
  std::string text = {};                 ///< of a static file
  SourceLocation where = {};             ///< of the entry as a whole
  std::string origin = {};               ///< the flag that asked for it; "" = the manifest
};

/// One of `container.mounts`.
struct ContainerMount {
  Located<std::string> guest;
  std::string guest_path;
  std::string volume;
  std::string subpath;
};

/// [container]: the package that is run.
struct Container {
  LayerSource source;
  std::optional<Located<std::string>> command;
  bool no_command = false;  ///< what is run is no command of it
  Access access = Access::cow;
  Caching caching = Caching::by_layer;  ///< of what it mounts beside the root
  /// Present: instead of what the package itself maps.
  std::optional<std::vector<ContainerMount>> mounts;
};

/// The image that is the SOURCE: how it wants to be run counts as a package's wishes do.
struct ImageSource {
  LayerSource source;
  std::optional<Located<std::string>> command = {};  ///< instead of its own program
  bool no_command = false;                           ///< what is run is none of its programs
};

/// An entry of [map-commands]: a file of the host shown as a command.
struct MappedCommand {
  Located<std::string> alias;
  Located<std::string> target;  ///< as written
  std::string path;             ///< the same, resolved against the manifest's folder
};

/// [run]: how the guest is to be started.
struct RunSection {
  std::vector<Located<std::string>> args = {};
  std::vector<Located<EnvVar>> env = {};  ///< in the order of the document
  bool forward_host_env = false;
  std::optional<Located<std::string>> cwd = {};  ///< as written
  std::string entry_function = "_start";
  bool home_mapped = false;
  Compat compat = {};
};

/// [capabilities]: what the tree enforces and what is passed on.
struct CapabilitiesSection {
  FsLimits fs = {};
  std::vector<Capability> others = {};
};

/// A variable for a sentence: `"C" of run.env`, or the flag that it comes from.
[[nodiscard]] std::string describe_variable(const Located<EnvVar>& variable);

struct Manifest {
  std::string file;  ///< the name that places carry

  SourceLocation root_where;
  bool empty_base = false;
  ConflictMode conflict = ConflictMode::override_;
  std::optional<std::uint64_t> memory_limit;
  std::optional<std::uint64_t> inode_limit;
  std::optional<HostUpper> upper;       ///< of the root; absent: memory
  Caching caching = Caching::by_layer;  ///< of the root

  std::optional<Container> container;
  std::optional<ImageSource> image;              ///< not from a document; never beside a container
  std::vector<LayerSource> uses;                 ///< [[use]], in order
  std::vector<MountEntry> mounts;                ///< [fs] and [[mount]], in the order of the document
  std::vector<MappedCommand> map_commands;       ///< in the order of the document
  std::optional<std::vector<Preopen>> preopens;  ///< present: instead of the default ones
  RunSection run;
  CapabilitiesSection capabilities;
  /// What run.forward-host-env forwards; not from the document.
  std::vector<EnvVar> host_env;
  /// What the command line took the place of.
  std::vector<Decision> decisions;
};

/// Reads a manifest (shared grammar: the user's manual, "Manifest"). `file`
/// names it in places and its folder is what relative sources resolve against;
/// nothing is opened. All errors are found in one go: a single one is the
/// Diagnostic itself, several are the causes of one. Thread-safe.
[[nodiscard]] Outcome<Manifest> parse_manifest(std::string_view text, const std::string& file);

}  // namespace wasifs::plan
