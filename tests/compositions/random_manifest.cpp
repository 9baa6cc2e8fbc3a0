// SPDX-License-Identifier: Apache-2.0
#include "random_manifest.h"

#include <array>

#include "composition_check.h"
#include "conformance/posix_vfs.h"
#include "conformance/tree_vfs.h"
#include "package_text.h"
#include "wasifs/root.h"

namespace wasifs::test {

namespace {

using Kind = NaiveEntry::Kind;
using Type = RandomManifest::Type;
using Access = RandomManifest::Access;
using Mode = RandomManifest::Mode;

constexpr std::size_t kMostMounts = 3;
constexpr std::size_t kMostLayers = 4;
constexpr std::size_t kMostEntries = 8;
constexpr std::size_t kMostMappings = 4;
constexpr std::size_t kMostChanges = 10;

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

/// A volume as read_package_text() takes it; the random texts need no escapes.
std::string volume_json(const NaiveTree& tree) {
  std::string json;
  for (const auto& [path, entry] : tree) {
    if (path.empty()) continue;
    json += (json.empty() ? "" : ", ") + in_quotes(path.substr(1)) + ": ";
    if (entry.kind == Kind::directory) json += "{\"dir\": true}";
    if (entry.kind == Kind::file) json += in_quotes(entry.text);
    if (entry.kind == Kind::link) json += "{\"link\": " + in_quotes(entry.text) + "}";
  }
  return "{" + json + "}";
}

std::string package_json(const RandomManifest::Package& package) {
  std::string volumes;
  std::string fs;
  for (std::size_t i = 0; i < package.volumes.size(); ++i) {
    volumes += (i == 0 ? "" : ",\n  ") + in_quotes("/v" + std::to_string(i)) + ": " +
               volume_json(package.volumes[i]);
  }
  for (const RandomManifest::Mapping& mapping : package.fs) {
    fs += (fs.empty() ? "" : ", ") + in_quotes(mapping.guest + "=/v" + std::to_string(mapping.volume));
  }
  return "{\"fs\": [" + fs + "],\n \"volumes\": {" + volumes + "}}\n";
}

std::string package_json(const RandomManifest::Source& source) {
  return "{\"volumes\": {\"/v\": " + volume_json(source.tree) + "}}\n";
}

void write_directory(const TempDir& folder, const RandomManifest::Source& source) {
  for (const auto& [path, entry] : source.tree) {
    const std::string at = source.name + path;
    if (entry.kind == Kind::directory) folder.make_dirs(at);
    if (entry.kind == Kind::file) folder.write_file(at, entry.text);
    if (entry.kind == Kind::link) folder.make_symlink(at, entry.text);
  }
}

std::string directory_sections(const RandomManifest::Source& source) {
  std::string out;
  for (const auto& [path, entry] : source.tree) {
    const std::string at = source.name + path;
    if (entry.kind == Kind::directory) out += "-- dir " + at + " --\n";
    if (entry.kind == Kind::file) out += "-- file " + at + " text=" + entry.text + " --\n";
    if (entry.kind == Kind::link) out += "-- link " + at + " -> " + entry.text + " --\n";
  }
  return out;
}

std::string toml_of(const RandomManifest::Mount& mount) {
  constexpr std::array kTypes = {"host", "webc", "overlay", "memory"};
  constexpr std::array kAccess = {"rw", "cow", "ro"};
  std::string out = "[[mount]]\nguest = " + in_quotes(mount.guest) +
                    "\ntype = " + in_quotes(kTypes.at(static_cast<std::size_t>(mount.type))) + "\n";
  out += "access = " + in_quotes(kAccess.at(static_cast<std::size_t>(mount.access))) + "\n";
  std::string sources;
  for (const RandomManifest::Source& source : mount.layers) {
    sources += (sources.empty() ? "" : ", ") + in_quotes(source.name);
  }
  if (mount.type == Type::overlay) {
    out += "layers = [" + sources + "]\n";
  } else if (!sources.empty()) {
    out += "source = " + sources + "\n";
  }
  if (mount.opaque) out += "opaque = true\n";
  if (mount.on_conflict == Mode::fail) out += "on-conflict = \"fail\"\n";
  if (mount.on_conflict == Mode::override_) out += "on-conflict = \"override\"\n";
  return out;
}

/// Draws the parts of a manifest; every source gets a name of its own.
class Drawing {
 public:
  explicit Drawing(RandomSource& random) : random_(random) {}

  RandomManifest draw() {
    RandomManifest manifest;
    manifest.conflict = mode();
    for (std::uint64_t left = random_.below(3); left > 0; --left) manifest.mounts.push_back(mount("/"));
    for (std::uint64_t left = random_.below(kMostMounts + 1); left > 0; --left) {
      manifest.mounts.push_back(mount(random_.path(2)));
    }
    // Root layers and mounts may stand in any order.
    for (std::size_t i = manifest.mounts.size(); i > 1; --i) {
      std::swap(manifest.mounts[i - 1], manifest.mounts[random_.below(i)]);
    }
    if (!random_.one_in(3)) manifest.container = package();
    manifest.container_read_only = random_.one_in(4);
    for (std::uint64_t left = random_.below(3); left > 0; --left) manifest.uses.push_back(package());
    return manifest;
  }

 private:
  /// Fail is the rarer one, or little would be composed.
  Mode mode() {
    const std::uint64_t drawn = random_.below(6);
    return drawn == 0 ? Mode::fail : drawn == 1 ? Mode::override_ : Mode::unset;
  }

