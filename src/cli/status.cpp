// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <ostream>
#include <vector>

#include "cli/our_mount.h"
#include "cli/verb.h"
#include "fuse/ask.h"
#include "inspect/status_report.h"

namespace wasifs::cli {

namespace {

/// The attribute by which a mounted tree tells of itself.
constexpr const char* kAttribute = "user.wasifs.status";
/// A daemon that needs longer is stuck.
constexpr std::chrono::seconds kPatience(5);

struct Options {
  std::string mount_point;
  bool json = false;
};

/// "ro" among the comma-separated options of a mount.
bool is_read_only(std::string_view options) { return ("," + std::string(options) + ",").contains(",ro,"); }

MountStatus ask(const fuse::MountEntry& entry) {
  MountStatus status{.point = entry.point, .source = entry.source, .read_only = is_read_only(entry.options)};
  const fuse::Answer answer = fuse::ask_mount(entry, kAttribute, kPatience);
  switch (answer.kind) {
    case fuse::Answer::Kind::value:
      if (std::optional<TreeStatus> tree = TreeStatus::parse(answer.value)) {
        status.state = MountStatus::State::serving;
        status.tree = *std::move(tree);
      } else {
        status.why = "its daemon answers something else than a status";
      }
      break;
    case fuse::Answer::Kind::dead:
      status.state = MountStatus::State::dead;
      break;
    case fuse::Answer::Kind::silent:
      status.state = MountStatus::State::silent;
      break;
    case fuse::Answer::Kind::hidden:
      status.state = MountStatus::State::hidden;
      break;
    case fuse::Answer::Kind::error:
      status.why = message(answer.error);
      break;
  }
  return status;
}

/// All mounts of ours in the order of their places, of one place in that of
/// mounting.
Outcome<std::vector<fuse::MountEntry>> all_mounts() {
  Result<std::vector<fuse::MountEntry>> entries = fuse::read_mount_info();
  if (!entries) {
    return fail(Diagnostic{.trouble = Trouble::mount,
                           .message = "the list of mounts cannot be read: " + message(entries.error())});
  }
  std::multimap<std::string, fuse::MountEntry> by_point;  // keeps the order of equal keys
  for (fuse::MountEntry& entry : *entries) {
    if (entry.type == kMountType) by_point.emplace(entry.point, std::move(entry));
  }
  std::vector<fuse::MountEntry> ours;
  for (auto& [point, entry] : by_point) ours.push_back(std::move(entry));
  return ours;
}

/// True if the mount is in the list still.
bool is_mounted(const fuse::MountEntry& mount) {
  const Result<std::vector<fuse::MountEntry>> entries = fuse::read_mount_info();
  return entries && std::ranges::find(*entries, mount.id, &fuse::MountEntry::id) != entries->end();
}

Outcome<int> run_status(const Options& options, Io& io) {
  std::vector<fuse::MountEntry> entries;
  if (options.mount_point.empty()) {
    Outcome<std::vector<fuse::MountEntry>> all = all_mounts();
    if (!all) return fail(all.error());
    entries = *std::move(all);
  } else {
    Outcome<fuse::MountEntry> entry = find_our_mount(options.mount_point, "show");
    if (!entry) return fail(entry.error());
    entries.push_back(*std::move(entry));
  }
  std::vector<MountStatus> mounts;
  for (const fuse::MountEntry& entry : entries) {
    MountStatus status = ask(entry);
    // Others mount and unmount meanwhile; what has gone is not listed.
    const bool gone = status.state != MountStatus::State::serving && !is_mounted(entry);
    if (!gone || !options.mount_point.empty()) mounts.push_back(std::move(status));
  }
  options.json ? print_status_json(io.out, mounts) : print_status(io.out, mounts);
  const bool all_serve = std::ranges::all_of(
      mounts, [](const MountStatus& mount) { return mount.state == MountStatus::State::serving; });
  return all_serve ? 0 : 1;
}

Action add(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("DIR", options->mount_point, "Where one is mounted; default: all mounts of wasifs");
  app.add_flag("--json", options->json, "Print one JSON object");
  return [options](Io& io) { return run_status(*options, io); };
}

}  // namespace

const Verb kStatusVerb{
    .name = "status", .help = "List mounts: what they show, hold and may hold", .add = add};

}  // namespace wasifs::cli
