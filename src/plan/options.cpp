// SPDX-License-Identifier: Apache-2.0
#include "plan/options.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/path.h"
#include "plan/layer_source.h"
#include "plan/run_reader.h"

namespace wasifs::plan {

namespace {

constexpr std::string_view kVolume = "--volume";
constexpr std::string_view kMappedDir = "--mapdir";
constexpr std::string_view kVolumeHint =
    R"(write --volume [HOST:]GUEST[:ro|rw|cow]; a colon that belongs to a path is written "\:")";
constexpr std::string_view kMappedDirHint = "write --mapdir GUEST:HOST, or better --volume HOST:GUEST";
constexpr std::string_view kUseHint = "write --use FILE, or --use FOLDER for one with a wasmer.toml";
constexpr std::string_view kEnvHint = "write --env NAME=VALUE";
constexpr std::string_view kMapCommandHint =
    "write --map-command ALIAS=PATH, where ALIAS is the name that appears in /bin";
constexpr std::string_view kCwdHint = "write --cwd PATH, where PATH is a directory of the composed tree";

constexpr std::string_view kCommandHint = "a manifest names the package in [container]";

constexpr std::string_view kLastWins =
    "of two that set the same the last wins, and the command line comes after the manifest";

/// One use of a flag, as messages and places show it.
std::string label_of(std::string_view flag, std::string_view text) {
  return std::string(flag) + " " + quoted(text);
}

std::unexpected<Diagnostic> refuse(const std::string& label, std::string_view why, std::string_view hint) {
  return fail(Diagnostic{
      .trouble = Trouble::usage, .message = label + ": " + std::string(why), .hint = std::string(hint)});
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

/// The parts of `text` between its colons, with `\:` and `\\` resolved. Any
/// other backslash is a byte of a path.
std::vector<std::string> split_parts(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escapes =
        text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == ':' || text[at + 1] == '\\');
    if (escapes) {
      parts.back() += text[++at];
    } else if (text[at] == ':') {
      parts.emplace_back();
    } else {
      parts.back() += text[at];
    }
  }
  return parts;
}

/// `path` as a part that split_parts() gives back.
std::string escape_part(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::optional<Access> access_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Access>, 3> kNames{
      {{"ro", Access::ro}, {"rw", Access::rw}, {"cow", Access::cow}}};
  const auto* found = std::ranges::find(kNames, name, &std::pair<std::string_view, Access>::first);
  if (found == kNames.end()) return std::nullopt;
  return found->second;
}

/// NAME=VALUE in its two parts, nullopt where there is no '='.
std::optional<std::pair<std::string, std::string>> split_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

/// A directory of the host that a flag mounts.
struct HostVolume {
  std::string host;
  std::string guest;
  Access access = Access::rw;
};

Outcome<HostVolume> parse_volume(const std::string& label, std::string_view text) {
  if (text.empty()) return refuse(label, "it is empty", kVolumeHint);
  if (has_nul(text)) return refuse(label, "it contains a NUL byte", kVolumeHint);
  std::vector<std::string> parts = split_parts(text);
  HostVolume volume;
  if (parts.size() > 1) {
    const std::optional<Access> access = access_named(parts.back());
    if (!access && parts.size() == 3) {
      return refuse(label, quoted(parts.back()) + R"( is none of "ro", "rw" and "cow")", kVolumeHint);
    }
    if (access) {
      volume.access = *access;
      parts.pop_back();
    }
  }
  if (parts.size() > 2) return refuse(label, "it has too many parts", kVolumeHint);
  if (parts.front().empty() && parts.size() == 2) {
    return refuse(label, "the host path is empty", kVolumeHint);
  }
  if (parts.back().empty()) return refuse(label, "the guest path is empty", kVolumeHint);
  // Without a host path the two are the same, as wasmer has it.
  volume.host = parts.front();
  volume.guest = parts.back();
  return volume;
}

LayerKind kind_of(LayerSource::Kind kind) {
  switch (kind) {
    case LayerSource::Kind::host:
      return LayerKind::host;
    case LayerSource::Kind::archive:
      return LayerKind::archive;
    case LayerSource::Kind::image:
      return LayerKind::image;
    case LayerSource::Kind::provided:
      return LayerKind::provided;
    case LayerSource::Kind::webc:
      break;
  }
  return LayerKind::webc;
}

/// A mount of the manifest as a sentence about decisions shows it.
std::string describe(const MountEntry& entry) {
  if (entry.type == MountType::memory) return "memory";
  if (entry.type == MountType::static_text) return "static text";
  std::string out;
  for (const LayerSource& layer : entry.layers) {
    if (!out.empty()) out += " over ";
    // The layers of an image are not known yet: it stands for all of them.
    if (layer.kind == LayerSource::Kind::image) {
      out += "image " + quoted(layer.written);
      continue;
    }
    out += PlannedLayer{.kind = kind_of(layer.kind),
                        .source = layer.path,
                        .written = layer.written,
                        .volume = layer.volume,
                        .subpath = layer.subpath}
               .describe();
  }
  return out;
}

/// Applies the flags one kind after the other.
class OptionsReader {
 public:
  OptionsReader(const ComposeOptions& options, Manifest& manifest) : options_(options), manifest_(manifest) {}

