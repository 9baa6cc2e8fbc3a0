// SPDX-License-Identifier: Apache-2.0
#include "cli/our_mount.h"

#include <sys/stat.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "base/path.h"

namespace wasifs::cli {

namespace {

std::unexpected<Diagnostic> trouble(std::string text) {
  return fail(Diagnostic{.trouble = Trouble::mount, .message = std::move(text)});
}

}  // namespace

// The path's last component is looked at only after the list of mounts does not
// know it: of a dead daemon's mount any look fails.
Outcome<fuse::MountEntry> find_our_mount(const std::string& given, std::string_view action) {
  const std::string name = quoted(given);
  const Result<std::string> point = fuse::resolve_parent_only(given);
  if (!point) {
    return trouble("cannot " + std::string(action) + " " + name + ": " + message(point.error()));
  }
  std::optional<fuse::MountEntry> entry = fuse::find_mount(*point);
  struct stat status{};
  if (!entry && ::lstat(point->c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    const std::unique_ptr<char, decltype(&::free)> real(::realpath(point->c_str(), nullptr), &::free);
    if (real != nullptr) entry = fuse::find_mount(real.get());
  }
  if (!entry) return trouble("nothing is mounted on " + name);
  if (entry->type != kMountType) {
    return trouble(name + " is not a mount of wasifs but of type " + quoted(entry->type));
  }
  return *std::move(entry);
}

}  // namespace wasifs::cli
