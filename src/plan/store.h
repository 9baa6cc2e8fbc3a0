// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/specifier.h"
#include "wasifs/root.h"

namespace wasifs::plan {

/// The folder of a store and who said so.
struct StorePlace {
  std::string folder;  ///< "" = nobody did
  std::string from;    ///< "--store", or the variable of the environment
};

/// The store that options.store names, else the host environment's WASIFS_STORE,
/// else wasifs/store in XDG_DATA_HOME (where that is an absolute path, as its
/// specification wants), else .local/share/wasifs/store in HOME.
[[nodiscard]] StorePlace find_store(const ComposeOptions& options);

/// A package that a store has.
struct StoredPackage {
  std::string path;
  std::string name;                ///< with its namespace where that is known
  std::optional<Version> version;  ///< nullopt where only a hash asked for it
};

/// A folder of packages. What it may hold, and what a file name means:
///   NAMESPACE--NAME@VERSION.webc, NAMESPACE/NAME@VERSION.webc: just that;
///   NAME@VERSION.webc: the same, but of any namespace unless the package states
///     another name or version, which then counts;
///   any other *.webc: the name and version that the package states;
///   HEX.webc: found by its hash, like any other file.
/// ".wasmer" does for ".webc" and "-" for "@" before the version, and a directory
/// with a wasmer.toml may stand for a file, without the ending. Names that start
/// with a dot and directories below that of a namespace are not looked at.
///
/// The folder is read when it is first needed. Not thread-safe.
class Store {
 public:
  /// A store of more names than this is not searched.
  static constexpr std::size_t kMaxEntries = 5000;

  explicit Store(StorePlace place) : place_(std::move(place)) {}

  /// The highest version that the specifier takes; of equal ones that whose file
  /// name says most, then the first by path. A hash is compared with that of the
  /// file. The error lists where was looked and what was there instead.
  [[nodiscard]] std::expected<StoredPackage, std::vector<Diagnostic>> find(const PackageSpecifier& wanted);

 private:
  /// What a package says about itself.
  struct Stated {
    std::string name = {};
    std::optional<Version> version = {};
  };
  struct Entry {
    std::string path;
    bool directory = false;
    std::string stem;        ///< the file's name without its ending
    std::string name_space;  ///< of the file name
    std::string name;        ///< "" where the file name says nothing
    std::optional<Version> version = {};
    std::optional<Outcome<Stated>> stated = {};  ///< where it was asked for
  };
  /// What one search has come upon, for its error.
  struct Search;

  void read();
  void read_folder(const std::string& folder, const std::string& name_space);
  void add_file(const std::string& path, std::string_view file, const std::string& name_space);
  void add_package(std::string path, bool directory, std::string_view stem, const std::string& name_space);
  void look_at(Entry& entry, const PackageSpecifier& wanted, Search& search) const;
  static const Outcome<Stated>& stated(Entry& entry);
  [[nodiscard]] std::optional<StoredPackage> find_hash(const std::string& sha256, Search& search) const;

  StorePlace place_;
  bool was_read_ = false;
  std::size_t names_ = 0;           ///< seen in all folders
  std::vector<Diagnostic> places_;  ///< the folders, and what was wrong with them
  std::vector<Entry> entries_;      ///< by path
};

}  // namespace wasifs::plan