  Outcome<void> apply() {
    for (const std::string& text : options_.volumes) {
      if (auto read = read_volume(label_of(kVolume, text), text); !read) return read;
    }
    for (const std::string& text : options_.mapped_dirs) {
      const Outcome<std::string> volume = volume_of_mapped_dir(text);
      if (!volume) return fail(volume.error());
      if (auto read = read_volume(label_of(kMappedDir, text), *volume); !read) return read;
    }
    place_volumes();
    for (const std::string& text : options_.uses) {
      if (auto read = read_use(text); !read) return read;
    }
    for (const std::string& text : options_.map_commands) {
      if (auto read = read_map_command(text); !read) return read;
    }
    if (!options_.upper.empty()) {
      manifest_.upper =
          host_upper({options_.upper, {.file = label_of("--upper", options_.upper)}}, std::string_view());
    }
    return apply_run();
  }

 private:
  Outcome<void> read_volume(const std::string& label, std::string_view text) {
    const Outcome<HostVolume> volume = parse_volume(label, text);
    if (!volume) return fail(volume.error());
    const Outcome<std::string> guest = normalize_guest_path(volume->guest);
    if (!guest) return refuse(label, guest.error().message, kVolumeHint);
    const SourceLocation where{.file = label};
    volumes_.push_back({.guest = {volume->guest, where},
                        .guest_path = *guest,
                        .type = MountType::host,
                        .access = volume->access,
                        .layers = {whole_source(LayerSource::Kind::host, {volume->host, where}, {})},
                        .where = where,
                        .origin = label});
    return {};
  }

  /// Puts the volumes before the manifest's mounts and takes away those that
  /// they replace.
  void place_volumes() {
    std::erase_if(manifest_.mounts, [this](const MountEntry& mount) {
      const auto volume = std::ranges::find(volumes_, mount.guest_path, &MountEntry::guest_path);
      // A mount at "/" is one of many layers: nothing replaces it.
      if (volume == volumes_.end() || mount.guest_path == "/") return false;
      manifest_.decisions.push_back(
          {.guest = mount.guest_path,
           .kept = describe(*volume),
           .dropped = describe(mount),
           .rule = "a volume of the command line replaces the manifest's mount at the same path",
           .where = mount.where});
      return true;
    });
    manifest_.mounts.insert(manifest_.mounts.begin(), std::make_move_iterator(volumes_.begin()),
                            std::make_move_iterator(volumes_.end()));
  }

  Outcome<void> read_use(const std::string& text) {
    const std::string label = label_of("--use", text);
    if (text.empty()) return refuse(label, "the path of the package is empty", kUseHint);
    if (has_nul(text)) return refuse(label, "it contains a NUL byte", kUseHint);
    manifest_.uses.push_back(whole_source(LayerSource::Kind::webc, {text, {.file = label}}, {}));
    return {};
  }

  Outcome<void> read_map_command(const std::string& text) {
    const std::string label = label_of("--map-command", text);
    if (has_nul(text)) return refuse(label, "it contains a NUL byte", kMapCommandHint);
    auto parts = split_assignment(text);
    if (!parts) return refuse(label, R"(there is no "=")", kMapCommandHint);
    auto& [alias, path] = *parts;
    if (alias.empty()) return refuse(label, "the alias is empty", kMapCommandHint);
    if (path.empty()) return refuse(label, "the path is empty", kMapCommandHint);
    if (!check_name(alias)) return refuse(label, quoted(alias) + " is not a file name", kMapCommandHint);
    const SourceLocation where{.file = label};
    const auto known = std::ranges::find(manifest_.map_commands, alias,
                                         [](const MappedCommand& one) { return one.alias.value; });
    if (known != manifest_.map_commands.end()) {
      manifest_.decisions.push_back({.guest = "/bin/" + alias,
                                     .kept = "host " + quoted(path),
                                     .dropped = "host " + quoted(known->target.value),
                                     .rule = std::string(kLastWins),
                                     .where = known->alias.where,
                                     .subject = Decision::Subject::command});
      manifest_.map_commands.erase(known);
    }
    manifest_.map_commands.push_back(
        {.alias = {std::move(alias), where}, .target = {path, where}, .path = path});
    return {};
  }

