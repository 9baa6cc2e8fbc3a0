// SPDX-License-Identifier: Apache-2.0
#include "plan/wasmer_toml.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/path.h"
#include "plan/document.h"
#include "plan/reader.h"
#include "plan/semver.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kRunnerPrefix = "https://webc.org/runner/";
constexpr std::string_view kKindPrefix = "https://webc.org/kind/";
constexpr std::string_view kSpaces = " \t\n\r\f\v";

bool is_url(std::string_view text) { return text.find("://") != std::string_view::npos; }

/// The runner of a command as packages have it.
std::string runner_url(std::string_view name) {
  if (is_url(name)) return std::string(name);
  if (name == "generic" || name == "none" || name == "wasi@unstable_") name = "wasi";
  return std::string(kRunnerPrefix) + std::string(name);
}

std::string kind_url(std::string_view name) {
  return is_url(name) ? std::string(name) : std::string(kKindPrefix) + std::string(name);
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t start = text.find_first_not_of(kSpaces); start != std::string_view::npos;
       start = text.find_first_not_of(kSpaces)) {
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(kSpaces), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::vector<std::string> values_of(std::vector<Located<std::string>> located) {
  std::vector<std::string> values;
  for (Located<std::string>& one : located) values.push_back(std::move(one.value));
  return values;
}

/// `namespace/name` of letters, digits, '_' and '-'.
bool is_dependency_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == name.size()) return false;
  return std::ranges::all_of(name.substr(0, slash), good) &&
         std::ranges::all_of(name.substr(slash + 1), good);
}

class TomlReader {
 public:
  TomlReader(const Value& document, const std::string& file)
      : file_(file), reader_(document, "wasmer.toml", errors_) {}

  Outcome<WasmerToml> read() {
    if (const Value* package = reader_.table("package", "[package]")) read_package(*package);
    if (const Value* fs = reader_.table("fs", "[fs]")) read_fs(*fs);
    for (const Value* module : reader_.tables("module", "[[module]]")) read_module(*module);
    if (const Value* dependencies = reader_.table("dependencies", "[dependencies]")) {
      for (const Entry& entry : dependencies->entries) read_dependency(entry);
    }
    for (const Value* command : reader_.tables("command", "[[command]]")) read_command(*command);
    check_entrypoint();
    reader_.report_slips();
    if (!errors_.empty()) return fail(std::move(errors_).diagnostic(file_));
    return std::move(toml_);
  }

 private:
  void read_package(const Value& table) {
    TableReader reader(table, "[package]", errors_);
    toml_.name = reader.text("name");
    toml_.version = reader.text("version");
    if (toml_.version) {
      if (const auto version = parse_version(toml_.version->value); !version) {
        errors_.add(toml_.version->where, version.error().message);
      }
    }
    if (const auto description = reader.content("description")) toml_.description = description->value;
    toml_.entrypoint = reader.text("entrypoint");
  }

  void read_fs(const Value& table) {
    for (const Entry& entry : table.entries) {
      if (entry.key.find('\0') != std::string::npos) {
        errors_.add(entry.where, "a path of [fs] must not contain a NUL byte");
      } else if (entry.value.kind != ValueKind::string) {
        errors_.add(entry.value.where, "[fs] " + quoted(entry.key) + " must be a string, not " +
                                           std::string(entry.value.kind_name));
      } else if (check_text(entry.key, entry.value, errors_)) {
        toml_.fs.push_back({{entry.key, entry.where}, {entry.value.text, entry.value.where}});
      }
    }
  }

  void read_module(const Value& table) {
    TableReader reader(table, "[[module]]", errors_);
    WasmerToml::Module module;
    const auto name = reader.required_text("name");
    const auto source = reader.required_text("source");
    if (const auto abi = reader.word<std::string>(
            "abi", {{"wasi", "wasi"}, {"emscripten", "emscripten"}, {"wasm4", "wasm4"}, {"none", "none"}})) {
      module.abi = abi->value;
    }
    const auto kind = reader.text("kind");
    module.kind = kind_url(kind ? kind->value : "wasm");
    if (!name) return;
    module.name = *name;
    if (source) module.source = *source;
    if (!modules_.emplace(name->value, module.abi).second) {
      errors_.add(name->where, "the module " + quoted(name->value) + " is there twice");
    }
    toml_.modules.push_back(std::move(module));
  }

  void read_dependency(const Entry& entry) {
    if (!is_dependency_name(entry.key)) {
      errors_.add(entry.where, "the dependency " + quoted(entry.key) + " is not named namespace/name");
    } else if (entry.value.kind != ValueKind::string) {
      errors_.add(entry.value.where, "the dependency " + quoted(entry.key) +
                                         " must be a version range, not " +
                                         std::string(entry.value.kind_name));
    } else if (const auto range = VersionRange::parse(entry.value.text); !range) {
      errors_.add(entry.value.where, "the dependency " + quoted(entry.key) + ": " + range.error().message);
    } else {
      dependencies_.insert(entry.key);
      toml_.dependencies.push_back({{entry.key, entry.where}, entry.value.text});
    }
  }

  void read_command(const Value& table) {
    TableReader reader(table, "[[command]]", errors_);
    webc::Command command;
    const auto name = reader.required_text("name");
    if (const auto module = reader.required_text("module")) read_module_reference(*module, command);
    if (const auto runner = reader.text("runner")) {
      command.runner = runner_url(runner->value);
      if (const Value* annotations = reader.table("annotations", "\"annotations\"")) {
        read_annotations(*annotations, command);
      }
    } else {
      read_old_form(reader, table, command);
    }
    if (!name) return;
    command.name = name->value;
    if (!commands_.insert(name->value).second) {
      errors_.add(name->where, "the command " + quoted(name->value) + " is there twice");
    }
    toml_.commands.push_back(std::move(command));
  }

