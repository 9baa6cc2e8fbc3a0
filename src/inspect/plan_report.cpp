// SPDX-License-Identifier: Apache-2.0
#include "inspect/plan_report.h"

#include <string_view>
#include <vector>

#include "base/path.h"
#include "inspect/command_text.h"
#include "inspect/json_text.h"
#include "inspect/place_text.h"
#include "inspect/text.h"

namespace wasifs {

std::string_view name_of(Access access) {
  switch (access) {
    case Access::rw:
      return "rw";
    case Access::cow:
      return "cow";
    case Access::ro:
      break;
  }
  return "ro";
}

namespace {

std::string_view name_of(Caching caching) {
  switch (caching) {
    case Caching::none:
      return "none";
    case Caching::forever:
      return "forever";
    case Caching::by_layer:
      break;
  }
  return "auto";
}

std::string_view name_of(Decision::Subject subject) {
  switch (subject) {
    case Decision::Subject::mount:
      return "mount";
    case Decision::Subject::layer:
      return "layer";
    case Decision::Subject::command:
      return "command";
    case Decision::Subject::variable:
      break;
  }
  return "variable";
}

}  // namespace

std::string decision_json(const Decision& decision) {
  return JsonObject()
      .add("subject", name_of(decision.subject))
      .add("guest", decision.guest)
      .add("kept", decision.kept)
      .add("dropped", decision.dropped)
      .add("rule", decision.rule)
      .add_json("where", place_json(decision.where))
      .str();
}

namespace {

std::string_view name_of(LayerKind kind) {
  switch (kind) {
    case LayerKind::base:
      return "base";
    case LayerKind::memory:
      return "memory";
    case LayerKind::host:
      return "host";
    case LayerKind::webc:
      return "webc";
    case LayerKind::archive:
      return "archive";
    case LayerKind::image:
      return "image";
    case LayerKind::static_text:
      return "static";
    case LayerKind::provided:
      return "provided";
    case LayerKind::commands:
      break;
  }
  return "commands";
}

std::string render_limits(const Plan& plan) {
  std::string out;
  if (plan.memory_limit) out += "memory limit: " + std::to_string(*plan.memory_limit) + " bytes\n";
  if (plan.inode_limit) out += "inode limit: " + std::to_string(*plan.inode_limit) + "\n";
  const FsLimits& limits = plan.limits;
  if (limits.max_file_size) out += "file size limit: " + std::to_string(*limits.max_file_size) + " bytes\n";
  if (limits.max_open) out += "open files limit: " + std::to_string(*limits.max_open) + "\n";
  if (!limits.special_files) out += "special files: none can be made\n";
  return out;
}

std::string render_layer(std::string_view role, const PlannedLayer& layer) {
  std::string out = "  " + std::string(role) + " " + layer.describe();
  if (layer.kind == LayerKind::host && layer.symlinks == Symlinks::deny) out += ", symlinks denied";
  if (layer.kind == LayerKind::archive && layer.whiteouts == Whiteouts::oci) out += ", whiteouts oci";
  return out + place_text(layer.where) + "\n";
}

std::string render_mount(const PlannedMount& mount) {
  std::string out = display_name(mount.guest) + "  " + std::string(name_of(mount.access));
  if (mount.opaque) out += ", opaque";
  if (mount.symlink_text == SymlinkText::rebase) out += ", symlink-text rebase";
  if (mount.caching != Caching::by_layer) out += ", cache " + std::string(name_of(mount.caching));
  if (mount.quota_bytes) out += ", quota " + std::to_string(*mount.quota_bytes) + " bytes";
  out += ", from " + mount.origin;
  // Of a flag the origin is the place.
  if (mount.where.file != mount.origin) out += place_text(mount.where);
  out += "\n";
  if (mount.upper) out += render_layer("upper", *mount.upper);
  if (!mount.work.empty()) out += "    keeps changes, with work directory " + quoted(mount.work) + "\n";
  for (const PlannedLayer& lower : mount.lowers) out += render_layer("lower", lower);
  return out;
}

std::string render_decision(const Decision& decision) {
  return "  " + display_name(decision.guest) + ": " + decision.kept + " wins over " + decision.dropped +
         place_text(decision.where) + "\n    because " + decision.rule + "\n";
}

std::string json_layer(const PlannedLayer& layer) {
  JsonObject object;
  object.add("kind", name_of(layer.kind)).add("description", layer.describe());
  if (!layer.source.empty()) object.add("source", layer.source);
  if (!layer.volume.empty()) object.add("volume", layer.volume);
  if (!layer.subpath.empty()) object.add("subpath", layer.subpath);
  if (layer.kind == LayerKind::static_text) object.add("text", layer.text);
  if (layer.kind == LayerKind::archive) {
    object.add("whiteouts", layer.whiteouts == Whiteouts::oci ? "oci" : "none");
  }
  if (layer.kind == LayerKind::image) {
    object.add_json("tag", layer.tag.empty() ? "null" : json_string(layer.tag))
        .add_json("digest", layer.digest.empty() ? "null" : json_string(layer.digest))
        .add_json("layer", std::to_string(layer.layer))
        .add_json("module", layer.module.empty() ? "null" : json_string(layer.module));
  }
  if (layer.kind == LayerKind::host) {
    object.add("symlinks", layer.symlinks == Symlinks::deny ? "deny" : "contain");
  }
  return object.add_json("where", place_json(layer.where)).str();
}

std::string json_number(const std::optional<std::uint64_t>& number) {
  return number ? std::to_string(*number) : "null";
}

/// The JSON of every element, as an array.
template <class T, class ToJson>
std::string json_list(const std::vector<T>& values, ToJson to_json) {
  std::vector<std::string> items;
  items.reserve(values.size());
  for (const T& value : values) items.push_back(to_json(value));
  return json_array(items);
}

std::string json_mount(const PlannedMount& mount) {
  JsonObject object;
  object.add("guest", mount.guest)
      .add("guest_raw", mount.guest_raw)
      .add("access", name_of(mount.access))
      .add("opaque", mount.opaque);
  if (mount.symlink_text == SymlinkText::rebase) object.add("symlink_text", "rebase");
  if (mount.caching != Caching::by_layer) object.add("cache", name_of(mount.caching));
  object.add_json("upper", mount.upper ? json_layer(*mount.upper) : "null");
  if (!mount.work.empty()) object.add("work", mount.work);
  return object.add_json("lowers", json_list(mount.lowers, json_layer))
      .add_json("quota_bytes", json_number(mount.quota_bytes))
      .add("origin", mount.origin)
      .add_json("where", place_json(mount.where))
      .str();
}

std::string json_command(const PlannedCommand& command) {
  return JsonObject()
      .add("name", command.name)
      .add("source", command.source)
      .add_json("atom", command.atom.empty() ? "null" : json_string(command.atom))
      .add("origin", command.origin)
      .add_json("where", place_json(command.where))
      .str();
}

std::string json_warning(const Diagnostic& warning) {
  return JsonObject().add("message", warning.message).add_json("where", place_json(warning.where)).str();
}

}  // namespace

std::string render_plan(const Plan& plan) {
  std::string out = "plan of " + quoted(plan.source) + "\n" + render_limits(plan);
  for (const PlannedMount& mount : plan.mounts) out += render_mount(mount);
  if (!plan.commands.empty()) out += "commands in /bin and /usr/bin:\n";
  for (const PlannedCommand& command : plan.commands) {
    out += "  " + display_name(command.name) + " = " + command_source(command) + "\n";
  }
  if (!plan.decisions.empty()) out += "decisions:\n";
  for (const Decision& decision : plan.decisions) out += render_decision(decision);
  for (const Diagnostic& warning : plan.warnings) out += warning.text("warning") + "\n";
  return out;
}

std::string plan_json(const Plan& plan) {
  return JsonObject()
             .add("schema", kJsonSchema)
             .add("source", plan.source)
             .add_json("memory_limit", json_number(plan.memory_limit))
             .add_json("inode_limit", json_number(plan.inode_limit))
             .add_json("max_file_size", json_number(plan.limits.max_file_size))
             .add_json("max_open", json_number(plan.limits.max_open))
             .add("special_files", plan.limits.special_files)
             .add_json("mounts", json_list(plan.mounts, json_mount))
             .add_json("commands", json_list(plan.commands, json_command))
             .add_json("decisions", json_list(plan.decisions, decision_json))
             .add_json("warnings", json_list(plan.warnings, json_warning))
             .str() +
         "\n";
}

}  // namespace wasifs
