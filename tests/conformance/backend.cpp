// SPDX-License-Identifier: Apache-2.0
#include "backend.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "compose/mount_table.h"
#include "compose/overlay.h"
#include "fixed_layer.h"
#include "fs/archive/archive_fs.h"
#include "fs/host/frozen_fs.h"
#include "fs/host/host_fs.h"
#include "fs/memory/memory_fs.h"
#include "inspect/tar_sink.h"
#include "inspect/tree_copy.h"
#include "lasting.h"
#include "posix_vfs.h"
#include "support/fuse_mount.h"
#include "support/temp_dir.h"
#include "tree_vfs.h"
#include "wasifs/filesystem_wrapper.h"

namespace wasifs::test {

Stage::~Stage() {
  fs.reset();
  lowers.clear();
  while (!resources.empty()) resources.pop_back();
}

namespace {

std::shared_ptr<MemoryFilesystem> memory() { return std::make_shared<MemoryFilesystem>(); }

/// A memory layer that changes of the cases go to.
std::shared_ptr<MemoryFilesystem> changed_memory(Stage& stage) {
  stage.quota = std::make_shared<Quota>();
  return std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.quota = stage.quota});
}

void populate(const Fixture& fixture, Vfs& layer) {
  Vfs* const only = &layer;
  fixture.apply({&only, 1});
}

Stage memory_stage(const Fixture& fixture) {
  Stage stage;
  stage.fs = std::make_unique<TreeVfs>(changed_memory(stage));
  populate(fixture, *stage.fs);
  return stage;
}

FilesystemPtr wrapped(FilesystemPtr fs) { return std::make_shared<FilesystemWrapper>(std::move(fs)); }

Stage wrapped_stage(const Fixture& fixture) {
  Stage stage;
  stage.fs = std::make_unique<TreeVfs>(wrapped(changed_memory(stage)));
  populate(fixture, *stage.fs);
  return stage;
}

/// An overlay whose layers are all wrapped.
Stage wrapped_layers_stage(const Fixture& fixture) {
  Stage stage;
  const FilesystemPtr lower = wrapped(memory());
  stage.lowers.push_back(std::make_unique<TreeVfs>(lower));
  populate(fixture, *stage.lowers.front());
  stage.fs = std::make_unique<TreeVfs>(
      std::make_shared<Overlay>(wrapped(changed_memory(stage)), std::vector<FilesystemPtr>{lower}));
  return stage;
}

/// A new host directory with the mode of a memory root; the stage keeps it.
std::shared_ptr<TempDir> host_directory(Stage& stage) {
  auto directory = std::make_shared<TempDir>();
  std::filesystem::permissions(directory->path(), static_cast<std::filesystem::perms>(0755));
  stage.resources.push_back(directory);
  return directory;
}

template <class Layer = HostFilesystem>
FilesystemPtr host_layer(const std::string& path) {
  auto opened = Layer::open(path, {});
  if (!opened) throw std::runtime_error(opened.error().text());
  return *std::move(opened);
}

Stage host_stage(const Fixture& fixture) {
  Stage stage;
  stage.fs = std::make_unique<TreeVfs>(host_layer(host_directory(stage)->string()));
  populate(fixture, *stage.fs);
  return stage;
}

/// Where the fixture of an overlay lies.
enum class Lies : std::uint8_t {
  in_upper,
  in_lower,
  in_two_lowers,
  in_fixed_lowers,  ///< two that say they never change
  in_upper_and_lower,
  in_host_lower,
};

/// An overlay with a memory upper; its lowers with their fixture are noted in `stage`.
FilesystemPtr make_overlay(const Fixture& fixture, Lies where, Stage& stage) {
  const FilesystemPtr upper = changed_memory(stage);
  std::vector<FilesystemPtr> lowers;
  if (where == Lies::in_host_lower) {
    lowers = {host_layer(host_directory(stage)->string())};
  } else {
    lowers = {memory()};
    if (where == Lies::in_two_lowers || where == Lies::in_fixed_lowers) lowers.push_back(memory());
  }
  for (const FilesystemPtr& lower : lowers) stage.lowers.push_back(std::make_unique<TreeVfs>(lower));
  TreeVfs upper_fs(upper);
  std::vector<Vfs*> targets;
  if (where == Lies::in_upper || where == Lies::in_upper_and_lower) targets.push_back(&upper_fs);
  if (where != Lies::in_upper) {
    for (const auto& lower : stage.lowers) targets.push_back(lower.get());
  }
  fixture.apply(targets);
  if (where == Lies::in_fixed_lowers) {
    for (FilesystemPtr& lower : lowers) {
      lower = std::make_shared<FixedLayer>(std::move(lower));
    }
  }
  return std::make_shared<Overlay>(upper, lowers);
}

