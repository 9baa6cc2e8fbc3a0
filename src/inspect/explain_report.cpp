// SPDX-License-Identifier: Apache-2.0
#include "inspect/explain_report.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "base/path.h"
#include "inspect/json_text.h"
#include "inspect/place_text.h"
#include "inspect/plan_report.h"
#include "inspect/text.h"
#include "inspect/walk.h"
#include "plan/plan_lookup.h"

namespace wasifs {

namespace {

ExplainReport::MountFacts facts_of(const Plan& plan, const MountPlace& place) {
  ExplainReport::MountFacts facts{.place = place};
  const auto planned = std::ranges::find(plan.mounts, place.guest, &PlannedMount::guest);
  if (place.synthetic || planned == plan.mounts.end()) return facts;
  facts.access = planned->access;
  facts.opaque = planned->opaque;
  facts.where = planned->where;
  return facts;
}

/// The command that `told` is: shown by the layer that commands are put into.
std::optional<PlannedCommand> command_at(const Plan& plan, const Provenance& told) {
  const LayerTrace* const shown = told.shown();
  const std::size_t slash = told.path.rfind('/');
  if (shown == nullptr || told.type != FileType::regular || slash == std::string::npos) return std::nullopt;
  const std::string_view directory = std::string_view(told.path).substr(0, slash);
  if (std::ranges::find(plan::kCommandDirectories, directory) == std::end(plan::kCommandDirectories)) {
    return std::nullopt;
  }
  const PlannedMount& mount = plan::mount_showing(plan, directory);
  const PlannedLayer* const layer = plan::command_layer(mount);
  if (layer == nullptr || shown->mount != mount.guest || shown->layer != layer->describe())
    return std::nullopt;
  const auto command = std::ranges::find(plan.commands, told.path.substr(slash + 1), &PlannedCommand::name);
  if (command == plan.commands.end()) return std::nullopt;
  return *command;
}

/// For a sentence, with its article.
std::string noun(FileType type) {
  switch (type) {
    case FileType::char_device:
      return "a character device";
    case FileType::block_device:
      return "a block device";
    default:
      return "a " + std::string(type_name(type));
  }
}

/// `"/x" is a file of host "./site" path "/x"`.
std::string what_is_in_the_way(const Tree& tree, const std::string& at) {
  const Result<Provenance> told = tree.provenance(at);
  std::string text = quoted(at);
  if (!told || !told->type) return text + " is not a directory";
  text += " is " + noun(*told->type);
  if (const LayerTrace* const shown = told->shown(); shown != nullptr) text += " of " + shown->origin.text();
  return text;
}

std::string reason_for(const Tree& tree, const Provenance& told) {
  const Provenance::Missing& missing = *told.missing;
  if (missing.error == Errc::enotdir) return what_is_in_the_way(tree, missing.at);
  if (missing.error != Errc::enoent) {
    return quoted(missing.at) + " cannot be looked at: " + message(missing.error);
  }
  const auto has = [&](Role role) {
    return std::ranges::find(told.layers, role, &LayerTrace::role) != told.layers.end();
  };
  if (has(Role::hidden)) return "what the layers have there was taken away";
  if (has(Role::shadowed)) return "what the layers have there is covered";
  if (missing.at == told.path) return "no layer has it";
  return "no layer has " + quoted(missing.at);
}

}  // namespace

Outcome<ExplainReport> explain_path(const Tree& tree, const Plan& plan, std::string_view path) {
  Result<Provenance> told = tree.provenance(path);
  if (!told) return fail(path_error("explain", path, told.error()));
  ExplainReport report;
  report.path = absolute_path(path);
  report.provenance = *std::move(told);
  const Provenance& provenance = report.provenance;
  if (provenance.type == FileType::symlink) {
    const Result<VNode> node = tree.resolve(provenance.path, Follow::no);
    Result<Link> link = node ? tree.read_link(*node) : fail(node.error());
    if (link) report.target = std::move(link->text);
  }
  for (const MountPlace& mount : provenance.mounts) report.mounts.push_back(facts_of(plan, mount));
  report.command = command_at(plan, provenance);
  std::ranges::copy_if(plan.decisions, std::back_inserter(report.decisions), [&](const Decision& decision) {
    return is_at_or_below(provenance.path, decision.guest);
  });
  if (provenance.missing) report.reason = reason_for(tree, provenance);
  return report;
}

namespace {

constexpr std::size_t kColumns = 80;

void line(std::ostream& out, std::size_t indent, std::string_view text) {
  out << wrapped(text, indent, kColumns) << "\n";
}

void print_head(std::ostream& out, const ExplainReport& report) {
  const Provenance& provenance = report.provenance;
  std::string head = display_name(provenance.path) + ": ";
  head += report.found() ? type_name(*provenance.type) : "nothing is there";
  if (!report.target.empty()) head += " -> " + display_name(report.target);
  line(out, 0, head);
  if (!report.reason.empty()) line(out, 2, report.reason);
  for (const FollowedLink& link : provenance.links) {
    line(out, 2, "followed the symlink " + quoted(link.path) + " -> " + quoted(link.text));
  }
  if (provenance.synthetic) line(out, 2, "made because something is mounted below it");
  if (const auto& command = report.command) {
    const bool program = !command->atom.empty();
    line(out, 2,
         "command " + quoted(command->name) + ": " +
             (program ? "program " + quoted(command->atom) + " of " : "file of the host ") +
             quoted(command->source));
  }
}

void print_layers(std::ostream& out, const ExplainReport& report, Role role) {
  bool first = true;
  for (const LayerTrace& layer : report.provenance.layers) {
    if (layer.role != role) continue;
    if (first) out << name_of(role) << "\n";
    first = false;
    std::string text = layer.origin.text();
    if (layer.type != report.provenance.type) text += ", " + noun(layer.type);
    if (layer.mount != report.mounts.front().place.guest) text += ", of the mount at " + quoted(layer.mount);
    line(out, 2, text);
    line(out, 4, layer.why());
  }
}

void print_mounts(std::ostream& out, const ExplainReport& report) {
  out << (report.mounts.size() > 1 ? "mounts, the innermost first\n" : "mount\n");
  for (const ExplainReport::MountFacts& mount : report.mounts) {
    std::string text = mount.place.text();
    if (mount.access) text += ", " + std::string(name_of(*mount.access));
    if (mount.opaque) text += ", opaque";
    line(out, 2, text);
  }
}

void print_decisions(std::ostream& out, const ExplainReport& report) {
  if (report.decisions.empty()) return;
  out << "decisions\n";
  for (const Decision& decision : report.decisions) {
    line(out, 2,
         quoted(decision.guest) + ": " + decision.kept + " wins over " + decision.dropped +
             place_text(decision.where));
    line(out, 4, "because " + decision.rule);
  }
}

std::string json_layer(const LayerTrace& layer) {
  JsonObject json;
  json.add("role", name_of(layer.role))
      .add("layer", layer.layer)
      .add("source", layer.origin.source)
      .add("source_path", layer.origin.path)
      .add("type", type_name(layer.type))
      .add("mount", layer.mount)
      .add("cause", name_of(layer.cause))
      .add("at", layer.at)
      .add("by", layer.by)
      .add("why", layer.why());
  return json.str();
}

std::string json_mount(const ExplainReport::MountFacts& mount) {
  JsonObject json;
  json.add("guest", mount.place.guest).add("asked_by", mount.place.label);
  if (mount.access) {
    json.add("access", name_of(*mount.access));
  } else {
    json.add_json("access", "null");
  }
  json.add("opaque", mount.opaque)
      .add("synthetic", mount.place.synthetic)
      .add_json("where", place_json(mount.where));
  return json.str();
}

std::string json_link(const FollowedLink& link) {
  return JsonObject().add("path", link.path).add("text", link.text).str();
}

std::string json_command(const PlannedCommand& command) {
  return JsonObject().add("name", command.name).add("source", command.source).add("atom", command.atom).str();
}

std::string json_missing(const ExplainReport& report) {
  const Provenance::Missing& missing = *report.provenance.missing;
  return JsonObject()
      .add("at", missing.at)
      .add("error", message(missing.error))
      .add("reason", report.reason)
      .str();
}

template <class T, class ToJson>
std::string json_list(const std::vector<T>& values, ToJson to_json) {
  std::vector<std::string> items;
  items.reserve(values.size());
  for (const T& value : values) items.push_back(to_json(value));
  return json_array(items);
}

}  // namespace

void print_explain(std::ostream& out, const ExplainReport& report) {
  print_head(out, report);
  for (const Role role : {Role::shown, Role::merged, Role::shadowed, Role::hidden}) {
    print_layers(out, report, role);
  }
  print_mounts(out, report);
  print_decisions(out, report);
}

void print_explain_json(std::ostream& out, const ExplainReport& report) {
  const Provenance& provenance = report.provenance;
  JsonObject json;
  json.add("schema", kJsonSchema)
      .add("path", report.path)
      .add("place", provenance.path)
      .add("found", report.found())
      .add_json("type", report.found() ? json_string(type_name(*provenance.type)) : "null");
  if (provenance.type == FileType::symlink) {
    json.add("target", report.target);
  } else {
    json.add_json("target", "null");
  }
  json.add("synthetic", provenance.synthetic)
      .add_json("links", json_list(provenance.links, json_link))
      .add_json("layers", json_list(provenance.layers, json_layer))
      .add_json("mounts", json_list(report.mounts, json_mount))
      .add_json("command", report.command ? json_command(*report.command) : "null")
      .add_json("missing", provenance.missing ? json_missing(report) : "null")
      .add_json("decisions", json_list(report.decisions, decision_json));
  out << json.str() << "\n";
}

}  // namespace wasifs
