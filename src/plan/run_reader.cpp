// SPDX-License-Identifier: Apache-2.0
#include "plan/run_reader.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/path.h"
#include "base/suggest.h"
#include "plan/layer_source.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kCwd = "working directory";
constexpr std::string_view kPreopenPath = "preopen path";

struct Quirk {
  std::string_view name;
  bool Compat::* field;
};
constexpr std::array<Quirk, 3> kQuirks{{{"env-duplicates", &Compat::env_duplicates},
                                        {"cwd-package-wins", &Compat::cwd_package_wins},
                                        {"create-new-over-lower", &Compat::create_new_over_lower}}};

struct Right {
  std::string_view name;
  bool Rights::* field;
};
constexpr std::array<Right, 3> kRights{
    {{"read", &Rights::read}, {"write", &Rights::write}, {"create", &Rights::create}}};

template <class Table>
std::vector<std::string_view> names_in(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& one : table) names.push_back(one.name);
  return names;
}

/// The strings of the array `key`, which may be empty ones.
std::vector<Located<std::string>> read_strings(TableReader& reader, std::string_view key, Errors& errors) {
  std::vector<Located<std::string>> strings;
  const Value* array = reader.array(key);
  if (array == nullptr) return strings;
  for (const Value& item : array->items) {
    if (item.kind == ValueKind::string) {
      strings.push_back({item.text, item.where});
    } else {
      errors.add(item.where, quoted(key) + " must hold strings, not " + std::string(item.kind_name));
    }
  }
  return strings;
}

/// The words of the array `key`, each of which sets a field of the result.
template <class Fields, class Table>
Fields read_words(TableReader& reader, std::string_view key, const Table& table, Errors& errors) {
  Fields fields;
  for (const auto& word : read_strings(reader, key, errors)) {
    const auto known = std::ranges::find_if(table, [&](const auto& one) { return one.name == word.value; });
    if (known != table.end()) {
      fields.*known->field = true;
      continue;
    }
    const std::vector<std::string_view> names = names_in(table);
    errors.add(word.where, quoted(key) + " must hold " + list_of(names, "or") + ", not " + quoted(word.value),
               suggest(word.value, names));
  }
  return fields;
}

std::vector<Located<EnvVar>> read_env(TableReader& reader, Errors& errors) {
  std::vector<Located<EnvVar>> env;
  const Value* table = reader.find("env");
  if (table == nullptr) return env;
  if (table->kind != ValueKind::table) {
    errors.add(table->where, "\"env\" must be a table, not " + std::string(table->kind_name));
    return env;
  }
  for (const Entry& entry : table->entries) {
    if (entry.value.kind != ValueKind::string) {
      errors.add(entry.value.where, "environment variable " + quoted(entry.key) + " must be a string, not " +
                                        std::string(entry.value.kind_name));
      continue;
    }
    Located<EnvVar> variable{{.name = entry.key, .value = entry.value.text}, entry.where};
    if (check_env(variable, errors)) env.push_back(std::move(variable));
  }
  return env;
}

std::string without_slashes(std::string_view alias) {
  return std::string(alias.substr(std::min(alias.find_first_not_of('/'), alias.size())));
}

/// Reads one [[preopen]] after the other, and remembers which aliases are taken.
class PreopenReader {
 public:
  explicit PreopenReader(Errors& errors) : errors_(errors) {}

  void read(const Value& table) {
    TableReader reader(table, "[[preopen]]", errors_);
    Preopen preopen{.alias = {}, .path = {}, .rights = {}, .where = reader.where()};
    if (const auto path = reader.required_text("path")) {
      if (auto normal = normalize_absolute(path->value, kPreopenPath)) {
        preopen.path = *std::move(normal);
        preopen.where = path->where;
      } else {
        errors_.add(path->where, normal.error().message, normal.error().hint);
      }
    }
    read_alias(reader, preopen);
    read_rights(reader, preopen);
    reader.finish();
    preopens_.push_back(std::move(preopen));
  }

  std::vector<Preopen> take() && { return std::move(preopens_); }

 private:
  void read_alias(TableReader& reader, Preopen& preopen) {
    preopen.alias = preopen.path;
    SourceLocation where = preopen.where;
    if (const auto alias = reader.text("alias")) {
      where = alias->where;
      auto normal = normalize_alias(alias->value);
      if (!normal) {
        errors_.add(where, normal.error().message, normal.error().hint);
        preopen.alias = without_slashes(alias->value);
        return;
      }
      preopen.alias = *std::move(normal);
    }
    if (preopen.alias.empty()) return;  // what is wrong with the path is reported
    const auto [first, added] = aliases_.emplace(without_slashes(preopen.alias), where);
    if (added) return;
    errors_.add(where,
                "the alias " + quoted(preopen.alias) + " is taken already by the preopen in line " +
                    std::to_string(first->second.line),
                "leading slashes do not count");
  }

