// SPDX-License-Identifier: Apache-2.0
#include "inspect/package_details.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/path.h"

namespace wasifs {

namespace {

using Json = nlohmann::ordered_json;
using Keys = std::initializer_list<std::string_view>;

bool is_plain(std::string_view key) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !key.empty() && key.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string below(const std::string& path, const std::string& key) {
  const std::string shown = is_plain(key) ? key : wasifs::quoted(key);
  return path.empty() ? shown : path + "." + shown;
}

/// A list of texts; nullopt: it is none.
std::optional<std::vector<std::string>> texts(const Json& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const Json& item : value) {
    if (!item.is_string()) return std::nullopt;
    out.push_back(item.get<std::string>());
  }
  return out;
}

class DetailReader {
 public:
  PackageDetails read(const Json& root) {
    note_others(root, "", {"package", "use", "atoms", "commands", "entrypoint"});
    const Json& package = member(root, "package");
    note_others(package, "package", {"wapm", "fs"});
    read_wapm(member(package, "wapm"));
    read_mappings(member(package, "fs"));
    for_each(root, "atoms", [this](const auto&... of) { read_atom(of...); });
    for_each(root, "commands", [this](const auto&... of) { read_command(of...); });
    return std::move(out_);
  }

 private:
  /// null where it is absent.
  static const Json& member(const Json& of, std::string_view key) {
    static const Json kNull;
    if (!of.is_object()) return kNull;
    const auto found = of.find(key);
    return found == of.end() ? kNull : *found;
  }

  /// What is in `map` under other keys than those; all of it where it is no map.
  void note_others(const Json& map, const std::string& path, Keys known) {
    if (map.is_null()) return;
    if (!map.is_object()) return out_.others.push_back(path);
    for (const auto& [key, value] : map.items()) {
      if (std::ranges::find(known, std::string_view(key)) == known.end()) {
        out_.others.push_back(below(path, key));
      }
    }
  }

  template <class Body>
  void for_each(const Json& root, const std::string& key, const Body& body) {
    const Json& map = member(root, key);
    if (!map.is_object()) return;
    for (const auto& [name, value] : map.items()) body(name, value, key + "." + wasifs::quoted(name));
  }

  void read_wapm(const Json& wapm) {
    note_others(wapm, "package.wapm",
                {"name", "version", "description", "license", "license-file", "readme", "homepage",
                 "repository", "private"});
    read_text(wapm, "license", "licence");
    read_file(wapm, "license-file", "licence file");
    read_file(wapm, "readme", "readme");
    read_text(wapm, "homepage", "homepage");
    read_text(wapm, "repository", "repository");
    const Json& is_private = member(wapm, "private");
    if (is_private.is_boolean()) {
      if (is_private.get<bool>()) out_.fields.emplace_back("private", "yes");
    } else if (!is_private.is_null()) {
      out_.others.emplace_back("package.wapm.private");
    }
  }

  void read_text(const Json& wapm, const std::string& key, std::string label) {
    const Json& value = member(wapm, key);
    if (value.is_null()) return;
    if (!value.is_string()) {
      out_.others.push_back(below("package.wapm", key));
      return;
    }
    out_.fields.emplace_back(std::move(label), value.get<std::string>());
  }

  /// A file in a volume.
  void read_file(const Json& wapm, const std::string& key, std::string label) {
    const Json& value = member(wapm, key);
    const Json& file = member(value, "path");
    const Json& volume = member(value, "volume");
    if (value.is_null()) return;
    if (!file.is_string() || !volume.is_string()) return read_text(wapm, key, std::move(label));
    note_others(value, below("package.wapm", key), {"path", "volume"});
    out_.fields.emplace_back(std::move(label),
                             file.get<std::string>() + " in volume " + volume.get<std::string>());
  }

  void read_mappings(const Json& mappings) {
    if (!mappings.is_array()) return;
    for (std::size_t i = 0; i < mappings.size(); ++i) {
      note_others(mappings[i], "package.fs[" + std::to_string(i) + "]",
                  {"from", "volume_name", "host_path", "original_path", "mount_path"});
    }
  }

  void read_atom(const std::string& name, const Json& atom, const std::string& path) {
    note_others(atom, path, {"kind", "signature", "annotations"});
    const Json& annotations = member(atom, "annotations");
    note_others(annotations, path + ".annotations", {"wasm"});
    const Json& wasm = member(annotations, "wasm");
    note_others(wasm, path + ".annotations.wasm", {"features"});
    const Json& features = member(wasm, "features");
    if (auto list = texts(features)) {
      out_.features.emplace(name, *std::move(list));
    } else if (!features.is_null()) {
      out_.others.push_back(path + ".annotations.wasm.features");
    }
  }

  void read_command(const std::string&, const Json& command, const std::string& path) {
    note_others(command, path, {"runner", "annotations"});
    const Json& annotations = member(command, "annotations");
    const std::string at = path + ".annotations";
    note_others(annotations, at, {"atom", "wasi", "emscripten"});
    note_others(member(annotations, "atom"), at + ".atom", {"name", "dependency"});
    note_others(member(annotations, "wasi"), at + ".wasi",
                {"atom", "package", "exec-name", "exec_name", "main-args", "main_args", "env", "cwd"});
    note_others(member(annotations, "emscripten"), at + ".emscripten", {"atom", "package"});
  }

  PackageDetails out_;
};

}  // namespace

PackageDetails PackageDetails::of(std::string_view json) { return DetailReader().read(Json::parse(json)); }

}  // namespace wasifs
