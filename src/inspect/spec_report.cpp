// SPDX-License-Identifier: Apache-2.0
#include "inspect/spec_report.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/utf8.h"
#include "inspect/command_text.h"
#include "inspect/json_text.h"
#include "inspect/place_text.h"
#include "plan/plan_lookup.h"
#include "plan/run_reader.h"

namespace wasifs {

namespace {

constexpr unsigned kFirstPreopen = 3;

/// The directories that the commands really appear in.
std::vector<std::string_view> shown_directories(const Plan& plan) {
  std::vector<std::string_view> shown;
  for (const std::string_view directory : plan::kCommandDirectories) {
    if (!plan.mounts.empty() && plan::command_layer(plan::mount_showing(plan, directory)) != nullptr) {
      shown.push_back(directory);
    }
  }
  return shown;
}

std::vector<std::string> paths_of(const Plan& plan, std::string_view command) {
  std::vector<std::string> paths;
  for (const std::string_view directory : shown_directories(plan)) {
    paths.push_back(std::string(directory) + "/" + std::string(command));
  }
  return paths;
}

const PlannedCommand* find_command(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.commands, name, &PlannedCommand::name);
  return found == plan.commands.end() ? nullptr : &*found;
}

std::vector<std::string_view> names_of(const Rights& rights) {
  std::vector<std::string_view> names;
  if (rights.read) names.emplace_back("read");
  if (rights.write) names.emplace_back("write");
  if (rights.create) names.emplace_back("create");
  return names;
}

template <class Names>
std::string joined(const Names& names, std::string_view separator) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += separator;
    out += name;
  }
  return out;
}

/// A limit by name; absent where there is none.
struct Limit {
  std::string_view label;
  std::string_view key;
  std::string_view unit;
  std::optional<std::uint64_t> value;
};

std::vector<Limit> limits_of(const Plan& plan) {
  return {{"memory", "memory_limit", " bytes", plan.memory_limit},
          {"inodes", "inode_limit", "", plan.inode_limit},
          {"bytes of all memory layers", "max_bytes", "", plan.limits.max_bytes},
          {"inodes of all memory layers", "max_inodes", "", plan.limits.max_inodes},
          {"size of a file", "max_file_size", " bytes", plan.limits.max_file_size},
          {"open files", "max_open", "", plan.limits.max_open}};
}

/// Lays the text out line by line.
class SpecText {
 public:
  SpecText(const Plan& plan, const TextStyle& style) : plan_(plan), run_(plan.run), style_(style) {}

  std::string render() && {
    line("run specification of " + quoted(plan_.source));
    add_command();
    field("entry function", display_name(run_.entry_function));
    field("working directory", display_name(run_.cwd) + place_text(run_.cwd_where));
    add_arguments();
    add_environment();
    add_preopens();
    add_commands();
    add_limits();
    add_capabilities();
    if (const auto quirks = plan::compat_names(run_.compat); !quirks.empty()) {
      field("compat", joined(quirks, ", "));
    }
    return std::move(out_);
  }

 private:
  void line(const std::string& text) {
    out_ += style_.columns == 0 ? text : cut(text, style_.columns, style_.utf8);
    out_ += '\n';
  }

  void field(std::string_view label, const std::string& value) {
    constexpr std::size_t kLabelWidth = 19;
    line(std::string(label) + ":" + std::string(kLabelWidth - label.size() - 1, ' ') + value);
  }

  void add_command() {
    if (run_.command.empty()) {
      field("command", "none");
      if (run_.choices.empty()) return;
      line("  choose one with command = \"...\" in [container]:");
      for (const std::string& name : run_.choices) line("  " + display_name(name));
      return;
    }
    field("command", display_name(run_.command));
    const PlannedCommand* command = find_command(plan_, run_.command);
    const std::vector<std::string> paths = paths_of(plan_, run_.command);
    if (command == nullptr || paths.empty()) {
      field("program", "not in the tree");
    } else {
      field("program", display_name(paths.front()) + ", " + command_source(*command));
    }
  }

  void add_arguments() {
    line(run_.argv.empty() ? "arguments:         none" : "arguments:");
    for (std::size_t i = 0; i < run_.argv.size(); ++i) {
      line("  " + std::to_string(i) + "  " + display_name(run_.argv[i]));
    }
  }

  void add_environment() {
    line(run_.env.empty() ? "environment:       none" : "environment:");
    for (const EnvVar& variable : run_.env) line("  " + display_name(variable.name + "=" + variable.value));
  }

  void add_preopens() {
    line(run_.preopens.empty() ? "preopens:          none" : "preopens:");
    std::size_t widest = 0;
    for (const Preopen& one : run_.preopens) widest = std::max(widest, display_name(one.alias).size());
    for (std::size_t i = 0; i < run_.preopens.size(); ++i) {
      const Preopen& one = run_.preopens[i];
      std::string alias = display_name(one.alias);
      alias.resize(std::max(widest, alias.size()), ' ');
      line("  " + std::to_string(kFirstPreopen + i) + "  " + alias + " -> " + display_name(one.path) + "  " +
           joined(names_of(one.rights), ", ") + place_text(one.where));
    }
  }

