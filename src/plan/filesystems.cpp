// SPDX-License-Identifier: Apache-2.0
#include "wasifs/filesystems.h"

#include <unistd.h>

#include <memory>
#include <utility>

#include "base/path.h"
#include "base/quota.h"
#include "compose/labelled.h"
#include "fs/host/host_fs.h"
#include "fs/memory/memory_fs.h"
#include "fs/webc/package.h"
#include "plan/archives.h"
#include "plan/package_plan.h"

namespace wasifs {

FilesystemPtr memory_filesystem(const MemoryOptions& options) {
  std::shared_ptr<Quota> quota;
  if (options.max_bytes || options.max_inodes) {
    quota = std::make_shared<Quota>(options.max_bytes.value_or(Quota::kUnlimited),
                                    options.max_inodes.value_or(Quota::kUnlimited));
  }
  return std::make_shared<MemoryFilesystem>(
      MemoryFilesystem::Options{.quota = std::move(quota), .uid = ::geteuid(), .gid = ::getegid()});
}

Outcome<FilesystemPtr> host_filesystem(const std::string& path, const HostOptions& options) {
  const auto symlinks =
      options.symlinks == Symlinks::deny ? HostFilesystem::Symlinks::deny : HostFilesystem::Symlinks::contain;
  auto opened = HostFilesystem::open(path, {.read_only = options.read_only, .symlinks = symlinks});
  if (!opened) return fail(std::move(opened.error()));
  return *std::move(opened);
}

Outcome<FilesystemPtr> package_filesystem(const std::string& path, const std::string& volume) {
  auto opened = webc::Package::open(path);
  if (!opened) return fail(std::move(opened.error()));
  const webc::Package& package = **opened;
  plan::PackageInfo info{.manifest = package.manifest(), .version = package.version()};
  for (const webc::VolumeInfo& each : package.volumes()) info.volumes.push_back(each.name);
  const plan::LayerSource source{
      .kind = plan::LayerSource::Kind::webc, .written = path, .path = path, .volume = volume};
  Outcome<PlannedLayer> layer = plan::plan_volume(source, info);
  if (!layer) {
    layer.error().trouble = Trouble::source;  // no manifest has named it
    return fail(std::move(layer.error()));
  }
  return std::make_shared<Labelled>(package.volume(layer->volume), layer->describe(), layer->describe());
}

Outcome<FilesystemPtr> archive_filesystem(const std::string& path, const ArchiveOptions& options) {
  plan::Archives archives({.cache = options.cache.value_or("")});
  Outcome<FilesystemPtr> opened = archives.archive(path, options.whiteouts);
  if (!opened) return opened;
  const PlannedLayer layer{.kind = LayerKind::archive, .source = path, .written = path};
  return std::make_shared<Labelled>(*std::move(opened), layer.describe(), layer.describe());
}

}  // namespace wasifs
