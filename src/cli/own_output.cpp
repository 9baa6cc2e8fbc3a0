// SPDX-License-Identifier: Apache-2.0
#include "cli/own_output.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "base/path.h"

namespace wasifs::cli {

namespace {

namespace fs = std::filesystem;

/// The path of `output` without links, where it is or where it would be made; "": there is
/// no folder to make it in.
std::string place_of(const std::string& output, bool is_directory) {
  std::error_code error;
  fs::path path(output);
  if (!path.has_filename()) path = path.parent_path();
  // A file that is a link is replaced itself.
  if (is_directory) {
    fs::path there = fs::canonical(path, error);
    if (!error) return there;
  }
  const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : fs::path("."), error);
  return error ? std::string() : (folder / path.filename()).string();
}

/// Tells directories apart, whatever path they are reached by.
struct Identity {
  dev_t dev;
  ino_t ino;
  bool operator==(const Identity&) const = default;
};

std::optional<Identity> identity_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Identity{.dev = found.st_dev, .ino = found.st_ino};
}

/// Where `place` is in what lies at `source`: "" for that itself, else "/a/b".
std::optional<std::string> path_below(const std::string& place, const std::string& source) {
  const std::optional<Identity> wanted = identity_of(source);
  if (!wanted) return std::nullopt;
  for (std::string above = place;;) {
    if (identity_of(above) == wanted) return place.substr(above == "/" ? 0 : above.size());
    if (above == "/") return std::nullopt;
    above.resize(std::max<std::size_t>(above.rfind('/'), 1));
  }
}

/// The mount that shows what is at `guest`.
const PlannedMount* mount_at(const Plan& plan, const std::string& guest) {
  const PlannedMount* inner = nullptr;
  for (const PlannedMount& mount : plan.mounts) {
    if (!is_at_or_below(guest, mount.guest)) continue;
    if (inner == nullptr || mount.guest.size() >= inner->guest.size()) inner = &mount;
  }
  return inner;
}

std::vector<const PlannedLayer*> host_layers(const PlannedMount& mount) {
  std::vector<const PlannedLayer*> layers;
  if (mount.upper && mount.upper->kind == LayerKind::host) layers.push_back(&*mount.upper);
  for (const PlannedLayer& lower : mount.lowers) {
    if (lower.kind == LayerKind::host) layers.push_back(&lower);
  }
  return layers;
}

}  // namespace

std::optional<std::string> output_below(const std::string& output, bool is_directory,
                                        const std::string& folder) {
  const std::string place = place_of(output, is_directory);
  return place.empty() ? std::nullopt : path_below(place, folder);
}

Outcome<void> check_own_output(const PreparedRoot& root, const std::string& path, const std::string& output,
                               bool is_directory) {
  const std::string place = place_of(output, is_directory);
  if (place.empty()) return {};
  for (const PlannedMount& mount : root.plan.mounts) {
    for (const PlannedLayer* layer : host_layers(mount)) {
      const std::optional<std::string> below = path_below(place, layer->source);
      if (!below) continue;
      std::string guest = mount.guest == "/" ? *below : mount.guest + *below;
      if (guest.empty()) guest = "/";
      if (!is_at_or_below(guest, path) || mount_at(root.plan, guest) != &mount) continue;
      return fail(Diagnostic{.trouble = Trouble::usage,
                             .message = "cannot write " + wasifs::quoted(output) +
                                        ": it is part of what is copied, as " + wasifs::quoted(guest),
                             .hint = "name a place outside of " + wasifs::quoted(layer->written)});
    }
  }
  return {};
}

}  // namespace wasifs::cli
