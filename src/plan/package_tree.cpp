// SPDX-License-Identifier: Apache-2.0
#include "plan/package_tree.h"

#include <algorithm>
#include <map>

#include "base/path.h"

namespace wasifs::plan {

namespace {

class TreeOrder {
 public:
  TreeOrder(const LayerSource& root, const Catalogue& catalogue) : root_(root), catalogue_(catalogue) {}

  Outcome<std::vector<TreePackage>> order() {
    if (auto walked = walk(); !walked) return fail(walked.error());
    std::ranges::reverse(finished_);
    if (auto single = check_versions(); !single) return fail(single.error());
    return std::move(finished_);
  }

 private:
  enum class State : std::uint8_t { open, done };
  /// A package whose dependencies are being visited.
  struct Frame {
    const Catalogue::value_type* package;
    std::size_t next = 0;  ///< index of the dependency to visit
  };
  /// The first dependency that led to a package.
  struct Requirer {
    const Catalogue::value_type* package;
    std::string specifier;
  };

  /// Depth first with a stack of its own: a package may name any number of others.
  Outcome<void> walk() {
    enter(*catalogue_.find(root_.path));
    while (!stack_.empty()) {
      Frame& frame = stack_.back();
      const auto& dependencies = frame.package->second.manifest.dependencies;
      if (frame.next == dependencies.size()) {
        leave();
        continue;
      }
      const webc::Dependency& dependency = dependencies[frame.next++];
      const auto* found = resolved(frame.package->second, dependency.alias);
      if (found == nullptr) continue;
      const auto state = states_.find(found->first);
      if (state == states_.end()) {
        requirers_.emplace(found->first, Requirer{frame.package, dependency.specifier});
        enter(*found);
      } else if (state->second == State::open) {
        return fail(circle(found->first));
      }
    }
    return {};
  }

  /// The package that an alias was resolved to, null where it was left out.
  const Catalogue::value_type* resolved(const PackageInfo& info, const std::string& alias) const {
    const auto key = info.dependencies.find(alias);
    if (key == info.dependencies.end()) return nullptr;
    const auto found = catalogue_.find(key->second);
    return found == catalogue_.end() ? nullptr : &*found;
  }

  void enter(const Catalogue::value_type& package) {
    states_.emplace(package.first, State::open);
    stack_.push_back({.package = &package});
  }

  void leave() {
    const auto& [key, info] = *stack_.back().package;
    states_[key] = State::done;
    finished_.push_back({.source = source_of(key, info), .info = &info});
    stack_.pop_back();
  }

  LayerSource source_of(const std::string& key, const PackageInfo& info) const {
    if (key == root_.path) return root_;
    return {.kind = LayerSource::Kind::webc,
            .written = dependency_name(info, key),
            .path = key,
            .where = root_.where};
  }

  std::string label(const Catalogue::value_type& package) const {
    return package_label(source_of(package.first, package.second));
  }

  Diagnostic circle(const std::string& again) const {
    std::string path;
    bool inside = false;
    for (const Frame& frame : stack_) {
      inside = inside || frame.package->first == again;
      if (inside) path += quoted(source_of(frame.package->first, frame.package->second).written) + " -> ";
    }
    const auto& closing = *catalogue_.find(again);
    return {.trouble = Trouble::corrupt,
            .message = package_label(root_) + ": packages depend on one another in a circle: " + path +
                       quoted(source_of(closing.first, closing.second).written),
            .where = root_.where};
  }

  Outcome<void> check_versions() const {
    std::map<std::string, const TreePackage*> first;
    for (const TreePackage& package : finished_) {
      const webc::PackageManifest& manifest = package.info->manifest;
      if (manifest.name.empty()) continue;
      const auto [other, added] = first.emplace(manifest.name, &package);
      if (added || other->second->info->manifest.version == manifest.version) continue;
      return fail(two_versions(*other->second, package));
    }
    return {};
  }

  Diagnostic two_versions(const TreePackage& a, const TreePackage& b) const {
    const webc::PackageManifest& manifest = a.info->manifest;
    Diagnostic error{.trouble = Trouble::conflict,
                     .message = package_label(root_) + " needs two versions of " + quoted(manifest.name) +
                                ": " + manifest.version + " and " + b.info->manifest.version,
                     .where = root_.where,
                     .hint = "put a version into the package store that both take"};
    for (const TreePackage* one : {&a, &b}) {
      const auto requirer = requirers_.find(one->source.path);
      std::string why =
          requirer == requirers_.end()
              ? package_label(root_) + " is version " + one->info->manifest.version + " itself"
              : label(*requirer->second.package) + " needs " + quoted(requirer->second.specifier);
      error.causes.push_back({.trouble = Trouble::conflict, .message = std::move(why)});
    }
    return error;
  }

  const LayerSource& root_;
  const Catalogue& catalogue_;
  std::vector<Frame> stack_;
  std::map<std::string, State> states_;
  std::map<std::string, Requirer> requirers_;
  std::vector<TreePackage> finished_;
};

}  // namespace

std::string package_label(const LayerSource& source) { return "package " + quoted(source.written); }

std::string dependency_name(const PackageInfo& info, const std::string& key) {
  const webc::PackageManifest& manifest = info.manifest;
  if (manifest.name.empty()) return key;
  return manifest.version.empty() ? manifest.name : manifest.name + "@" + manifest.version;
}

Outcome<std::vector<TreePackage>> package_tree(const LayerSource& root, const Catalogue& catalogue) {
  return TreeOrder(root, catalogue).order();
}

}  // namespace wasifs::plan
