// SPDX-License-Identifier: Apache-2.0
#include "plan/composed_package.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "plan/package_manifest.h"
#include "plan/plan_lookup.h"

namespace wasifs::plan {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kWasmKind = "https://webc.org/kind/wasm";

class Composer {
 public:
  Composer(const Plan& plan, const Packages& packages) : plan_(plan), packages_(packages) {}

  std::string compose() {
    Json package = package_annotation();
    for (const PlannedCommand& command : plan_.commands) {
      if (command.origin != kMappedOrigin) add(command);
    }
    package["fs"] = Json::parse(root_manifest_json())["package"]["fs"];
    Json manifest = Json::object();
    manifest["package"] = std::move(package);
    if (!atoms_.empty()) manifest["atoms"] = sorted(atoms_);
    const std::string& run = plan_.run.command;
    const bool runs = commands_.contains(run);
    if (!commands_.empty()) manifest["commands"] = std::move(commands_);
    if (runs) manifest["entrypoint"] = run;
    return Json{{"manifest", std::move(manifest)}, {"programs", programs_}, {"unused", count_unused()}}
        .dump();
  }

 private:
  using Program = std::pair<std::string, std::string>;  ///< a package's path, or a file's, and the atom

  /// The manifest of a package that is a file; null for a folder.
  const Json& manifest_of(const std::string& path) {
    const auto [known, fresh] = manifests_.try_emplace(path);
    if (const auto file = packages_.find(path); fresh && file != packages_.end()) {
      known->second = Json::parse(file->second->manifest_json());
    }
    return known->second;
  }

  /// Nothing but what a reader of the package wants to know: the files that it would speak
  /// of are in a volume that no tree shows.
  Json package_annotation() {
    const Json& manifest = manifest_of(plan_.container);
    Json package = manifest.is_object() ? manifest.value("package", Json::object()) : Json::object();
    if (!package.is_object()) return Json::object();
    package.erase("fs");
    if (package.contains("wapm") && package["wapm"].is_object()) {
      for (const char* file : {"license-file", "readme"}) package["wapm"].erase(file);
    }
    return package;
  }

  void add(const PlannedCommand& command) {
    const std::string atom = atom_of(command);
    Json entry = command.json.empty() ? described(command) : Json::parse(command.json);
    Json& annotations = entry["annotations"];
    if (!annotations.is_object()) annotations = Json::object();
    annotations["atom"] = {{"name", atom}};
    // The older form, which says the same.
    for (const char* runner : {"wasi", "emscripten"}) {
      if (!annotations.contains(runner) || !annotations[runner].is_object()) continue;
      Json& old = annotations[runner];
      old.erase("package");
      if (old.contains("atom")) old["atom"] = atom;
    }
    commands_[command.name] = std::move(entry);
  }

  /// What is known of a command of a folder.
  static Json described(const PlannedCommand& command) {
    Json wasi = Json::object();
    if (!command.exec_name.empty()) wasi["exec-name"] = command.exec_name;
    if (!command.main_args.empty()) wasi["main-args"] = command.main_args;
    if (!command.env.empty()) wasi["env"] = command.env;
    if (!command.cwd.empty()) wasi["cwd"] = command.cwd;
    Json entry = {{"runner", command.runner}, {"annotations", Json::object()}};
    if (!wasi.empty()) entry["annotations"]["wasi"] = std::move(wasi);
    return entry;
  }

  /// The atom that a command runs, under the name that it has in the new package.
  std::string atom_of(const PlannedCommand& command) {
    const auto [known, fresh] = names_.try_emplace({command.source, command.atom});
    if (!fresh) return known->second;
    const std::string base = command.atom.empty() ? command.name : command.atom;
    std::string name = base;
    for (unsigned number = 2; atoms_.contains(name); ++number) name = base + "-" + std::to_string(number);
    known->second = name;
    const Json& manifest = manifest_of(command.source);
    Json entry = Json::object();
    if (manifest.is_object() && !command.atom.empty()) {
      const Json all = manifest.value("atoms", Json::object());
      if (all.is_object()) entry = all.value(command.atom, Json::object());
    }
    if (!entry.is_object()) entry = Json::object();
    if (!entry.contains("kind")) entry["kind"] = kWasmKind;
    entry["signature"] = "";  // of the bytes that are packed
    atoms_[name] = std::move(entry);
    programs_[name] = command.name;
    return name;
  }

  static Json sorted(const Json& atoms) {
    std::map<std::string, Json> by_name;
    for (const auto& [name, atom] : atoms.items()) by_name.emplace(name, atom);
    return by_name;
  }

  [[nodiscard]] std::size_t count_unused() const {
    std::size_t count = 0;
    for (const std::string& path : plan_.packages) {
      const auto file = packages_.find(path);
      if (file == packages_.end()) continue;
      count += static_cast<std::size_t>(
          std::ranges::count_if(file->second->manifest().atoms,
                                [&](const webc::Atom& atom) { return !names_.contains({path, atom.name}); }));
    }
    return count;
  }

  const Plan& plan_;
  const Packages& packages_;
  std::map<std::string, Json> manifests_;
  std::map<Program, std::string> names_;
  Json atoms_ = Json::object();
  Json commands_ = Json::object();
  Json programs_ = Json::object();
};

}  // namespace

std::string composed_package(const Plan& plan, const Packages& packages) {
  return Composer(plan, packages).compose();
}

}  // namespace wasifs::plan
