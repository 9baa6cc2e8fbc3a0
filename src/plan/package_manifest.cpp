// SPDX-License-Identifier: Apache-2.0
#include "plan/package_manifest.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/path.h"
#include "plan/semver.h"

namespace wasifs::plan {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMetadata = "metadata";
constexpr std::string_view kWasi = "https://webc.org/runner/wasi";
constexpr std::string_view kWcgi = "https://webc.org/runner/wcgi";

/// For a key that is new: to look for it first would take the square of their number.
Json& append(Json& object, const std::string& key, Json value) {
  return object.get_ref<Json::object_t&>().emplace_back(key, std::move(value)).second;
}

Json to_json(const Value& value) {
  switch (value.kind) {
    case ValueKind::string:
    case ValueKind::date:
      return value.text;
    case ValueKind::integer:
      return value.integer;
    case ValueKind::real:
      return value.real;
    case ValueKind::boolean:
      return value.boolean;
    case ValueKind::array: {
      Json list = Json::array();
      for (const Value& item : value.items) list.push_back(to_json(item));
      return list;
    }
    case ValueKind::table:
      break;
  }
  Json map = Json::object();
  for (const Entry& entry : value.entries) append(map, entry.key, to_json(entry.value));
  return map;
}

/// The first number of a value that JSON has no text for, and that no reader expects.
const Value* find_not_finite(const Value& value) {
  if (value.kind == ValueKind::real) return std::isfinite(value.real) ? nullptr : &value;
  for (const Value& item : value.items) {
    if (const Value* found = find_not_finite(item)) return found;
  }
  for (const Entry& entry : value.entries) {
    if (const Value* found = find_not_finite(entry.value)) return found;
  }
  return nullptr;
}

/// Puts `addition` into `into`: maps key by key, lists one behind the other. False where
/// one value contradicts another.
bool merge(Json& into, const Json& addition) {
  if (into.is_object() && addition.is_object()) {
    auto& entries = into.get_ref<Json::object_t&>();
    // Those that are added are there once.
    const auto before = static_cast<std::ptrdiff_t>(entries.size());
    for (const auto& [key, value] : addition.items()) {
      const auto end = entries.begin() + before;
      const auto found =
          std::find_if(entries.begin(), end, [&](const auto& entry) { return entry.first == key; });
      if (found == end) {
        entries.emplace_back(key, value);
      } else if (!merge(found->second, value)) {
        return false;
      }
    }
    return true;
  }
  if (into.is_array() && addition.is_array()) {
    into.insert(into.end(), addition.begin(), addition.end());
    return true;
  }
  return into == addition;
}

/// A file among those that the manifest speaks of.
std::string metadata_uri(const Located<std::string>& path) {
  return std::string(kMetadata) + ":/" + sanitize_path(path.value);
}

Json metadata_file(const Located<std::string>& path) {
  return {{"volume", kMetadata}, {"path", sanitize_path(path.value)}};
}

Json use_of(const WasmerToml& toml) {
  Json use = Json::object();
  for (const WasmerToml::Dependency& dependency : toml.dependencies) {
    const Outcome<VersionRange> range = VersionRange::parse(dependency.range);
    const std::string& name = dependency.name.value;
    append(use, name, name + "@" + (range ? range->canonical() : dependency.range));
  }
  return use;
}

/// Without the name, the version and the description, which such packages leave out.
Json wapm_of(const PackToml& toml) {
  Json wapm = Json::object();
  if (toml.license) wapm["license"] = *toml.license;
  if (toml.license_file) wapm["license-file"] = metadata_file(*toml.license_file);
  if (toml.readme) wapm["readme"] = metadata_file(*toml.readme);
  if (toml.repository) wapm["repository"] = *toml.repository;
  if (toml.homepage) wapm["homepage"] = *toml.homepage;
  if (toml.is_private) wapm["private"] = true;
  return wapm;
}

Json mapping(const std::string& volume, const std::string& mount) {
  return {{"from", nullptr}, {"volume_name", volume}, {"mount_path", mount}};
}

Json package_of(const PackToml& toml) {
  Json package = Json::object();
  if (toml.has_package) package["wapm"] = wapm_of(toml);
  for (const WasmerToml::Mapping& one : toml.toml.fs) {
    package["fs"].push_back(mapping(sanitize_path(one.host.value), sanitize_path(one.guest.value)));
  }
  return package;
}

Json atoms_of(std::vector<AtomFacts> atoms) {
  std::ranges::sort(atoms, {}, &AtomFacts::name);
  Json map = Json::object();
  for (const AtomFacts& atom : atoms) {
    Json& entry = append(map, atom.name, {{"kind", atom.kind}, {"signature", signature_text(atom.sha256)}});
    if (atom.features) entry["annotations"]["wasm"]["features"] = *atom.features;
  }
  return map;
}

Outcome<Json> command_of(const PackToml::Command& command) {
  if (const Value* bad = command.annotations ? find_not_finite(*command.annotations) : nullptr) {
    return fail(Diagnostic{.trouble = Trouble::manifest,
                           .message = "the annotations of the command " + wasifs::quoted(command.name) +
                                      " have a number that is not finite",
                           .where = bad->where,
                           .hint = "write a finite number, or a text"});
  }
  Json annotations = Json::object();
  annotations["atom"]["name"] = command.atom;
  if (!command.dependency.empty()) annotations["atom"]["dependency"] = command.dependency;
  if (command.runner == kWasi || command.runner == kWcgi) {
    Json& wasi = annotations["wasi"] = {{"atom", command.module}};
    if (command.package) wasi["package"] = *command.package;
    if (command.main_args) wasi["main-args"] = *command.main_args;
  }
  if (command.annotations && !merge(annotations, to_json(*command.annotations))) {
    return fail(Diagnostic{.trouble = Trouble::manifest,
                           .message = "the annotations of the command " + wasifs::quoted(command.name) +
                                      " contradict its module",
                           .where = command.where,
                           .hint = "leave \"atom\" out of the annotations: it follows from \"module\""});
  }
  return Json{{"runner", command.runner}, {"annotations", annotations}};
}

Json binding_of(const PackToml::Bindings& bindings) {
  const std::string kind = bindings.wit ? "wit" : "wai";
  Json content = Json::object();
  if (bindings.exports || !bindings.wit) {
    content["exports"] = bindings.exports ? Json(metadata_uri(*bindings.exports)) : Json(nullptr);
  }
  content["module"] = bindings.module;
  if (!bindings.wit) {
    Json& imports = content["imports"] = Json::array();
    for (const Located<std::string>& path : bindings.imports) imports.push_back(metadata_uri(path));
  }
  return {{"name", "library-bindings"},
          {"kind", kind + "@" + bindings.version},
          {"annotations", {{kind, content}}}};
}

}  // namespace

