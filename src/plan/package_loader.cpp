// SPDX-License-Identifier: Apache-2.0
#include "plan/package_loader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <deque>
#include <memory>

#include "base/path.h"
#include "plan/package_dir.h"
#include "plan/package_tree.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kStoreHint =
    "name the folder of packages that has it with --store DIR, or compose without dependencies with "
    "--no-dependencies";

/// The path that a package has however it is spelled; "" if there is none.
std::string canonical(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(package_dir_of(path).c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? std::string() : std::string(real.get());
}

bool is_directory(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

PackageInfo info_of(const webc::Package& package) {
  PackageInfo info{.manifest = package.manifest(), .version = package.version()};
  for (const webc::VolumeInfo& volume : package.volumes()) info.volumes.push_back(volume.name);
  return info;
}

}  // namespace

/// Adds the package at `path` to the catalogue, under that path.
Outcome<void> PackageLoader::open(const std::string& path) {
  if (packages_.catalogue.contains(path)) return {};
  const std::string real = canonical(path);
  if (const auto same = identities_.find(real); !real.empty() && same != identities_.end()) {
    packages_.catalogue.emplace(path, packages_.catalogue.at(same->second));
    if (const auto file = packages_.files.find(same->second); file != packages_.files.end()) {
      packages_.files.emplace(path, file->second);
    }
    if (const auto places = places_.find(same->second); places != places_.end()) {
      places_.emplace(path, places->second);
    }
    return {};
  }
  if (is_wasmer_toml(path) || is_directory(path)) {
    if (!is_package_dir(package_dir_of(path))) {
      return fail(
          Diagnostic{.trouble = Trouble::source,
                     .message = quoted(package_dir_of(path)) + " is a directory without a wasmer.toml"});
    }
    Outcome<PackageDir> opened = open_package_dir(package_dir_of(path));
    if (!opened) return fail(std::move(opened.error()));
    packages_.catalogue.emplace(path, std::move(opened->info));
    places_.emplace(path, std::move(opened->dependency_places));
  } else {
    auto opened = webc::Package::open(path);
    if (!opened) return fail(std::move(opened.error()));
    packages_.catalogue.emplace(path, info_of(**opened));
    packages_.files.emplace(path, *std::move(opened));
  }
  identities_.emplace(real, path);
  return {};
}

/// A package that a person named, with the place of that in the error.
Outcome<void> PackageLoader::open_named(const PackageNeed& need) {
  const LayerSource& source = *need.source;
  auto opened = open(source.path);
  // A package that is the SOURCE itself needs no word on where it was asked for.
  if (opened || source.where.file == source.written) return opened;
  const bool missing = ::access(source.path.c_str(), F_OK) != 0 && errno == ENOENT;
  Diagnostic error{.trouble = opened.error().trouble,
                   .message = need.purpose + (need.purpose.empty() ? "" : ": ") + package_label(source) +
                              (missing ? " does not exist" : " cannot be opened"),
                   .where = source.where};
  if (!missing) error.causes.push_back(std::move(opened.error()));
  return fail(std::move(error));
}

Outcome<void> PackageLoader::load(const PackageNeed& need) {
  if (auto opened = open_named(need); !opened) return opened;
  if (!need.with_dependencies || !dependencies_) return {};
  return resolve(*need.source);
}

/// Finds and opens all that `root` depends on, breadth first.
Outcome<void> PackageLoader::resolve(const LayerSource& root) {
  if (!requirers_.emplace(root.path, Requirer{.label = package_label(root), .key = {}, .specifier = {}})
           .second) {
    return {};
  }
  std::deque<std::string> pending{root.path};
  while (!pending.empty()) {
    const std::string key = std::move(pending.front());
    pending.pop_front();
    // Opening packages leaves the references to the other ones as they are.
    PackageInfo& info = packages_.catalogue.at(key);
    for (const webc::Dependency& dependency : info.manifest.dependencies) {
      if (dependency.specifier.empty()) continue;  // packed into it: nothing to look for
      Outcome<std::string> found = resolve_one(key, dependency, root);
      if (!found) return fail(std::move(found.error()));
      info.dependencies.insert_or_assign(dependency.alias, *found);
      const Requirer& parent = requirers_.at(key);
      Requirer requirer{
          .label = parent.label, .key = key, .specifier = dependency.specifier, .depth = parent.depth + 1};
      const PackageInfo& opened = packages_.catalogue.at(*found);
      if (requirers_.contains(*found)) continue;
      if (requirer.depth > kMaxDepth) {
        return fail(
            problem(key, dependency, root,
                    "packages depend on one another more than " + std::to_string(kMaxDepth) + " deep"));
      }
      requirer.label = "package " + quoted(dependency_name(opened, *found));
      requirers_.emplace(*found, std::move(requirer));
      pending.push_back(*found);
    }
  }
  return {};
}

/// The key of the package that a dependency means, opened.
Outcome<std::string> PackageLoader::resolve_one(const std::string& key, const webc::Dependency& dependency,
                                                const LayerSource& root) {
  if (++looked_up_ > kMaxDependencies) {
    return fail(problem(key, dependency, root,
                        "the packages have more than " + std::to_string(kMaxDependencies) + " dependencies"));
  }
  const Outcome<PackageSpecifier> wanted = parse_specifier(dependency.specifier);
  if (!wanted) {
    Diagnostic error = problem(key, dependency, root, wanted.error().message);
    error.trouble = Trouble::corrupt;
    return fail(std::move(error));
  }
  auto found = store_.find(*wanted);
  if (!found) {
    Diagnostic error = problem(key, dependency, root, "the package store does not have it");
    std::ranges::move(found.error(), std::back_inserter(error.causes));
    error.hint = kStoreHint;
    return fail(std::move(error));
  }
  const std::string real = canonical(found->path);
  if (const auto same = identities_.find(real); !real.empty() && same != identities_.end()) {
    return same->second;
  }
  if (packages_.catalogue.size() >= kMaxPackages) {
    return fail(
        problem(key, dependency, root, "more than " + std::to_string(kMaxPackages) + " packages are needed"));
  }
  if (auto opened = open(found->path); !opened) {
    Diagnostic error = problem(key, dependency, root, quoted(found->path) + " cannot be opened");
    error.trouble = opened.error().trouble;
    error.causes.push_back(std::move(opened.error()));
    return fail(std::move(error));
  }
  // Packages of version 3 do not say what they are called; the store does.
  webc::PackageManifest& manifest = packages_.catalogue.at(found->path).manifest;
  if (manifest.name.empty()) manifest.name = found->name;
  if (manifest.version.empty() && found->version) manifest.version = found->version->text();
  return found->path;
}

/// `package "x" needs "ns/name@range": MESSAGE`, and who needs that package.
Diagnostic PackageLoader::problem(const std::string& key, const webc::Dependency& dependency,
                                  const LayerSource& root, std::string message) const {
  const Requirer* requirer = &requirers_.at(key);
  Diagnostic error{.trouble = Trouble::source,
                   .message = requirer->label + " needs " + quoted(dependency.specifier) + ": " + message,
                   .where = root.where};
  if (const auto places = places_.find(key); places != places_.end()) {
    const auto place = places->second.find(dependency.alias);
    if (place != places->second.end()) error.where = place->second;
  }
  while (!requirer->key.empty()) {
    const std::string& specifier = requirer->specifier;
    requirer = &requirers_.at(requirer->key);
    error.causes.push_back(
        {.trouble = Trouble::source, .message = requirer->label + " needs " + quoted(specifier)});
  }
  return error;
}

}  // namespace wasifs::plan