template <Lies where>
Stage overlay_stage(const Fixture& fixture) {
  Stage stage;
  stage.fs = std::make_unique<TreeVfs>(make_overlay(fixture, where, stage));
  return stage;
}

/// An overlay over a directory of the host that is populated first and frozen then.
Stage frozen_lower_stage(const Fixture& fixture) {
  Stage stage;
  const std::string path = host_directory(stage)->string();
  stage.lowers.push_back(std::make_unique<TreeVfs>(host_layer(path)));
  populate(fixture, *stage.lowers.front());
  stage.fs = std::make_unique<TreeVfs>(std::make_shared<Overlay>(
      changed_memory(stage), std::vector<FilesystemPtr>{host_layer<FrozenFilesystem>(path)}));
  return stage;
}

/// An overlay over an archive of what was made in memory. Only root may make an archive
/// of devices and owners; it is read by anybody.
Stage archive_lower_stage(const Fixture& fixture) {
  Stage stage;
  const auto lower = std::make_unique<TreeVfs>(memory());
  populate(fixture, *lower);
  const TempDir folder;
  const std::string path = folder / "lower.tar";
  const auto sink = TarSink::create(path).value();
  if (!copy_tree(*lower->shared_tree(), "/", *sink) || !sink->finish()) {
    throw std::runtime_error("the archive cannot be made");
  }
  // Its file may go: it stays mapped.
  const FilesystemPtr archive = archive::ArchiveFilesystem::open(path).value();
  stage.lowers.push_back(std::make_unique<TreeVfs>(archive));
  stage.fs = std::make_unique<TreeVfs>(
      std::make_shared<Overlay>(changed_memory(stage), std::vector<FilesystemPtr>{archive}));
  return stage;
}

/// An overlay whose upper keeps what it has to remember.
template <std::unique_ptr<LastingLayers> (*make)()>
Stage lasting_stage(const Fixture& fixture) {
  Stage stage;
  const std::shared_ptr<LastingLayers> layers = make();
  stage.resources.push_back(layers);
  std::vector<Vfs*> targets;
  for (const FilesystemPtr& lower : layers->lowers()) {
    targets.push_back(stage.lowers.emplace_back(std::make_unique<TreeVfs>(lower)).get());
  }
  fixture.apply(targets);
  stage.fs = std::make_unique<TreeVfs>(layers->open());
  return stage;
}

/// An overlay as root with further mounts around `inside`, where the cases run.
std::shared_ptr<const Tree> composed_tree(FilesystemPtr root, FilesystemPtr inside) {
  const auto never = [] -> FilesystemPtr { throw std::logic_error("the root overlay is writable"); };
  MountTable mounts(std::move(root));
  for (const auto& [guest, fs] :
       {std::pair<const char*, FilesystemPtr>{"/srv/data", std::move(inside)}, {"/other", memory()}}) {
    if (!mounts.mount(guest, fs, "", {}, never))
      throw std::runtime_error(std::string("cannot mount at ") + guest);
  }
  return std::make_shared<const Tree>(std::move(mounts));
}

constexpr const char* kMountPoint = "/srv/data";
constexpr const char* kBesideMounts = "/home";

/// The cases run in the file system mounted below the root.
std::shared_ptr<const Tree> tree_for_mount(const Fixture& fixture, Stage& stage) {
  const auto root = std::make_shared<Overlay>(memory(), std::vector<FilesystemPtr>{memory()});
  return composed_tree(root, make_overlay(fixture, Lies::in_lower, stage));
}

Stage tree_mount_stage(const Fixture& fixture) {
  Stage stage;
  stage.fs = std::make_unique<TreeVfs>(tree_for_mount(fixture, stage), kMountPoint);
  return stage;
}

