// SPDX-License-Identifier: Apache-2.0
#include "random_stack.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fs/memory/memory_fs.h"
#include "fs/webc/package.h"
#include "support/webc_writer.h"
#include "unit/compose/layers.h"

namespace wasifs::test {

namespace {

using Kind = NaiveEntry::Kind;
using Form = RandomStack::Form;
using Access = RandomStack::Access;

constexpr std::size_t kMostLayers = 6;
constexpr std::size_t kMostMounts = 3;
constexpr std::size_t kMostEntries = 7;
constexpr const char* kVolume = "/v";

/// The caller's own, so that a mount lets any user change it.
NewNode owned(FileType type, std::uint16_t mode, std::string_view target = {}) {
  return {.type = type, .mode = mode, .uid = ::geteuid(), .gid = ::getegid(), .target = target};
}

std::shared_ptr<MemoryFilesystem> empty_memory() {
  return std::make_shared<MemoryFilesystem>(
      MemoryFilesystem::Options{.uid = ::geteuid(), .gid = ::getegid()});
}

std::shared_ptr<MemoryFilesystem> memory_of(const NaiveTree& tree) {
  auto fs = empty_memory();
  for (const auto& [path, entry] : tree) {
    if (path.empty()) continue;
    const NodeRef parent = ok(find(*fs, naive_parent(path)));
    const std::string name = path.substr(path.rfind('/') + 1);
    if (entry.kind == Kind::directory) {
      ok(parent->create(name, owned(FileType::directory, 0755)));
    } else if (entry.kind == Kind::file) {
      const NodeRef file = ok(parent->create(name, owned(FileType::regular, 0644)));
      ok(ok(file->open(kReadWrite))->write_at(0, bytes_of(entry.text)));
    } else {
      ok(parent->create(name, owned(FileType::symlink, 0777, entry.text)));
    }
  }
  return fs;
}

FilesystemPtr package_of(const NaiveTree& tree) {
  WebcSpec spec;
  std::vector<WebcEntry>& volume = spec.volumes[kVolume];
  bool links = false;
  for (const auto& [path, entry] : tree) {
    const WebcEntry::Kind kind = entry.kind == Kind::directory ? WebcEntry::Kind::directory
                                 : entry.kind == Kind::file    ? WebcEntry::Kind::file
                                                               : WebcEntry::Kind::symlink;
    links = links || entry.kind == Kind::link;
    if (!path.empty()) volume.push_back({.path = path.substr(1), .kind = kind, .data = entry.text});
  }
  // The older versions have no links; which one it is follows from the content.
  if (!links) spec.version = 1 + static_cast<unsigned>(tree.size() % 3);
  const auto bytes = std::make_shared<const std::string>(write_webc(spec));
  const auto package =
      webc::Package::parse({.bytes = std::as_bytes(std::span(*bytes)), .owner = bytes}, "random.webc");
  if (!package) throw std::runtime_error(package.error().text());
  return (*package)->volume(kVolume);
}

FilesystemPtr layer_of(const RandomStack::Layer& layer) {
  if (layer.form == Form::package) return package_of(layer.tree);
  FilesystemPtr fs = memory_of(layer.tree);
  if (layer.form == Form::memory) return fs;
  return std::make_shared<LayerWithTraits>(std::move(fs), Traits{.immutable = true});
}

FilesystemPtr compose(const RandomStack::Mount& mount) {
  if (mount.access == Access::rw) return memory_of(mount.layers.front().tree);
  std::vector<FilesystemPtr> lowers;
  for (const RandomStack::Layer& layer : mount.layers) lowers.push_back(layer_of(layer));
  if (mount.access == Access::cow) {
    return std::make_shared<Overlay>(empty_memory(), std::move(lowers));
  }
  if (lowers.size() == 1) return std::move(lowers.front());
  return std::make_shared<Overlay>(nullptr, std::move(lowers));
}

NaiveTree merged(const RandomStack::Mount& mount) {
  std::vector<NaiveTree> layers;
  for (const RandomStack::Layer& layer : mount.layers) layers.push_back(layer.tree);
  return naive_merge(layers);
}

RandomStack::Mount draw_mount(RandomSource& random, const std::string& guest) {
  RandomStack::Mount mount{.guest = guest, .access = Access::cow, .layers = {}};
  if (random.one_in(6)) mount.access = Access::ro;
  if (random.one_in(6)) mount.access = Access::rw;
  const std::size_t count = mount.access == Access::rw ? 1 : 1 + random.below(kMostLayers);
  for (std::size_t i = 0; i < count; ++i) {
    mount.layers.push_back({.form = random.one_in(4) ? Form::package : static_cast<Form>(random.below(2)),
                            .tree = random.tree(kMostEntries)});
  }
  if (guest.empty() || !random.one_in(6)) return mount;
  // Part of it: a directory or a single file.
  std::vector<std::string> shown;
  for (const auto& [path, entry] : merged(mount)) {
    if (entry.kind != Kind::link) shown.push_back(path);
  }
  mount.subpath = random.pick(shown);
  return mount;
}

}  // namespace

RandomStack RandomStack::draw(RandomSource& random) {
  RandomStack stack;
  std::vector<std::string> guests{""};
  for (std::uint64_t left = random.below(kMostMounts + 1); left > 0; --left) {
    // Half of them inside another one.
    const std::string guest = (random.one_in(2) ? random.pick(guests) : "") + random.path(2);
    if (std::ranges::find(guests, guest) == guests.end()) guests.push_back(guest);
  }
  std::ranges::sort(guests, {}, [](const std::string& guest) { return std::ranges::count(guest, '/'); });
  for (const std::string& guest : guests) stack.mounts.push_back(draw_mount(random, guest));
  return stack;
}

std::string RandomStack::describe() const {
  constexpr std::array kAccess = {"cow", "ro", "rw"};
  constexpr std::array kForms = {"memory", "immutable", "package"};
  std::string out;
  for (const Mount& mount : mounts) {
    out += "mount " + (mount.guest.empty() ? "/" : mount.guest) + " " +
           kAccess.at(static_cast<std::size_t>(mount.access));
    if (!mount.subpath.empty()) out += " subpath " + mount.subpath;
    out += "\n";
    for (const Layer& layer : mount.layers) {
      out += "layer " + std::string(kForms.at(static_cast<std::size_t>(layer.form))) + "\n" +
             naive_text(layer.tree);
    }
  }
  return out;
}

BuiltStack build(const RandomStack& stack) {
  const auto read_only = [](const RandomStack::Mount& mount) { return mount.access == Access::ro; };
  const RandomStack::Mount& root = stack.mounts.front();
  MountTable table(compose(root), {.read_only = read_only(root)});
  BuiltStack built{.tree = nullptr,
                   .world = NaiveWorld({.guest = "", .tree = merged(root), .read_only = read_only(root)}),
                   .problem = {}};
  for (std::size_t i = 1; i < stack.mounts.size(); ++i) {
    const RandomStack::Mount& mount = stack.mounts[i];
    const Refusals expected = built.world.mount({.guest = mount.guest,
                                                 .tree = naive_subtree(merged(mount), mount.subpath),
                                                 .read_only = read_only(mount)});
    const Status mounted =
        table.mount(mount.guest, compose(mount), mount.subpath, {.read_only = read_only(mount)},
                    []() -> FilesystemPtr { return empty_memory(); });
    const bool agreed = mounted ? expected.empty() : expected.contains(static_cast<int>(mounted.error()));
    if (!agreed) {
      built.problem += "mounting " + mount.guest + ": " + (mounted ? "success" : message(mounted.error())) +
                       ", which is not expected\n";
    }
  }
  built.tree = std::make_shared<const Tree>(std::move(table));
  return built;
}

}  // namespace wasifs::test
