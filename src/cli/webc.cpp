// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/source.h"
#include "cli/verb.h"
#include "fs/webc/package.h"
#include "inspect/package_report.h"

namespace wasifs::cli {

namespace {

using PackagePtr = std::shared_ptr<const webc::Package>;

/// Of whichever of info, ls and verify was named.
struct Options {
  std::string file;
  bool json = false;
  Outcome<int> (*run)(const webc::Package& package, bool json, Io& io) = nullptr;
};

Outcome<int> info(const webc::Package& package, bool json, Io& io) {
  const Outcome<std::string> digest = package_digest(package.path());
  if (!digest) return fail(digest.error());
  if (json) {
    print_package_info_json(io.out, package, *digest);
  } else {
    print_package_info(io.out, package, *digest);
  }
  return 0;
}

Outcome<int> list(const webc::Package& package, bool json, Io& io) {
  return report_all(io, json ? print_package_listing_json(io.out, package)
                             : print_package_listing(io.out, package, text_style(io)));
}

Outcome<int> verify(const webc::Package& package, bool json, Io& io) {
  const Outcome<webc::Package::Verified> verified = package.verify();
  if (json) {
    print_verified_json(io.out, package, verified);
    return verified ? 0 : static_cast<int>(verified.error().trouble);
  }
  if (!verified) return fail(verified.error());
  print_verified(io.out, *verified);
  return 0;
}

void add_action(CLI::App& app, const std::shared_ptr<Options>& options, std::string name, std::string help,
                Outcome<int> (*run)(const webc::Package&, bool, Io&)) {
  CLI::App* sub = app.add_subcommand(std::move(name), std::move(help));
  sub->add_option("FILE", options->file, "A package (*.webc, *.wasmer)")->required();
  sub->add_flag("--json", options->json, "Print one JSON object");
  sub->final_callback([options, run] { options->run = run; });
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.require_subcommand(1);
  add_action(app, options, "info", "Name, commands, dependencies, volumes and mounts", info);
  add_action(app, options, "ls", "Every entry of every volume, and the atoms", list);
  add_action(app, options, "verify", "Recompute every checksum; status 5 where one differs", verify);
  return [options](Io& io) -> Outcome<int> {
    const Outcome<PackagePtr> package = webc::Package::open(options->file);
    if (!package) return fail(package.error());
    return options->run(**package, options->json, io);
  };
}

}  // namespace

const Verb kWebcVerb{.name = "webc", .help = "Look into one package: info, ls, verify", .add = add};

}  // namespace wasifs::cli