/// The cases run in a directory of the root's overlay, beside the mounts.
Stage tree_root_stage(const Fixture& fixture) {
  Stage stage;
  const auto lower = memory();
  TreeVfs whole(lower);
  if (!whole.mkdir(kBesideMounts)) throw std::runtime_error("cannot make the directory of the cases");
  stage.lowers.push_back(std::make_unique<TreeVfs>(whole.shared_tree(), kBesideMounts));
  populate(fixture, *stage.lowers.front());
  const auto root = std::make_shared<Overlay>(changed_memory(stage), std::vector<FilesystemPtr>{lower});
  stage.fs = std::make_unique<TreeVfs>(composed_tree(root, memory()), kBesideMounts);
  return stage;
}

/// `inner`, seen through a FUSE mount of its tree.
template <Stage (*inner)(const Fixture&)>
Stage mounted_stage(const Fixture& fixture) {
  Stage stage = inner(fixture);
  const auto& in_process = dynamic_cast<TreeVfs&>(*stage.fs);
  auto mount = std::make_shared<TreeMount>(in_process.shared_tree());
  stage.fs = std::make_unique<PosixVfs>(mount->path() + in_process.directory());
  stage.resources.push_back(std::move(mount));
  return stage;
}

Stage reference_stage(const Fixture& fixture) {
  Stage stage;
  stage.fs = std::make_unique<PosixVfs>(host_directory(stage)->string());
  populate(fixture, *stage.fs);
  return stage;
}

}  // namespace

const std::vector<Backend>& all_backends() {
  static const std::vector<Backend> backends = {
      {.name = "reference", .make = reference_stage, .kernel = true, .host = true},
      {.name = "memory", .make = memory_stage},
      {.name = "host", .make = host_stage, .host = true},
      {.name = "overlay_upper", .make = overlay_stage<Lies::in_upper>},
      {.name = "overlay_lower", .make = overlay_stage<Lies::in_lower>},
      {.name = "overlay_two_lowers", .make = overlay_stage<Lies::in_two_lowers>},
      {.name = "overlay_fixed_lowers", .make = overlay_stage<Lies::in_fixed_lowers>},
      {.name = "overlay_upper_and_lower", .make = overlay_stage<Lies::in_upper_and_lower>},
      {.name = "overlay_host_lower",
       .make = overlay_stage<Lies::in_host_lower>,
       .host = true,
       .counts_subdirectories = false},
      {.name = "overlay_frozen_lower",
       .make = frozen_lower_stage,
       .host = true,
       .counts_subdirectories = false},
      {.name = "overlay_archive_lower", .make = archive_lower_stage},
      {.name = "overlay_lasting", .make = lasting_stage<lasting_in_memory>},
      {.name = "overlay_lasting_fixed", .make = lasting_stage<lasting_over_fixed_lowers>},
      {.name = "overlay_host_upper",
       .make = lasting_stage<lasting_on_host>,
       .host = true,
       .counts_subdirectories = false},
      {.name = "wrapped", .make = wrapped_stage},
      {.name = "overlay_wrapped", .make = wrapped_layers_stage},
      {.name = "tree_mount", .make = tree_mount_stage},
      {.name = "tree_root", .make = tree_root_stage},
      {.name = "mounted_memory", .make = mounted_stage<memory_stage>, .kernel = true, .fuse = true},
      {.name = "mounted_overlay",
       .make = mounted_stage<overlay_stage<Lies::in_lower>>,
       .kernel = true,
       .fuse = true},
      {.name = "mounted_overlay_mixed",
       .make = mounted_stage<overlay_stage<Lies::in_upper_and_lower>>,
       .kernel = true,
       .fuse = true},
      {.name = "mounted_overlay_frozen",
       .make = mounted_stage<frozen_lower_stage>,
       .kernel = true,
       .fuse = true,
       .host = true,
       .counts_subdirectories = false},
      {.name = "mounted_host", .make = mounted_stage<host_stage>, .kernel = true, .fuse = true, .host = true},
      {.name = "mounted_overlay_host_upper",
       .make = mounted_stage<lasting_stage<lasting_on_host>>,
       .kernel = true,
       .fuse = true,
       .host = true,
       .counts_subdirectories = false},
      {.name = "mounted_tree", .make = mounted_stage<tree_mount_stage>, .kernel = true, .fuse = true},
  };
  return backends;
}

std::vector<Backend> in_process_backends() {
  std::vector<Backend> some;
  std::ranges::copy_if(all_backends(), std::back_inserter(some), [](const Backend& b) { return !b.kernel; });
  return some;
}

}  // namespace wasifs::test