  /// `MODULE` of this package or `DEPENDENCY:MODULE`.
  void read_module_reference(const Located<std::string>& module, webc::Command& command) {
    const std::string& text = module.value;
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) {
      command.atom = text;
      if (!modules_.contains(text)) {
        errors_.add(module.where, "there is no module " + quoted(text), known_modules());
      }
      return;
    }
    command.dependency = text.substr(0, colon);
    command.atom = text.substr(colon + 1);
    if (command.dependency.empty() || command.atom.empty() || command.atom.find(':') != std::string::npos) {
      errors_.add(module.where, quoted(text) + " is neither the name of a module nor DEPENDENCY:MODULE");
    } else if (!dependencies_.contains(command.dependency)) {
      errors_.add(module.where, "there is no dependency " + quoted(command.dependency),
                  "add it to [dependencies]");
    }
  }

  std::string known_modules() const {
    std::vector<std::string_view> names;
    for (const auto& [name, abi] : modules_) names.push_back(name);
    return names.empty() ? "add a [[module]] with that name" : "the modules are " + list_of(names, "and");
  }

  void read_annotations(const Value& table, webc::Command& command) {
    TableReader reader(table, "\"annotations\"", errors_);
    if (reader.place_of("file") && reader.place_of("kind")) {
      errors_.add(reader.where(), "annotations in a file of their own are not supported",
                  "write them into wasmer.toml");
      return;
    }
    const Value* wasi = reader.table("wasi", "\"annotations.wasi\"");
    if (wasi == nullptr) return;
    TableReader start(*wasi, "\"annotations.wasi\"", errors_);
    command.exec_name = either_text(start, "exec-name", "exec_name");
    command.main_args = values_of(start.texts(start.place_of("main-args") ? "main-args" : "main_args"));
    command.env = values_of(start.texts("env"));
    if (const auto cwd = start.text("cwd")) command.cwd = cwd->value;
  }

  static std::string either_text(TableReader& reader, std::string_view key, std::string_view other) {
    const auto found = reader.text(reader.place_of(key) ? key : other);
    return found ? found->value : std::string();
  }

  /// The form without a runner, which follows from the module's ABI. It has no
  /// other keys: a command that means to be the newer form is found out.
  void read_old_form(TableReader& reader, const Value& table, webc::Command& command) {
    const auto args = reader.content(reader.place_of("main_args") ? "main_args" : "main-args");
    if (args) command.main_args = split_words(args->value);
    constexpr std::string_view kKeys[] = {"name", "module", "main_args", "main-args", "package"};
    for (const Entry& entry : table.entries) {
      if (std::ranges::find(kKeys, entry.key) != std::end(kKeys) || entry.key == "runner") continue;
      errors_.add(table.where, "[[command]] has no \"runner\", which " + quoted(entry.key) + " is for",
                  "add runner = \"wasi\"");
      return;
    }
    const auto module = modules_.find(command.atom);
    const bool own = command.dependency.empty() && module != modules_.end();
    command.runner = runner_url(own ? module->second : "wasi");
  }

  void check_entrypoint() {
    if (!toml_.entrypoint) return;
    const std::string& wanted = toml_.entrypoint->value;
    if (commands_.contains(wanted)) return;
    const std::vector<std::string_view> names(commands_.begin(), commands_.end());
    errors_.add(toml_.entrypoint->where, "the entrypoint " + quoted(wanted) + " is no command",
                names.empty() ? "there are no commands" : "the commands are " + list_of(names, "and"));
  }

  const std::string& file_;
  Errors errors_;
  TableReader reader_;
  std::map<std::string, std::string, std::less<>> modules_;  ///< name to ABI
  std::set<std::string, std::less<>> commands_;
  std::set<std::string, std::less<>> dependencies_;
  WasmerToml toml_;
};

}  // namespace

Outcome<WasmerToml> parse_wasmer_toml(std::string_view text, const std::string& file) {
  const Outcome<Value> document = parse_document(text, file);
  if (!document) return fail(document.error());
  return TomlReader(*document, file).read();
}

std::string sanitize_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split_path(path)) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string clean;
  for (const std::string_view part : parts) clean.append("/").append(part);
  return clean.empty() ? "/" : clean;
}

webc::PackageManifest package_manifest(const WasmerToml& toml) {
  webc::PackageManifest manifest;
  if (toml.name) manifest.name = toml.name->value;
  if (toml.version) manifest.version = toml.version->value;
  manifest.description = toml.description;
  for (const WasmerToml::Dependency& dependency : toml.dependencies) {
    const std::string& name = dependency.name.value;
    manifest.dependencies.push_back({.alias = name, .specifier = name + "@" + dependency.range});
  }
  for (const WasmerToml::Module& module : toml.modules) {
    manifest.atoms.push_back({.name = module.name.value, .kind = module.kind, .signature = {}, .size = 0});
  }
  std::ranges::sort(manifest.atoms, {}, &webc::Atom::name);
  manifest.commands = toml.commands;
  for (const WasmerToml::Mapping& mapping : toml.fs) {
    manifest.fs.push_back({.from = {},
                           .volume = sanitize_path(mapping.host.value),
                           .host_path = {},
                           .mount_path = sanitize_path(mapping.guest.value)});
  }
  manifest.has_fs = !manifest.fs.empty();
  if (toml.entrypoint) {
    manifest.entrypoint = toml.entrypoint->value;
  } else if (manifest.commands.size() == 1) {
    manifest.entrypoint = manifest.commands.front().name;
  }
  return manifest;
}

}  // namespace wasifs::plan
