// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/path.h"
#include "cli/our_mount.h"
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

Outcome<int> run_unmount(const Options& options) {
  const Outcome<fuse::MountEntry> entry = find_our_mount(options.mount_point, "unmount");
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
