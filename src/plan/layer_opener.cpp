// SPDX-License-Identifier: Apache-2.0
#include "plan/layer_opener.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/path.h"
#include "compose/subtree.h"
#include "fs/host/frozen_fs.h"
#include "fs/host/host_fs.h"
#include "fs/memory/memory_fs.h"

namespace wasifs::plan {

namespace {

constexpr std::uint16_t kModuleMode = 0555;

Outcome<FilesystemPtr> open_host_layer(const PlannedLayer& layer, const std::string& path, HostUse use) {
  const auto links =
      layer.symlinks == Symlinks::deny ? HostFilesystem::Symlinks::deny : HostFilesystem::Symlinks::contain;
  if (use == HostUse::frozen) return FrozenFilesystem::open(path, {.symlinks = links});
  return HostFilesystem::open(path, {.read_only = use == HostUse::read, .symlinks = links});
}

/// What went wrong with the file behind a layer, with the mount that wanted it.
Diagnostic cannot_use(const PlannedMount& mount, const PlannedLayer& layer, Diagnostic cause) {
  Diagnostic error = source_error(mount, layer, layer.describe() + " cannot be used");
  error.trouble = cause.trouble;
  error.causes.push_back(std::move(cause));
  return error;
}

}  // namespace

std::string label_of(const PlannedMount& mount) { return "mount " + quoted(mount.guest); }

Diagnostic source_error(const PlannedMount& mount, const PlannedLayer& layer, const std::string& what) {
  return {.trouble = Trouble::source, .message = label_of(mount) + ": " + what, .where = layer.where};
}

Diagnostic unusable(const PlannedMount& mount, const PlannedLayer& layer, const std::string& why) {
  return source_error(mount, layer, layer.describe() + ": " + why);
}

Outcome<Opened> LayerOpener::open_host(const PlannedMount& mount, const PlannedLayer& layer,
                                       const std::string& path, HostUse use) const {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    const std::string directory = "host directory " + quoted(layer.written);
    if (errno == ENOENT) return fail(source_error(mount, layer, directory + " does not exist"));
    return fail(unusable(mount, layer, message(static_cast<Errc>(errno))));
  }
  Outcome<FilesystemPtr> opened = open_host_layer(layer, path, use);
  if (opened) return Opened{*std::move(opened)};
  Diagnostic error = source_error(mount, layer, layer.describe() + " cannot be used");
  error.causes.push_back(std::move(opened.error()));
  return fail(std::move(error));
}

Outcome<Opened> LayerOpener::open_volume(const PlannedMount& mount, const PlannedLayer& layer) const {
  FilesystemPtr volume = packages_.at(layer.source)->volume(layer.volume);
  if (volume == nullptr) return fail(unusable(mount, layer, message(Errc::enoent)));
  return open_part(mount, layer, std::move(volume));
}

Outcome<Opened> LayerOpener::open_part(const PlannedMount& mount, const PlannedLayer& layer,
                                       FilesystemPtr whole) const {
  if (layer.subpath.empty()) return Opened{std::move(whole)};
  const Result<NodeRef> node = find_in_layer(*whole, layer.subpath);
  if (!node) return fail(unusable(mount, layer, message(node.error())));
  std::string_view folder = layer.subpath;
  std::string file;
  if (!(*node)->is_directory()) {
    const std::size_t slash = folder.rfind('/');
    file = folder.substr(slash == std::string_view::npos ? 0 : slash + 1);
    folder = slash == std::string_view::npos ? std::string_view() : folder.substr(0, slash);
  }
  Result<FilesystemPtr> subtree = Subtree::open(std::move(whole), folder);
  if (!subtree) return fail(unusable(mount, layer, message(subtree.error())));
  return Opened{*std::move(subtree), std::move(file)};
}

Outcome<Opened> LayerOpener::open_archive(const PlannedMount& mount, const PlannedLayer& layer) {
  Outcome<FilesystemPtr> archive = archives_->archive(layer.source, layer.whiteouts);
  if (archive) return open_part(mount, layer, *std::move(archive));
  // An archive that is the SOURCE itself needs no word on where it was asked for.
  if (layer.where.file == layer.written) return fail(std::move(archive.error()));
  return fail(cannot_use(mount, layer, std::move(archive.error())));
}

Outcome<Opened> LayerOpener::open_image_layer(const PlannedMount& mount, const PlannedLayer& layer) {
  Outcome<FilesystemPtr> opened =
      layer.module.empty() ? archives_->layer(layer.source, layer.tag, layer.layer) : open_module(layer);
  if (opened) return Opened{*std::move(opened)};
  if (layer.where.file == layer.written) return fail(std::move(opened.error()));
  return fail(cannot_use(mount, layer, std::move(opened.error())));
}

/// A module as the only file of a directory.
Outcome<FilesystemPtr> LayerOpener::open_module(const PlannedLayer& layer) {
  const auto image = archives_->image(layer.source, layer.tag);
  if (!image) return fail(image.error());
  auto fs = std::make_shared<MemoryFilesystem>(MemoryFilesystem::Options{.frozen_time = stamp_});
  const View& bytes = (*image)->layers().at(layer.layer).bytes;
  const auto file =
      fs->create_sealed(*fs->root(), layer.module, {.mode = kModuleMode}, bytes, layer.describe());
  if (file) return fs;
  return fail(Diagnostic{.trouble = Trouble::source,
                         .message = "module " + quoted(layer.module) + ": " + message(file.error())});
}

}  // namespace wasifs::plan
