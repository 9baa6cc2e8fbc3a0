// SPDX-License-Identifier: Apache-2.0
#include "plan/archives.h"

#include <unistd.h>

#include "fs/archive/archive_fs.h"

namespace wasifs::plan {

Archives::Archives(const ComposeOptions& options)
    : cache_(options.archive_cache), progress_(options.progress) {}

Outcome<FilesystemPtr> Archives::open(const std::string& path, Whiteouts whiteouts) {
  FilesystemPtr& known = opened_[{path, whiteouts}];
  if (known != nullptr) return known;
  // An overlay keeps its marks where its process may.
  archive::OpenOptions options{.whiteouts = whiteouts, .user_marks = ::geteuid() != 0, .cache = cache_};
  if (progress_) {
    options.progress = [&](std::uint64_t done, std::uint64_t total) { progress_(path, done, total); };
  }
  auto opened = archive::ArchiveFilesystem::open(path, options);
  if (!opened) return fail(std::move(opened.error()));
  return known = *std::move(opened);
}

}  // namespace wasifs::plan
