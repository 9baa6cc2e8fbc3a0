// SPDX-License-Identifier: Apache-2.0
#include "inspect/status_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/path.h"  // wasifs::quoted, named in full: std::quoted would be found too
#include "inspect/json_text.h"
#include "inspect/text.h"

namespace wasifs {

namespace {

using nlohmann::json;

const json* member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> read_number(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  return value->get<std::uint64_t>();
}

std::string read_text(const json& object, const char* key) {
  const json* value = member(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<Usage> read_usage(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr || !value->is_object()) return std::nullopt;
  const std::optional<std::uint64_t> used = read_number(*value, "used");
  if (!used) return std::nullopt;
  return Usage{.used = *used, .limit = read_number(*value, "limit")};
}

TreeStatus::Mount read_mount(const json& object) {
  TreeStatus::Mount read{.guest = read_text(object, "guest"),
                         .access = read_text(object, "access"),
                         .layers = {},
                         .quota = read_number(object, "quota")};
  const json* layers = member(object, "layers");
  if (layers == nullptr || !layers->is_array()) return read;
  for (const json& layer : *layers) {
    if (layer.is_string()) read.layers.push_back(layer.get<std::string>());
  }
  return read;
}

bool read_flag(const json& object, const char* key, bool otherwise) {
  const json* value = member(object, key);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : otherwise;
}

TreeStatus::View read_view(const json& object) {
  TreeStatus::View view{.asks_opens = read_flag(object, "asks_opens", true),
                        .asks_opendirs = read_flag(object, "asks_opendirs", true),
                        .writeback = read_flag(object, "writeback", false),
                        .passthrough = read_text(object, "passthrough"),
                        .inodes = read_number(object, "inodes").value_or(0),
                        .requests = {}};
  const json* requests = member(object, "requests");
  if (requests == nullptr || !requests->is_object()) return view;
  for (const auto& [kind, count] : requests->items()) {
    if (count.is_number_unsigned()) view.requests[kind] = count.get<std::uint64_t>();
  }
  return view;
}

std::vector<TreeStatus::View> read_views(const json& object) {
  std::vector<TreeStatus::View> views;
  const json* list = member(object, "views");
  if (list == nullptr || !list->is_array()) return views;
  for (const json& each : *list) {
    if (each.is_object()) views.push_back(read_view(each));
  }
  return views;
}

std::string_view name_of(MountStatus::State state) {
  switch (state) {
    case MountStatus::State::serving:
      return "serving";
    case MountStatus::State::dead:
      return "dead";
    case MountStatus::State::silent:
      return "silent";
    case MountStatus::State::hidden:
      return "hidden";
    case MountStatus::State::unknown:
      break;
  }
  return "unknown";
}

/// The state with what it means for the reader.
std::string state_text(const MountStatus& mount) {
  switch (mount.state) {
    case MountStatus::State::serving:
      return mount.tree.pid ? "serving, process " + std::to_string(*mount.tree.pid) : "serving";
    case MountStatus::State::dead:
      return "dead: its daemon has ended; \"wasifs unmount\" clears it";
    case MountStatus::State::silent:
      return "silent: its daemon does not answer";
    case MountStatus::State::hidden:
      return "hidden: another mount lies over it";
    case MountStatus::State::unknown:
      break;
  }
  return "unknown: " + mount.why;
}

std::string usage_text(const Usage& usage, std::string_view unit) {
  const std::string used = std::to_string(usage.used);
  const std::string with_unit = unit.empty() ? "" : " " + std::string(unit);
  return usage.limit ? used + " of " + std::to_string(*usage.limit) + with_unit
                     : used + with_unit + ", no limit";
}

/// A layer's description, quotes and all, unless it holds what a terminal obeys.
std::string printable(const std::string& text) {
  std::string plain = text;
  std::erase_if(plain, [](char c) { return c == '"' || c == '\\'; });
  return plain.empty() || display_name(plain) == plain ? text : wasifs::quoted(text);
}

void print_mount(std::ostream& out, const TreeStatus::Mount& mount) {
  out << "    " << display_name(mount.guest) << "  " << display_name(mount.access);
  if (mount.quota) out << ", quota " << *mount.quota << " bytes";
  out << ":";
  for (std::size_t i = 0; i < mount.layers.size(); ++i) {
    out << (i == 0 ? " " : " over ") << printable(mount.layers[i]);
  }
  out << "\n";
}

void print_view(std::ostream& out, const TreeStatus::View& view) {
  const auto asked = [](bool asks) { return asks ? "asked for" : "not asked for"; };
  std::uint64_t requests = 0;
  for (const auto& [kind, count] : view.requests) requests += count;
  out << "  kernel:  knows " << view.inodes << " inodes, has made " << requests << " requests\n"
      << "           opens " << asked(view.asks_opens) << ", listings " << asked(view.asks_opendirs)
      << ",\n           writeback " << (view.writeback ? "on" : "off") << ", passthrough "
      << display_name(view.passthrough) << "\n";
}

void print_one(std::ostream& out, const MountStatus& mount) {
  out << display_name(mount.point) << "\n  source:  " << display_name(mount.source)
      << "\n  state:   " << state_text(mount)
      << "\n  access:  " << (mount.read_only ? "read-only" : "read-write") << "\n";
  const TreeStatus& tree = mount.tree;
  if (tree.memory) out << "  memory:  " << usage_text(*tree.memory, "bytes") << "\n";
  if (tree.inodes) out << "  inodes:  " << usage_text(*tree.inodes, "") << "\n";
  if (tree.open) out << "  open:    " << usage_text(*tree.open, "") << "\n";
  for (const TreeStatus::View& view : tree.views) print_view(out, view);
  if (tree.mounts.empty()) return;
  out << "  mounts:\n";
  for (const TreeStatus::Mount& inner : tree.mounts) print_mount(out, inner);
  if (tree.omitted != 0) out << "    and " << tree.omitted << " more\n";
}

std::string json_usage(const Usage& usage) {
  return JsonObject()
      .add("used", usage.used)
      .add_json("limit", usage.limit ? std::to_string(*usage.limit) : "null")
      .str();
}

std::string json_mounts(const std::vector<TreeStatus::Mount>& mounts) {
  std::vector<std::string> items;
  for (const TreeStatus::Mount& mount : mounts) {
    std::vector<std::string> layers;
    for (const std::string& layer : mount.layers) layers.push_back(json_string(layer));
    items.push_back(JsonObject()
                        .add("guest", mount.guest)
                        .add("access", mount.access)
                        .add_json("layers", json_array(layers))
                        .add_json("quota", mount.quota ? std::to_string(*mount.quota) : "null")
                        .str());
  }
  return json_array(items);
}

std::string json_views(const std::vector<TreeStatus::View>& views) {
  std::vector<std::string> items;
  for (const TreeStatus::View& view : views) {
    JsonObject requests;
    for (const auto& [kind, count] : view.requests) requests.add(kind, count);
    items.push_back(JsonObject()
                        .add("asks_opens", view.asks_opens)
                        .add("asks_opendirs", view.asks_opendirs)
                        .add("writeback", view.writeback)
                        .add("passthrough", view.passthrough)
                        .add("inodes", view.inodes)
                        .add_json("requests", requests.str())
                        .str());
  }
  return json_array(items);
}

std::string json_one(const MountStatus& mount) {
  JsonObject object;
  object.add("mount_point", mount.point)
      .add("source", mount.source)
      .add("read_only", mount.read_only)
      .add("state", name_of(mount.state));
  if (mount.state == MountStatus::State::unknown) object.add("why", mount.why);
  if (mount.state != MountStatus::State::serving) return object.str();
  const TreeStatus& tree = mount.tree;
  if (tree.pid) object.add("pid", *tree.pid);
  if (tree.memory) object.add_json("memory", json_usage(*tree.memory));
  if (tree.inodes) object.add_json("inodes", json_usage(*tree.inodes));
  if (tree.open) object.add_json("open", json_usage(*tree.open));
  if (!tree.views.empty()) object.add_json("views", json_views(tree.views));
  object.add_json("mounts", json_mounts(tree.mounts));
  if (tree.omitted != 0) object.add("mounts_omitted", tree.omitted);
  return object.str();
}

}  // namespace

std::optional<TreeStatus> TreeStatus::parse(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object() || read_number(value, "schema") != std::uint64_t{1}) return std::nullopt;
  TreeStatus status{.pid = read_number(value, "pid"),
                    .memory = read_usage(value, "memory"),
                    .inodes = read_usage(value, "inodes"),
                    .open = read_usage(value, "open"),
                    .views = read_views(value)};
  const json* mounts = member(value, "mounts");
  if (mounts == nullptr || !mounts->is_array()) return status;
  for (const json& each : *mounts) {
    if (!each.is_object()) continue;
    if (const auto omitted = read_number(each, "omitted")) {
      status.omitted = *omitted;
    } else {
      status.mounts.push_back(read_mount(each));
    }
  }
  return status;
}

void print_status(std::ostream& out, std::span<const MountStatus> mounts) {
  if (mounts.empty()) out << "nothing is mounted\n";
  for (const MountStatus& mount : mounts) {
    if (&mount != &mounts.front()) out << "\n";
    print_one(out, mount);
  }
}

void print_status_json(std::ostream& out, std::span<const MountStatus> mounts) {
  std::vector<std::string> items;
  for (const MountStatus& mount : mounts) items.push_back(json_one(mount));
  out << JsonObject().add("schema", kJsonSchema).add_json("mounts", json_array(items)).str() << "\n";
}

}  // namespace wasifs
