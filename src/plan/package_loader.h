// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "plan/catalogue.h"
#include "plan/make_plan.h"
#include "plan/prepare.h"
#include "plan/store.h"

namespace wasifs::plan {

/// Every package of a composition by its path.
struct LoadedPackages {
  Catalogue catalogue;
  Packages files;  ///< the opened ones among them that are files
};

/// Opens packages, files and directories alike, and what they depend on out of a
/// store. A package that several need, by whatever path, is opened once.
class PackageLoader {
 public:
  /// Packages of one composition, and packages that need one another in a row.
  static constexpr std::size_t kMaxPackages = 1000;
  static constexpr std::size_t kMaxDepth = 100;
  /// Dependencies that all of them have together.
  static constexpr std::size_t kMaxDependencies = 4000;

  /// Without `dependencies` nothing is looked up in the store.
  PackageLoader(StorePlace store, bool dependencies)
      : store_(std::move(store)), dependencies_(dependencies) {}

  /// Opens what is needed. Trouble::source: missing or unreadable, and for a
  /// dependency where it was looked for; corrupt and manifest: what the packages
  /// themselves have wrong. Packages that depend on one another in a circle are
  /// left to package_tree().
  [[nodiscard]] Outcome<void> load(const PackageNeed& need);

  [[nodiscard]] LoadedPackages take() && { return std::move(packages_); }

 private:
  /// Who asked for a package first.
  struct Requirer {
    std::string label;      ///< `package "x"`
    std::string key;        ///< its key; "" where a person named the package
    std::string specifier;  ///< what it asked for
    std::size_t depth = 0;
  };
  using Places = std::map<std::string, SourceLocation>;

  Outcome<void> open(const std::string& path);
  Outcome<void> open_named(const PackageNeed& need);
  Outcome<void> resolve(const LayerSource& root);
  Outcome<std::string> resolve_one(const std::string& key, const webc::Dependency& dependency,
                                   const LayerSource& root);
  [[nodiscard]] Diagnostic problem(const std::string& key, const webc::Dependency& dependency,
                                   const LayerSource& root, std::string message) const;

  Store store_;
  bool dependencies_;
  LoadedPackages packages_;
  std::size_t looked_up_ = 0;                      ///< dependencies, so far
  std::map<std::string, std::string> identities_;  ///< canonical path to the key it was opened as
  std::map<std::string, Places> places_;           ///< of a package directory's dependencies, by key
  std::map<std::string, Requirer> requirers_;      ///< by key; of all that were resolved
};

}  // namespace wasifs::plan
