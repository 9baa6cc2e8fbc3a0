// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/manifest.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/path.h"
#include "base/sha256.h"
#include "fs/webc/cbor_check.h"

namespace wasifs::webc {
namespace {

using Json = nlohmann::ordered_json;

Parsed<Json> decode(ByteSpan file, Range manifest) {
  auto size = check_cbor(file, manifest, "the manifest");
  if (!size) return std::unexpected(std::move(size.error()));
  if (*size != manifest.size) {
    return fault(manifest.offset + *size,
                 concat(manifest.size - *size, " bytes too many at the end of the manifest"));
  }
  const ByteSpan cbor = bytes_of(file, manifest);
  const auto* first = reinterpret_cast<const std::uint8_t*>(cbor.data());
  Json root = Json::from_cbor(first, first + cbor.size(), true, false);
  if (root.is_discarded()) return fault(manifest.offset, "the manifest is no CBOR that can be decoded");
  if (!root.is_object()) return fault(manifest.offset, "the manifest is no map");
  return root;
}

/// Byte strings have no form in JSON: hexadecimal text instead. A work list
/// visits the values, so that depth costs no stack.
void replace_byte_strings(Json& root) {
  std::vector<Json*> pending{&root};
  while (!pending.empty()) {
    Json& value = *pending.back();
    pending.pop_back();
    if (value.is_binary()) {
      const auto& bytes = value.get_binary();
      value = to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } else if (value.is_structured()) {
      for (Json& child : value) pending.push_back(&child);
    }
  }
}

std::string json_of(Json value) {
  replace_byte_strings(value);
  return value.dump();
}

/// A value of the manifest and where it stands, e.g. `commands."bash".runner`.
struct Place {
  const Json* value = nullptr;  ///< null where absent
  std::string path;

  [[nodiscard]] bool absent() const { return value == nullptr || value->is_null(); }
};

/// Turns the decoded map into a PackageManifest. The first value of a wrong
/// type is kept as the fault; what is read after it does not matter.
class ManifestReader {
 public:
  explicit ManifestReader(std::uint64_t offset) : offset_(offset) {}

  Parsed<PackageManifest> read(const Json& json) {
    const Place root{&json, ""};
    read_wapm(root);
    for_each(map(root, "use"),
             [this](const std::string& name, const Place& at) { read_dependency(name, at); });
    for_each(map(root, "atoms"), [this](const std::string& name, const Place& at) { read_atom(name, at); });
    for_each(map(root, "commands"),
             [this](const std::string& name, const Place& at) { read_command(name, at); });
    read_fs(member(map(root, "package"), "fs"));
    out_.entrypoint = text(root, "entrypoint");
    if (fault_) return std::unexpected(std::move(*fault_));
    return std::move(out_);
  }

 private:
  void wrong(const Place& at, std::string_view expected) {
    if (fault_) return;
    fault_ = Fault{offset_, concat("the manifest: ", at.path,
                                   at.absent() ? " is missing, it must be " : " is no ", expected)};
  }

  static Place member(const Place& of, const std::string& key) {
    Place out{.path = of.path.empty() ? key : concat(of.path, ".", key)};
    if (of.value == nullptr || !of.value->is_object()) return out;
    if (const auto found = of.value->find(key); found != of.value->end()) out.value = &*found;
    return out;
  }

  /// A member that is a map or absent.
  Place map(const Place& of, const std::string& key) {
    Place out = member(of, key);
    if (!out.absent() && !out.value->is_object()) wrong(out, "map");
    return out;
  }

  /// A member that is a text; "" where absent.
  std::string text(const Place& of, const std::string& key) {
    const Place at = member(of, key);
    if (at.absent()) return {};
    if (at.value->is_string()) return at.value->get<std::string>();
    wrong(at, "text");
    return {};
  }

  /// A member that is a list of texts; empty where absent. `other` is a second
  /// spelling of the key.
  std::vector<std::string> texts(const Place& of, const std::string& key, const std::string& other = {}) {
    Place list = member(of, key);
    if (list.absent() && !other.empty()) list = member(of, other);
    std::vector<std::string> out;
    if (list.absent()) return out;
    if (!list.value->is_array()) {
      wrong(list, "list");
      return out;
    }
    for (std::size_t i = 0; i < list.value->size(); ++i) {
      const Json& item = (*list.value)[i];
      if (!item.is_string()) {
        wrong({&item, concat(list.path, "[", i, "]")}, "text");
        return out;
      }
      out.push_back(item.get<std::string>());
    }
    return out;
  }

