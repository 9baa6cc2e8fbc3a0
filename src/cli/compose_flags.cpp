// SPDX-License-Identifier: Apache-2.0
#include "cli/compose_flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <string>
#include <vector>

namespace wasifs::cli {

namespace {

constexpr const char* kGroup = "Composition (beats what a manifest says)";
/// CLI11's name for options that the help does not list.
constexpr const char* kHidden = "";
constexpr const char* kNoJournals = "journals are not in this version of wasifs";

/// A flag that may be given several times. Each use takes one value, whatever
/// that looks like: CLI11 would else take "[a,b]" for two.
void add_list(CLI::App& app, const char* name, std::vector<std::string>& values, const char* form,
              const char* help) {
  app.add_option(name, values, help)->type_name(form)->allow_extra_args(false)->take_all()->group(kGroup);
}

[[noreturn]] void refuse_journal(const std::string& name) { throw CLI::ValidationError(name, kNoJournals); }

/// To pass over any of these would lose what the user wanted to keep.
void add_journal_flags(CLI::App& app) {
  for (const std::string name : {"--journal", "--journal-writable", "--snapshot-on", "--snapshot-period"}) {
    app.add_option_function<std::string>(name, [name](const std::string&) { refuse_journal(name); })
        ->allow_extra_args(false)
        ->group(kHidden);
  }
  const std::string name = "--stop-after-snapshot";
  app.add_flag_callback(name, [name] { refuse_journal(name); })->group(kHidden);
}

}  // namespace

void add_compose_flags(CLI::App& app, ComposeOptions& options) {
  add_list(app, "--volume", options.volumes, "[HOST:]GUEST[:ro|rw|cow]", "Show a host directory; repeatable");
  add_list(app, "--mapdir", options.mapped_dirs, "GUEST:HOST", "The same, reversed; better use --volume");
  add_list(app, "--use", options.uses, "PACKAGE", "Inject a package; repeatable");
  add_list(app, "--env", options.env, "NAME=VALUE", "Set a variable of the guest; repeatable");
  app.add_flag("--forward-host-env", options.forward_host_env, "Pass this process's environment on")
      ->group(kGroup);
  app.add_option("--cwd", options.cwd, "Working directory of the guest")->type_name("PATH")->group(kGroup);
  add_list(app, "--map-command", options.map_commands, "ALIAS=PATH",
           "Show a host file at /bin/ALIAS; repeatable");
  app.add_option("--store", options.store, "Where packages that others need are looked for")
      ->type_name("DIR")
      ->group(kGroup);
  app.add_flag_callback(
         "--no-dependencies", [&options] { options.dependencies = false; },
         "Leave out what packages depend on")
      ->group(kGroup);
  app.add_option("--cache", options.archive_cache, "Keep what archives hold decompressed there")
      ->type_name("DIR")
      ->group(kGroup);
  add_journal_flags(app);
}

}  // namespace wasifs::cli
