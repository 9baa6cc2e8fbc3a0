// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/node.h"

namespace wasifs::webc {

/// One `[fs]` mapping of a package: a volume shown at a guest path.
struct FsMapping {
  std::string from;  ///< alias of the dependency whose volume it is; "" = own
  std::string volume;
  std::string host_path;   ///< subdirectory of the volume (v2 only), "" = the whole
  std::string mount_path;  ///< as written; not normalised
};

/// A command: the name under /bin and the atom that it runs.
struct Command {
  std::string name;
  std::string runner;
  std::string atom;
  std::string dependency;  ///< alias of the package that has the atom; "" = own
  // The `wasi` annotation: how the program wants to be started.
  std::string exec_name = {};               ///< argv[0]; "" = the command's name
  std::vector<std::string> main_args = {};  ///< come before the user's
  std::vector<std::string> env = {};        ///< NAME=VALUE, or NAME for an empty value
  std::string cwd = {};                     ///< "" = none
  std::string json = {};                    ///< all that the manifest says of it; "" where that is no webc's
};

struct Atom {
  std::string name;
  std::string kind;
  std::string signature;  ///< "sha256:" + base64, "" where the manifest has none
  std::uint64_t size = 0;
};

struct Dependency {
  std::string alias;
  std::string specifier;  ///< URL, or namespace/name@range; "" for a vendored manifest
};

/// The parts of a package's manifest that composition needs, order kept.
struct PackageManifest {
  std::string name, version, description;  ///< "" where absent
  std::vector<Dependency> dependencies;
  std::vector<Atom> atoms;
  std::vector<Command> commands;
  std::vector<FsMapping> fs;
  bool has_fs = false;  ///< an `fs` annotation is present, be it empty
  std::string entrypoint;
};

/// The times that entries of volumes have.
enum class Times : std::uint8_t {
  shown,     ///< at least 1 s after 1970 began, as the reference shows them
  recorded,  ///< as the file has them: what has none was last changed when 1970 began
};

struct VolumeInfo {
  std::string name;
  std::uint64_t files = 0, directories = 0, symlinks = 0, bytes = 0;
};

/// An opened webc file: mapped, its index read in one pass, its structure
/// checked (hashes are checked by verify() only). Immutable, thread-safe. The
/// volumes and views it gives keep the mapping alive by themselves.
///
/// Every structural fault (bounds, order, names, cycles, counts, CBOR) is a
/// Diagnostic of Trouble::corrupt whose message names the byte offset in the
/// file. A file that cannot be read is Trouble::source.
class Package {
 public:
  [[nodiscard]] static Outcome<std::shared_ptr<const Package>> open(const std::string& path,
                                                                    Times times = Times::shown);
  /// The same over bytes in memory; `label` stands for the path in messages.
  [[nodiscard]] static Outcome<std::shared_ptr<const Package>> parse(View bytes, std::string label,
                                                                     Times times = Times::shown);
  ~Package();

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] unsigned version() const;  ///< 1, 2 or 3
  [[nodiscard]] std::uint64_t file_size() const;
  [[nodiscard]] const PackageManifest& manifest() const;
  /// The whole manifest as JSON text (keys in file order, byte strings as hex).
  [[nodiscard]] std::string manifest_json() const;
  /// The same as the file has it.
  [[nodiscard]] std::string_view manifest_cbor() const;

  /// In order of name.
  [[nodiscard]] const std::vector<VolumeInfo>& volumes() const;
  /// The volume of that name as a read-only layer; null where there is none.
  /// v3 names start with '/', and `name` may have or lack that slash.
  [[nodiscard]] FilesystemPtr volume(std::string_view name) const;
  /// The atoms as the files of a directory.
  [[nodiscard]] FilesystemPtr atoms() const;
  /// The bytes of an atom, nullopt where there is none of that name.
  [[nodiscard]] std::optional<View> atom(std::string_view name) const;

  struct Verified {
    std::uint64_t hashes = 0;  ///< checksums compared
    std::uint64_t bytes = 0;   ///< bytes hashed
  };
  /// Recomputes every checksum the format holds: sections, directories, files,
  /// the whole-file hash of v1, the atoms' signatures. All mismatches are
  /// listed as causes, each with its offset and both hashes.
  [[nodiscard]] Outcome<Verified> verify() const;

 private:
  struct State;
  explicit Package(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wasifs::webc
