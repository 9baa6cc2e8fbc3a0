// SPDX-License-Identifier: Apache-2.0
#include "plan/unpacked.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/path.h"

namespace wasifs::plan {

namespace {

using Json = nlohmann::ordered_json;

/// A name as that of a single folder.
std::string escaped(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const bool dots = name == "." || name == "..";
  std::string out;
  for (const char byte : name) {
    if (byte != '/' && byte != '%' && !(dots && byte == '.')) {
      out += byte;
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    out.append("%").append(1, kDigits[value >> 4U]).append(1, kDigits[value & 0xfU]);
  }
  return out;
}

/// True for a name without a folder of its own in the folder of another.
bool is_plain(std::string_view name) {
  if (name.empty() || name.ends_with('/') || name.contains("//") || name.contains('%')) return false;
  const std::vector<std::string_view> parts = split_path(name);
  return std::ranges::all_of(parts, [](std::string_view part) { return check_name(part).has_value(); });
}

}  // namespace

std::string atom_place(std::string_view atom) { return "atoms/" + std::string(atom); }

std::string volume_place(std::string_view volume, bool alone) {
  if (volume == kMetadataVolume) return std::string(kMetadataVolume);
  const std::string_view name = volume == "/" ? volume : volume.substr(volume.starts_with('/') ? 1 : 0);
  return "volumes/" + (alone || !is_plain(name) ? escaped(name) : std::string(name));
}

struct Unpacked::State {
  Json json;
};

Unpacked::Unpacked(std::unique_ptr<State> state) : state_(std::move(state)) {}
Unpacked::Unpacked(Unpacked&& other) noexcept = default;
Unpacked& Unpacked::operator=(Unpacked&& other) noexcept = default;
Unpacked::~Unpacked() = default;

Outcome<Unpacked> Unpacked::parse(std::string_view json, const std::string& file) {
  const auto refuse = [&](const std::string& what) {
    return fail(Diagnostic{.trouble = Trouble::manifest, .message = what, .where = {.file = file}});
  };
  auto state = std::make_unique<State>();
  try {
    state->json = Json::parse(json);
  } catch (const Json::parse_error& error) {
    return refuse("no JSON from byte " + std::to_string(error.byte) + " on");
  } catch (const Json::exception&) {
    return refuse("a number is too large");
  }
  const Json& root = state->json;
  if (!root.is_object()) return refuse("no JSON object");
  for (const char* key : {"package", "atoms"}) {
    if (root.contains(key) && !root[key].is_object()) return refuse(wasifs::quoted(key) + " is no object");
  }
  const Json atoms = root.value("atoms", Json::object());
  for (const auto& [name, atom] : atoms.items()) {
    if (!atom.is_object()) return refuse("the atom " + wasifs::quoted(name) + " is no object");
    if (!check_name(name))
      return refuse("the atom " + wasifs::quoted(name) + " has a name that no file can have");
  }
  const Json package = root.value("package", Json::object());
  const Json fs = package.value("fs", Json::array());
  if (!fs.is_array()) return refuse("\"package.fs\" is no list");
  for (const Json& mapping : fs) {
    const bool named =
        mapping.is_object() && mapping.contains("volume_name") && mapping["volume_name"].is_string();
    if (!named) return refuse("an entry of \"package.fs\" has no \"volume_name\"");
    if (mapping["volume_name"].get_ref<const std::string&>().contains('\0')) {
      return refuse("the name of a volume has a NUL byte");
    }
  }
  return Unpacked(std::move(state));
}

std::vector<std::string> Unpacked::volumes() const {
  std::vector<std::string> names;
  if (!state_->json.contains("package") || !state_->json["package"].contains("fs")) return names;
  for (const Json& mapping : state_->json["package"]["fs"]) {
    const Json from = mapping.value("from", Json(nullptr));
    if (!from.is_null() && from != "") continue;
    std::string name = mapping["volume_name"].get<std::string>();
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> Unpacked::atoms() const {
  std::vector<std::string> names;
  if (!state_->json.contains("atoms")) return names;
  for (const auto& [name, atom] : state_->json["atoms"].items()) names.push_back(name);
  return names;
}

void Unpacked::sign(const std::string& atom, const Digest& sha256) {
  Json& entry = state_->json["atoms"][atom];
  if (entry.contains("signature")) entry["signature"] = signature_text(sha256);
}

std::string Unpacked::json() const { return state_->json.dump(); }

}  // namespace wasifs::plan
