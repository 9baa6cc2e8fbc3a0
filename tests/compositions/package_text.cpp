// SPDX-License-Identifier: Apache-2.0
#include "package_text.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace wasifs::test {

namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("package: " + what); }

WebcEntry read_entry(const std::string& path, const Json& value) {
  if (value.is_string()) return webc_file(path, value.get<std::string>());
  if (!value.is_object()) refuse(path + " must be a text or an object");
  WebcEntry entry{.path = path};
  int kinds = 0;
  for (const auto& [key, member] : value.items()) {
    if (key == "modified") {
      entry.modified = member.get<std::uint64_t>();
      continue;
    }
    ++kinds;
    if (key == "dir") {
      if (member != true) refuse(path + ": \"dir\" can only be true");
      entry.kind = WebcEntry::Kind::directory;
    } else if (key == "text" || key == "link") {
      if (key == "link") entry.kind = WebcEntry::Kind::symlink;
      entry.data = member.get<std::string>();
    } else {
      refuse(path + ": unknown member " + key);
    }
  }
  if (kinds != 1) refuse(path + " needs one of \"text\", \"link\" and \"dir\"");
  return entry;
}

void read_volumes(const Json& volumes, WebcSpec& spec) {
  for (const auto& [name, entries] : volumes.items()) {
    std::vector<WebcEntry>& volume = spec.volumes[name];
    for (const auto& [path, entry] : entries.items()) volume.push_back(read_entry(path, entry));
  }
}

/// "GUEST=VOLUME" or "GUEST=VOLUME:HOST_PATH" as the manifest has it.
Json read_mapping(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) refuse("\"fs\" has " + text + ", which is no GUEST=VOLUME");
  const std::size_t colon = std::min(text.find(':', equals), text.size());
  Json mapping = {{"from", nullptr},
                  {"volume_name", text.substr(equals + 1, colon - equals - 1)},
                  {"mount_path", text.substr(0, equals)}};
  if (colon < text.size()) mapping["host_path"] = text.substr(colon + 1);
  return mapping;
}

void read_member(const std::string& key, const Json& value, WebcSpec& spec) {
  if (key == "version") {
    spec.version = value.get<unsigned>();
    if (spec.version < 1 || spec.version > 3) refuse("there is no such version");
  } else if (key == "volumes") {
    read_volumes(value, spec);
  } else if (key == "atoms") {
    spec.atoms = value.get<std::map<std::string, std::string>>();
  } else if (key == "sign_atoms") {
    spec.sign_atoms = value.get<bool>();
  } else if (key == "v1_checksum") {
    spec.v1_checksum = value.get<bool>();
  } else if (key == "fs") {
    Json& fs = spec.manifest["package"]["fs"] = Json::array();
    for (const Json& mapping : value) fs.push_back(read_mapping(mapping.get<std::string>()));
  } else if (key == "commands") {
    for (const auto& [name, command] : value.items()) {
      const Json& atom = command.is_object() ? command.at("atom") : command;
      Json annotations = {{"atom", {{"name", atom.get<std::string>()}}}};
      if (command.is_object()) annotations["wasi"] = command.at("wasi");
      spec.manifest["commands"][name] = {{"runner", "https://webc.org/runner/wasi"},
                                         {"annotations", std::move(annotations)}};
    }
  } else if (key != "manifest") {
    refuse("unknown member " + key);
  }
}

}  // namespace

WebcSpec read_package_text(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (!json.is_object()) refuse("it must be a JSON object");
    WebcSpec spec;
    // First: the short forms add to it.
    if (json.contains("manifest")) spec.manifest = json["manifest"];
    for (const auto& [key, value] : json.items()) read_member(key, value, spec);
    return spec;
  } catch (const Json::exception& error) {
    refuse(error.what());
  }
}

}  // namespace wasifs::test