  std::string required_text(const Place& of, const std::string& key) {
    const Place at = member(of, key);
    if (at.absent()) wrong(at, "a text");
    return text(of, key);
  }

  template <class Body>
  void for_each(const Place& at, const Body& body) {
    if (at.absent() || !at.value->is_object()) return;
    for (const auto& [name, value] : at.value->items()) {
      body(name, Place{&value, concat(at.path, ".", wasifs::quoted(name))});
    }
  }

  void read_wapm(const Place& root) {
    const Place wapm = map(map(root, "package"), "wapm");
    out_.name = text(wapm, "name");
    out_.version = text(wapm, "version");
    out_.description = text(wapm, "description");
  }

  /// A URL or `namespace/name@range`; a map is the manifest of a vendored package.
  void read_dependency(const std::string& alias, const Place& at) {
    Dependency dependency{.alias = alias, .specifier = {}};
    if (!at.absent() && at.value->is_string()) {
      dependency.specifier = at.value->get<std::string>();
    } else if (!at.absent() && !at.value->is_object()) {
      wrong(at, "text or map");
    }
    out_.dependencies.push_back(std::move(dependency));
  }

  void read_atom(const std::string& name, const Place& at) {
    if (!at.absent() && !at.value->is_object()) wrong(at, "map");
    out_.atoms.push_back({.name = name, .kind = text(at, "kind"), .signature = text(at, "signature")});
  }

  void read_command(const std::string& name, const Place& at) {
    if (!at.absent() && !at.value->is_object()) wrong(at, "map");
    Command command{.name = name, .runner = text(at, "runner"), .atom = {}, .dependency = {}};
    const Place annotations = map(at, "annotations");
    const Place atom = map(annotations, "atom");
    command.atom = text(atom, "name");
    command.dependency = text(atom, "dependency");
    const Place wasi = map(annotations, "wasi");
    if (command.atom.empty()) read_runner_atom(wasi, command);
    if (command.atom.empty()) read_runner_atom(map(annotations, "emscripten"), command);
    read_start(wasi, command);
    if (!at.absent()) command.json = json_of(*at.value);
    // Old packages name no atom: the first one is meant.
    if (command.atom.empty() && !out_.atoms.empty()) command.atom = out_.atoms.front().name;
    out_.commands.push_back(std::move(command));
  }

  /// The older form: `atom` and `package`, or both as `package:atom`.
  void read_runner_atom(const Place& runner, Command& command) {
    command.atom = text(runner, "atom");
    const std::string dependency = text(runner, "package");
    if (command.atom.empty()) return;
    if (command.dependency.empty()) command.dependency = dependency;
    if (const auto colon = command.atom.rfind(':'); colon != std::string::npos) {
      command.dependency = command.atom.substr(0, colon);
      command.atom.erase(0, colon + 1);
    }
  }

  /// How the program wants to be started. Runners of every kind look for it in
  /// the `wasi` annotation.
  void read_start(const Place& wasi, Command& command) {
    command.exec_name = text(wasi, "exec-name");
    if (command.exec_name.empty()) command.exec_name = text(wasi, "exec_name");
    command.main_args = texts(wasi, "main-args", "main_args");
    command.env = texts(wasi, "env");
    command.cwd = text(wasi, "cwd");
  }

  void read_fs(const Place& fs) {
    if (fs.absent()) return;
    out_.has_fs = true;
    if (!fs.value->is_array()) return wrong(fs, "list");
    for (std::size_t i = 0; i < fs.value->size(); ++i) {
      const Place at{&(*fs.value)[i], concat(fs.path, "[", i, "]")};
      if (!at.value->is_object()) return wrong(at, "map");
      FsMapping mapping{.from = text(at, "from"),
                        .volume = required_text(at, "volume_name"),
                        .host_path = text(at, "host_path"),
                        .mount_path = required_text(at, "mount_path")};
      if (mapping.host_path.empty()) mapping.host_path = text(at, "original_path");
      out_.fs.push_back(std::move(mapping));
    }
  }

  std::uint64_t offset_;
  PackageManifest out_;
  std::optional<Fault> fault_;
};

}  // namespace

Parsed<PackageManifest> read_manifest(ByteSpan file, Range manifest) {
  auto root = decode(file, manifest);
  if (!root) return std::unexpected(std::move(root.error()));
  return ManifestReader(manifest.offset).read(*root);
}

std::string manifest_as_json(ByteSpan cbor) {
  auto root = decode(cbor, {0, cbor.size()});
  return json_of(*std::move(root));
}

}  // namespace wasifs::webc