  RandomManifest::Source source(bool is_package) {
    std::string name = (is_package ? "p" : "h") + std::to_string(++sources_);
    if (is_package) name += ".webc";
    return {.package = is_package, .name = name, .tree = random_.tree(kMostEntries)};
  }

  RandomManifest::Mount mount(const std::string& guest) {
    RandomManifest::Mount mount{.guest = guest, .layers = {}};
    mount.type = static_cast<Type>(random_.below(guest == "/" ? 3 : 4));
    mount.opaque = random_.one_in(6);
    mount.on_conflict = mode();
    switch (mount.type) {
      case Type::host:
        mount.access = static_cast<Access>(random_.below(3));
        mount.layers.push_back(source(false));
        break;
      case Type::webc:
        mount.access = random_.one_in(3) ? Access::ro : Access::cow;
        mount.layers.push_back(source(true));
        break;
      case Type::overlay:
        mount.access = random_.one_in(3) ? Access::ro : Access::cow;
        for (std::uint64_t left = 1 + random_.below(kMostLayers); left > 0; --left) {
          mount.layers.push_back(source(random_.one_in(2)));
        }
        break;
      case Type::memory:
        mount.access = random_.one_in(4) ? Access::ro : Access::rw;
        break;
    }
    return mount;
  }

  RandomManifest::Package package() {
    RandomManifest::Package package{
        .name = "package" + std::to_string(++sources_) + ".webc", .volumes = {}, .fs = {}};
    for (std::uint64_t left = 1 + random_.below(3); left > 0; --left) {
      package.volumes.push_back(random_.tree(kMostEntries));
    }
    for (std::uint64_t left = random_.below(kMostMappings + 1); left > 0; --left) {
      package.fs.push_back({.guest = random_.one_in(4) ? "/" : random_.path(3),
                            .volume = random_.below(package.volumes.size())});
    }
    return package;
  }

  RandomSource& random_;
  unsigned sources_ = 0;
};

/// What is on the host after the changes: what was written through, and else what was
/// there before.
std::string check_host(const RandomManifest& manifest, const NaiveComposition& naive, const TempDir& folder) {
  std::string problems;
  for (const RandomManifest::Mount& mount : manifest.mounts) {
    for (const RandomManifest::Source& source : mount.layers) {
      if (source.package) continue;
      const bool written = std::ranges::find(naive.written_through, &source) != naive.written_through.end();
      PosixVfs host(folder / source.name);
      const std::string problem = compare(host, written ? naive.world->held(source.name) : source.tree);
      if (!problem.empty()) problems += "on the host, in " + source.name + ":\n" + problem;
    }
  }
  return problems;
}

}  // namespace

RandomManifest RandomManifest::draw(RandomSource& random) { return Drawing(random).draw(); }

std::string RandomManifest::toml() const {
  std::string out = "[root]\nbase = \"empty\"\n";
  if (conflict == Mode::fail) out += "conflict = \"fail\"\n";
  if (conflict == Mode::override_) out += "conflict = \"override\"\n";
  for (const Mount& mount : mounts) out += toml_of(mount);
  for (const Package& use : uses) out += "[[use]]\nsource = " + in_quotes(use.name) + "\n";
  if (container) {
    out += "[container]\nsource = " + in_quotes(container->name) +
           "\naccess = " + in_quotes(container_read_only ? "ro" : "cow") + "\n";
  }
  return out;
}

void RandomManifest::write(const TempDir& folder) const {
  folder.write_file("site.toml", toml());
  const auto write_package = [&](const std::string& name, const std::string& json) {
    folder.write_file(name, write_webc(read_package_text(json)));
  };
  for (const Mount& mount : mounts) {
    for (const Source& source : mount.layers) {
      if (source.package) {
        write_package(source.name, package_json(source));
      } else {
        write_directory(folder, source);
      }
    }
  }
  if (container) write_package(container->name, package_json(*container));
  for (const Package& use : uses) write_package(use.name, package_json(use));
}

std::string RandomManifest::sections() const {
  std::string out = "-- file site.toml --\n" + toml();
  const auto add_package = [&](const std::string& name, const std::string& json) {
    out += "-- package " + name + " --\n" + json;
  };
  for (const Mount& mount : mounts) {
    for (const Source& source : mount.layers) {
      if (source.package) {
        add_package(source.name, package_json(source));
      } else {
        out += directory_sections(source);
      }
    }
  }
  if (container) add_package(container->name, package_json(*container));
  for (const Package& use : uses) add_package(use.name, package_json(use));
  return out;
}

std::string check_manifest(RandomSource& random, std::string& log) {
  const RandomManifest manifest = RandomManifest::draw(random);
  log = "# A random composition.\n" + manifest.sections() + "\n> open site.toml\n";
  const TempDir folder;
  manifest.write(folder);
  NaiveComposition naive = compose_naively(manifest);
  const Outcome<PreparedRoot> root = PreparedRoot::open(folder / "site.toml");
  if (!root || !naive.error.empty()) {
    const std::string came = root ? "no error" : root.error().message;
    const bool agreed = !root && root.error().trouble == Trouble::conflict && came == naive.error;
    return agreed
               ? ""
               : "expected: " + (naive.error.empty() ? "no error" : naive.error) + "\ncame: " + came + "\n";
  }
  TreeVfs fs(root->tree);
  if (std::string problem = compare(fs, naive.world->visible()); !problem.empty()) return problem;
  const std::size_t changes = random.below(kMostChanges + 1);
  if (std::string problem = change_both(fs, *naive.world, random, changes, log); !problem.empty())
    return problem;
  return compare_and_seek(fs, naive.world->visible()) + check_host(manifest, naive, folder);
}

}  // namespace wasifs::test