  void read_rights(TableReader& reader, Preopen& preopen) {
    const Value* value = reader.find("rights");
    if (value == nullptr) {
      preopen.rights = {.read = true, .write = true, .create = true};
      return;
    }
    preopen.rights = read_words<Rights>(reader, "rights", kRights, errors_);
    if (value->kind == ValueKind::array && value->items.empty()) {
      errors_.add(value->where, "\"rights\" must not be empty",
                  "name " + list_of(names_in(kRights), "or") + ", or leave \"rights\" out for all of them");
    }
    if (preopen.rights.create) preopen.rights.write = true;
  }

  Errors& errors_;
  std::vector<Preopen> preopens_;
  std::map<std::string, SourceLocation> aliases_;  ///< without leading slashes
};

}  // namespace

RunSection read_run(const Value& table, Errors& errors) {
  TableReader reader(table, "[run]", errors);
  RunSection run;
  for (auto& argument : read_strings(reader, "args", errors)) {
    if (check_argument(argument, errors)) run.args.push_back(std::move(argument));
  }
  run.env = read_env(reader, errors);
  if (const auto forward = reader.boolean("forward-host-env")) run.forward_host_env = forward->value;
  if (auto cwd = reader.text("cwd"); cwd && check_cwd(*cwd, errors)) run.cwd = std::move(cwd);
  if (auto function = reader.text("entry-function")) run.entry_function = std::move(function->value);
  if (const auto mapped = reader.boolean("home-mapped")) run.home_mapped = mapped->value;
  run.compat = read_words<Compat>(reader, "compat", kQuirks, errors);
  reader.finish();
  return run;
}

std::vector<Preopen> read_preopens(std::span<const Value* const> tables, Errors& errors) {
  PreopenReader reader(errors);
  for (const Value* table : tables) reader.read(*table);
  return std::move(reader).take();
}

std::vector<MappedCommand> read_map_commands(const Value& table, const std::string& folder, Errors& errors) {
  std::vector<MappedCommand> commands;
  for (const Entry& entry : table.entries) {
    const Located<std::string> alias{entry.key, entry.where};
    const bool named = check_command_alias(alias, errors);
    if (entry.value.kind != ValueKind::string) {
      errors.add(entry.value.where, quoted(entry.key) + " must be the path of a host file (a string), not " +
                                        std::string(entry.value.kind_name));
    } else if (check_text(entry.key, entry.value, errors) && named) {
      commands.push_back({.alias = alias,
                          .target = {entry.value.text, entry.value.where},
                          .path = resolve_source(folder, entry.value.text)});
    }
  }
  return commands;
}

bool check_argument(const Located<std::string>& argument, Errors& errors) {
  if (argument.value.find('\0') == std::string::npos) return true;
  errors.add(argument.where, "argument " + quoted(argument.value) + " must not contain a NUL byte");
  return false;
}

bool check_env(const Located<EnvVar>& variable, Errors& errors) {
  const std::string problem = env_problem(variable.value);
  if (problem.empty()) return true;
  errors.add(variable.where, "environment variable " + quoted(variable.value.name) + ": " + problem);
  return false;
}

bool check_cwd(const Located<std::string>& cwd, Errors& errors) {
  const Outcome<std::string> normal = normalize_absolute(cwd.value, kCwd);
  if (normal) return true;
  errors.add(cwd.where, normal.error().message, normal.error().hint);
  return false;
}

bool check_command_alias(const Located<std::string>& alias, Errors& errors) {
  if (check_name(alias.value)) return true;
  errors.add(alias.where, "the command " + quoted(alias.value) + " cannot be mapped: not a valid file name");
  return false;
}

std::string env_problem(const EnvVar& variable) {
  if (variable.name.empty()) return "its name must not be empty";
  if (variable.name.find('=') != std::string::npos) return "its name must not contain \"=\"";
  if (variable.name.find('\0') != std::string::npos) return "its name must not contain a NUL byte";
  if (variable.value.find('\0') != std::string::npos) return "its value must not contain a NUL byte";
  return {};
}

Outcome<std::string> normalize_absolute(std::string_view path, std::string_view what) {
  Outcome<std::string> normal = normalize_guest_path(path, what);
  if (path.empty() || path.starts_with('/')) return normal;
  return fail(
      Diagnostic{.trouble = Trouble::manifest,
                 .message = "Invalid " + std::string(what) + " " + quoted(path) + ": it is not absolute",
                 .hint = normal ? "write " + quoted(*normal) : std::string()});
}

Outcome<std::string> normalize_alias(std::string_view alias) {
  std::string normal = without_slashes(alias);
  // "/" is the root's name and "." that of the current directory.
  if (normal.empty()) return "/";
  if (normal == "." || check_name(normal)) return normal;
  return fail(Diagnostic{.trouble = Trouble::manifest,
                         .message = "the alias " + quoted(alias) + " is not a valid file name",
                         .hint = "an alias is one name without a slash, \".\" or \"/\""});
}

std::vector<std::string_view> compat_names(const Compat& compat) {
  std::vector<std::string_view> names;
  for (const Quirk& quirk : kQuirks) {
    if (compat.*quirk.field) names.push_back(quirk.name);
  }
  return names;
}

}  // namespace wasifs::plan
