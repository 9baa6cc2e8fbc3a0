// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/path.h"
#include "cli/verb.h"
#include "fuse/kernel_mount.h"
#include "fuse/mount_info.h"

namespace wasifs::cli {

namespace {

struct Options {
  std::string mount_point;
  bool lazy = false;
};

std::unexpected<Diagnostic> trouble(std::string text, std::string hint = {}) {
  return fail(Diagnostic{.trouble = Trouble::mount, .message = std::move(text), .hint = std::move(hint)});
}

/// What is mounted at `given`. Its last component is looked at only after the
/// list of mounts does not know it: of a dead daemon's mount any look fails.
Outcome<fuse::MountEntry> find(const std::string& given) {
  const std::string name = wasifs::quoted(given);
  const Result<std::string> point = fuse::resolve_parent_only(given);
  if (!point) return trouble("cannot unmount " + name + ": " + message(point.error()));
  std::optional<fuse::MountEntry> entry = fuse::find_mount(*point);
  struct stat status{};
  if (!entry && ::lstat(point->c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    const std::unique_ptr<char, decltype(&::free)> real(::realpath(point->c_str(), nullptr), &::free);
    if (real != nullptr) entry = fuse::find_mount(real.get());
  }
  if (!entry) return trouble("nothing is mounted on " + name);
  if (entry->type != "fuse.wasifs") {
    return trouble(name + " is not a mount of wasifs but of type " + wasifs::quoted(entry->type));
  }
  return *std::move(entry);
}

Outcome<int> run_unmount(const Options& options) {
  const Outcome<fuse::MountEntry> entry = find(options.mount_point);
  if (!entry) return fail(entry.error());
  const std::string name = wasifs::quoted(options.mount_point);
  Status done =
      fuse::unmount(entry->point, options.lazy ? fuse::Detach::at_once : fuse::Detach::wait_for_users);
  // Whoever still has files open there gets ENOTCONN already.
  if (!done && done.error() == Errc::ebusy && fuse::is_dead_mount(entry->point)) {
    done = fuse::unmount(entry->point, fuse::Detach::at_once);
  }
  if (done) return 0;
  if (done.error() == Errc::ebusy) {
    return trouble(name + " is busy", "close the files that are open there (\"fuser -vm " +
                                          options.mount_point + "\" lists them), or use --lazy");
  }
  return trouble("cannot unmount " + name + ": " + message(done.error()));
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("DIR", options->mount_point, "Where it is mounted")->required();
  app.add_flag("-l,--lazy", options->lazy, "Detach it now, end it when its last file is closed");
  return [options](Io&) { return run_unmount(*options); };
}

}  // namespace

const Verb kUnmountVerb{.name = "unmount", .help = "Unmount a tree, also of a dead daemon", .add = add};

}  // namespace wasifs::cli