  void add_commands() {
    if (plan_.commands.empty()) {
      line("commands:          none");
      return;
    }
    const auto directories = shown_directories(plan_);
    line(directories.empty() ? "commands, hidden by mounts at /bin and /usr/bin:"
                             : "commands in " + joined(directories, " and ") + ":");
    for (const PlannedCommand& command : plan_.commands) {
      line("  " + display_name(command.name) + " = " + command_source(command));
    }
  }

  void add_limits() {
    bool any = !plan_.limits.special_files;
    for (const Limit& limit : limits_of(plan_)) any = any || limit.value;
    if (!any) return;
    line("limits:");
    for (const Limit& limit : limits_of(plan_)) {
      if (!limit.value) continue;
      line("  " + std::string(limit.label) + ": " + std::to_string(*limit.value) + std::string(limit.unit));
    }
    if (!plan_.limits.special_files) line("  special files: refused");
  }

  void add_capabilities() {
    if (!run_.capabilities.empty()) line("capabilities:");
    for (const Capability& one : run_.capabilities) {
      line("  " + display_name(one.name) + " = " + one.json + place_text(one.where));
    }
  }

  const Plan& plan_;
  const RunSpec& run_;
  TextStyle style_;
  std::string out_;
};

/// The JSON of every element, as an array.
template <class Range, class ToJson>
std::string json_list(const Range& values, ToJson to_json) {
  std::vector<std::string> items;
  for (const auto& value : values) items.push_back(to_json(value));
  return json_array(items);
}

/// An array of strings, and a second one with their exact bytes where some are
/// no UTF-8.
void add_texts(JsonObject& object, std::string_view key, const std::vector<std::string>& texts) {
  object.add_json(key, json_list(texts, json_string));
  if (std::ranges::all_of(texts, is_utf8)) return;
  object.add_json(std::string(key) + "_base64",
                  json_list(texts, [](const std::string& text) { return json_string(base64(text)); }));
}

std::string json_text_or_null(std::string_view text) { return text.empty() ? "null" : json_string(text); }

std::string json_env(const EnvVar& variable) {
  return JsonObject().add("name", variable.name).add("value", variable.value).str();
}

std::string json_preopens(const std::vector<Preopen>& preopens) {
  std::vector<std::string> items;
  for (const Preopen& preopen : preopens) {
    items.push_back(JsonObject()
                        .add("fd", kFirstPreopen + items.size())
                        .add("alias", preopen.alias)
                        .add("path", preopen.path)
                        .add_json("rights", json_list(names_of(preopen.rights), json_string))
                        .add_json("where", place_json(preopen.where))
                        .str());
  }
  return json_array(items);
}

std::string json_command(const Plan& plan, const PlannedCommand& command) {
  JsonObject object;
  object.add("name", command.name);
  add_texts(object, "paths", paths_of(plan, command.name));
  object.add("origin", command.origin)
      .add("source", command.source)
      .add_json("atom", json_text_or_null(command.atom))
      .add_json("runner", json_text_or_null(command.runner))
      .add_json("exec_name", json_text_or_null(command.exec_name));
  add_texts(object, "main_args", command.main_args);
  add_texts(object, "env", command.env);
  return object.add_json("cwd", json_text_or_null(command.cwd))
      .add_json("where", place_json(command.where))
      .str();
}

std::string json_capability(const Capability& one) {
  return JsonObject()
      .add("name", one.name)
      .add_json("value", one.json)
      .add_json("where", place_json(one.where))
      .str();
}

std::string json_limits(const Plan& plan) {
  JsonObject object;
  for (const Limit& limit : limits_of(plan)) {
    object.add_json(limit.key, limit.value ? std::to_string(*limit.value) : "null");
  }
  return object.add("special_files", plan.limits.special_files).str();
}

/// The file that is run, null where it does not appear in the tree.
std::string json_program(const Plan& plan) {
  const std::vector<std::string> paths = paths_of(plan, plan.run.command);
  if (find_command(plan, plan.run.command) == nullptr || paths.empty()) return "null";
  return json_string(paths.front());
}

}  // namespace

std::string render_spec(const Plan& plan, const TextStyle& style) { return SpecText(plan, style).render(); }

std::string spec_json(const Plan& plan) {
  const RunSpec& run = plan.run;
  JsonObject object;
  object.add("schema", kJsonSchema)
      .add("source", plan.source)
      .add_json("command", json_text_or_null(run.command))
      .add_json("program", json_program(plan));
  add_texts(object, "choices", run.choices);
  object.add("entry_function", run.entry_function);
  add_texts(object, "argv", run.argv);
  return object.add_json("env", json_list(run.env, json_env))
             .add("cwd", run.cwd)
             .add_json("cwd_where", place_json(run.cwd_where))
             .add_json("preopens", json_preopens(run.preopens))
             .add_json("commands",
                       json_list(plan.commands,
                                 [&](const PlannedCommand& command) { return json_command(plan, command); }))
             .add_json("limits", json_limits(plan))
             .add_json("capabilities", json_list(run.capabilities, json_capability))
             .add_json("compat", json_list(plan::compat_names(run.compat), json_string))
             .str() +
         "\n";
}

}  // namespace wasifs
