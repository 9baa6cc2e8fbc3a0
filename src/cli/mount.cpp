// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/compose_flags.h"
#include "cli/mount_request.h"
#include "cli/verb.h"

namespace wasifs::cli {

namespace {

Action add(CLI::App& app) {
  auto request = std::make_shared<MountRequest>();
  app.add_option("SOURCE", request->source, "Manifest, package, archive, image or directory")->required();
  app.add_option("DIR", request->mount_point, "Where to mount it")->required();
  app.add_option("-o,--options", request->options, "Comma-separated: ro, allow_other, fsname=NAME, ...")
      ->type_name("OPT,...")
      ->allow_extra_args(false)
      ->take_all();
  app.add_flag("-f,--foreground", request->foreground, "Serve in the foreground; Ctrl-C unmounts");
  app.add_option("--ready-fd", request->ready_fd, "Write \"READY\" to this file descriptor once it serves")
      ->type_name("N");
  add_compose_flags(app, request->compose);
  return [request](Io& io) { return run_mount(*request, io); };
}

}  // namespace

const Verb kMountVerb{.name = "mount", .help = "Mount the composed tree with FUSE", .add = add};

}  // namespace wasifs::cli