  Outcome<void> apply_run() {
    for (const std::string& text : options_.env) {
      if (auto read = read_env(text); !read) return read;
    }
    for (const std::string& text : options_.args) {
      if (has_nul(text)) {
        return refuse("the argument " + quoted(text), "it contains a NUL byte", "no program can take it");
      }
      manifest_.run.args.push_back({text, {.file = label_of("--", text)}});
    }
    manifest_.run.forward_host_env = manifest_.run.forward_host_env || options_.forward_host_env;
    read_host_env();
    if (auto read = read_command(); !read) return read;
    return read_cwd();
  }

  Outcome<void> read_command() {
    if (!options_.command) return {};
    const std::string label = label_of("command", *options_.command);
    if (manifest_.container) {
      manifest_.container->no_command = options_.command->empty();
      manifest_.container->command.reset();
      if (!options_.command->empty()) manifest_.container->command = {*options_.command, {.file = label}};
    } else if (manifest_.image) {
      manifest_.image->no_command = options_.command->empty();
      if (!options_.command->empty()) manifest_.image->command = {*options_.command, {.file = label}};
    } else if (!options_.command->empty()) {
      return refuse(label, "there is no package that is run", kCommandHint);
    }
    return {};
  }

  Outcome<void> read_env(const std::string& text) {
    const std::string label = label_of("--env", text);
    if (has_nul(text)) return refuse(label, "it contains a NUL byte", kEnvHint);
    auto parts = split_assignment(text);
    if (!parts) return refuse(label, R"(there is no "=")", kEnvHint);
    auto& [name, value] = *parts;
    if (name.empty()) return refuse(label, "the name of the variable is empty", kEnvHint);
    std::vector<Located<EnvVar>>& variables = manifest_.run.env;
    const auto known = std::ranges::find(variables, name, [](const auto& one) { return one.value.name; });
    if (known != variables.end()) {
      manifest_.decisions.push_back({.guest = "$" + name,
                                     .kept = label,
                                     .dropped = describe_variable(*known),
                                     .rule = std::string(kLastWins),
                                     .where = known->where,
                                     .subject = Decision::Subject::variable});
      variables.erase(known);
    }
    variables.push_back({{std::move(name), std::move(value)}, {.file = label}});
    return {};
  }

  /// A process may hold strings in its environment that are no variables; no
  /// getenv() finds them, and nobody has asked for them.
  void read_host_env() {
    for (const std::string& text : options_.host_env) {
      auto parts = split_assignment(text);
      if (!parts || parts->first.empty() || has_nul(text)) continue;
      manifest_.host_env.push_back({std::move(parts->first), std::move(parts->second)});
    }
  }

  Outcome<void> read_cwd() {
    if (!options_.cwd) return {};
    const std::string& path = *options_.cwd;
    const std::string label = label_of("--cwd", path);
    const Outcome<std::string> normal = normalize_absolute(path, "working directory");
    if (!normal) {
      return refuse(label, normal.error().message,
                    normal.error().hint.empty() ? kCwdHint : normal.error().hint);
    }
    manifest_.run.cwd = Located<std::string>{path, {.file = label}};
    return {};
  }

  const ComposeOptions& options_;
  Manifest& manifest_;
  std::vector<MountEntry> volumes_;
};

}  // namespace

Outcome<std::string> volume_of_mapped_dir(std::string_view mapped) {
  const std::vector<std::string> parts = split_parts(mapped);
  if (parts.size() != 2) {
    return refuse(label_of(kMappedDir, mapped), "it does not have two parts", kMappedDirHint);
  }
  // Read as a volume this could end in an access; the slash keeps it a path.
  const std::string_view guest = parts.front();
  const std::string prefix = access_named(guest) ? "/" : "";
  return escape_part(parts.back()) + ":" + prefix + escape_part(guest);
}

Outcome<void> apply_options(const ComposeOptions& options, Manifest& manifest) {
  return OptionsReader(options, manifest).apply();
}

}  // namespace wasifs::plan