Outcome<std::string> package_manifest_json(const PackToml& toml, std::vector<AtomFacts> atoms,
                                           const std::string& file) {
  Json commands = Json::object();
  for (const PackToml::Command& command : toml.commands) {
    Outcome<Json> made = command_of(command);
    if (!made) return fail(std::move(made.error()));
    append(commands, command.name, *std::move(made));
  }
  Json bindings = Json::array();
  for (const PackToml::Bindings& one : toml.bindings) bindings.push_back(binding_of(one));
  Json manifest = Json::object();
  const auto add = [&](const char* key, Json value) {
    if (!value.empty()) manifest[key] = std::move(value);
  };
  add("use", use_of(toml.toml));
  add("package", package_of(toml));
  add("atoms", atoms_of(std::move(atoms)));
  add("commands", std::move(commands));
  add("bindings", std::move(bindings));
  if (toml.toml.entrypoint) {
    manifest["entrypoint"] = toml.toml.entrypoint->value;
  } else if (toml.commands.size() == 1) {
    manifest["entrypoint"] = toml.commands.front().name;
  }
  try {
    return manifest.dump();
  } catch (const Json::exception&) {
    return fail(Diagnostic{.trouble = Trouble::manifest,
                           .message = "a text is no UTF-8, which a package cannot hold",
                           .where = {.file = file}});
  }
}

std::string root_manifest_json() {
  Json manifest = Json::object();
  manifest["package"]["fs"].push_back(mapping("/", "/"));
  return manifest.dump();
}

}  // namespace wasifs::plan
