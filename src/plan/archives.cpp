// SPDX-License-Identifier: Apache-2.0
#include "plan/archives.h"

#include <unistd.h>

namespace wasifs::plan {

Outcome<FilesystemPtr> Archives::open(const std::string& path, Whiteouts whiteouts) {
  FilesystemPtr& known = opened_[{path, whiteouts}];
  if (known != nullptr) return known;
  archive::OpenOptions options = options_;
  options.whiteouts = whiteouts;
  options.user_marks = ::geteuid() != 0;
  auto opened = archive::ArchiveFilesystem::open(path, options);
  if (!opened) return fail(std::move(opened.error()));
  return known = *std::move(opened);
}

}  // namespace wasifs::plan
