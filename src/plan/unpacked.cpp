// SPDX-License-Identifier: Apache-2.0
#include "plan/unpacked.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/path.h"
#include "fs/webc/manifest_cbor.h"

namespace wasifs::plan {

namespace {

using Json = nlohmann::ordered_json;

/// A name as that of a single folder, which no plain name has: there is a "%" in it.
std::string escaped(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const bool has_special = name.find_first_of("/%") != std::string_view::npos;
  std::string out;
  for (const char byte : name) {
    if (byte != '/' && byte != '%' && (has_special || !out.empty())) {
      out += byte;
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    out.append("%").append(1, kDigits[value >> 4U]).append(1, kDigits[value & 0xfU]);
  }
  return out.empty() ? "%" : out;
}

/// True for a name without a folder of its own in the folder of another.
bool is_plain(std::string_view name) {
  if (name.empty() || name.ends_with('/') || name.contains("//") || name.contains('%')) return false;
  const std::vector<std::string_view> parts = split_path(name);
  return std::ranges::all_of(parts, [](std::string_view part) { return check_name(part).has_value(); });
}

/// The member of an object; null where it is absent.
const Json& member(const Json& object, const char* key) {
  static const Json kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string trouble_of_atoms(const Json& atoms) {
  if (atoms.is_null()) return "";
  if (!atoms.is_object()) return "\"atoms\" is no object";
  for (const auto& [name, atom] : atoms.items()) {
    const std::string label = "the atom " + wasifs::quoted(name);
    if (!check_name(name)) return label + " has a name that no file can have";
    if (!atom.is_object() && !atom.is_null()) return label + " is no object";
  }
  return "";
}

/// What is wrong with what is read of it here; "" is nothing.
std::string trouble_of(const Json& manifest) {
  if (!manifest.is_object()) return "the manifest is no JSON object";
  if (std::string trouble = trouble_of_atoms(member(manifest, "atoms")); !trouble.empty()) return trouble;
  const Json& package = member(manifest, "package");
  if (package.is_null()) return "";
  if (!package.is_object()) return "\"package\" is no object";
  const Json& fs = member(package, "fs");
  if (fs.is_null()) return "";
  if (!fs.is_array()) return "\"package.fs\" is no list";
  for (const Json& mapping : fs) {
    if (!mapping.is_object() || !member(mapping, "volume_name").is_string()) {
      return "an entry of \"package.fs\" has no \"volume_name\"";
    }
    const auto& name = member(mapping, "volume_name").get_ref<const std::string&>();
    if (name.contains('\0')) return "the name of the volume " + wasifs::quoted(name) + " has a NUL byte";
  }
  return "";
}

}  // namespace

std::string atom_place(std::string_view atom) { return "atoms/" + std::string(atom); }

std::string volume_place(std::string_view volume, bool alone) {
  if (volume == kMetadataVolume) return std::string(kMetadataVolume);
  const std::string_view name = volume.substr(volume.starts_with('/') ? 1 : 0);
  return "volumes/" + (alone || !is_plain(name) ? escaped(volume) : std::string(name));
}

struct Unpacked::State {
  Json json;
};

Unpacked::Unpacked(std::unique_ptr<State> state) : state_(std::move(state)) {}
Unpacked::Unpacked(Unpacked&& other) noexcept = default;
Unpacked& Unpacked::operator=(Unpacked&& other) noexcept = default;
Unpacked::~Unpacked() = default;

Outcome<Unpacked> Unpacked::parse(std::string_view json, const std::string& file) {
  if (auto checked = webc::check_manifest_json(json, "the manifest"); !checked) {
    checked.error().where = {.file = file};
    return fail(std::move(checked.error()));
  }
  auto state = std::make_unique<State>(State{.json = Json::parse(json)});
  if (const std::string trouble = trouble_of(state->json); !trouble.empty()) {
    return fail(Diagnostic{.trouble = Trouble::manifest, .message = trouble, .where = {.file = file}});
  }
  return Unpacked(std::move(state));
}

std::vector<std::string> Unpacked::volumes() const {
  const Json& package = member(state_->json, "package");
  if (package.is_null()) return {};
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const Json& mapping : member(package, "fs")) {
    const Json& from = member(mapping, "from");
    if (!from.is_null() && from != "") continue;
    const auto& name = member(mapping, "volume_name").get_ref<const std::string&>();
    if (known.insert(name).second) names.push_back(name);
  }
  return names;
}

std::vector<std::string> Unpacked::atoms() const {
  std::vector<std::string> names;
  for (const auto& [name, atom] : member(state_->json, "atoms").items()) names.push_back(name);
  return names;
}

void Unpacked::sign(const std::string& atom, const Digest& sha256) {
  Json& entry = state_->json["atoms"][atom];
  if (entry.contains("signature")) entry["signature"] = signature_text(sha256);
}

std::string Unpacked::json() const { return state_->json.dump(); }

}  // namespace wasifs::plan
