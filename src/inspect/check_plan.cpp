// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/path.h"
#include "inspect/check_parts.h"
#include "plan/plan_lookup.h"

namespace wasifs {

namespace {

/// An origin is a sentence; those of packages begin like this.
bool from_package(std::string_view origin) { return origin.starts_with("package "); }
bool from_user(const PlannedMount& mount) { return mount.guest != "/" && !from_package(mount.origin); }

std::string hint_for_opaque(const PlannedMount& users) {
  return users.where.line == 0 ? "a mount of a manifest with opaque = true shows nothing of packages"
                               : "opaque = true on the mount keeps packages out of it";
}

std::string_view code_of(const Decision& decision) {
  if (decision.subject == Decision::Subject::command) return "command-collision";
  if (decision.subject == Decision::Subject::variable) return "env-repeated";
  // The root is no mount among others: what loses there is a layer.
  const bool layer = decision.subject == Decision::Subject::layer || decision.guest == "/";
  return layer ? "layer-dropped" : "mount-dropped";
}

Finding from_decision(const Decision& decision) {
  const bool variable = decision.subject == Decision::Subject::variable;
  return {
      .code = std::string(code_of(decision)),
      .what = {.trouble = Trouble::conflict,
               .message = decision.dropped + (variable ? " does not count for " : " does not show at ") +
                          quoted(decision.guest) + ", in favour of " + decision.kept + ": " + decision.rule,
               .where = decision.where},
      .path = variable ? "" : decision.guest};
}

void check_package_mounts(const Plan& plan, const MountIndex& mounts, Findings& findings) {
  for (const PlannedMount& mount : plan.mounts) {
    if (!from_package(mount.origin)) continue;
    const PlannedMount* above = mounts.above(mount.guest);
    if (above == nullptr || !from_user(*above)) continue;
    findings.push_back({.code = "package-inside-mount",
                        .what = {.trouble = Trouble::conflict,
                                 .message = "what " + mount.origin + " mounts at " + quoted(mount.guest) +
                                            " shows inside " + label_of(*above),
                                 .where = above->where,
                                 .hint = hint_for_opaque(*above)},
                        .path = mount.guest});
  }
}

/// With the reference's quirk a variable can be there more than once.
void check_environment(const RunSpec& run, Findings& findings) {
  std::unordered_map<std::string_view, std::string_view> first;
  for (const EnvVar& variable : run.env) {
    const auto [known, added] = first.emplace(variable.name, variable.value);
    if (added) continue;
    findings.push_back(
        {.code = "env-repeated",
         .what = {.trouble = Trouble::conflict,
                  .message = "the variable " + quoted(variable.name) +
                             " is there twice: a guest that takes the first sees " + quoted(known->second) +
                             ", not " + quoted(variable.value),
                  .hint = R"(without "env-duplicates" in run.compat the last is the only one)"}});
  }
}

/// Commands are written to the memory layer of whatever mount shows /bin.
void check_commands_in_mounts(const Plan& plan, const MountIndex& mounts, Findings& findings) {
  const auto of_package = [](const PlannedCommand& command) { return from_package(command.origin); };
  if (std::ranges::none_of(plan.commands, of_package)) return;
  for (const std::string_view directory : plan::kCommandDirectories) {
    const PlannedMount& mount = mounts.showing(directory);
    if (!from_user(mount) || plan::command_layer(mount) == nullptr) continue;
    Finding finding{.code = "package-inside-mount",
                    .what = {.trouble = Trouble::conflict,
                             .message = "the commands of packages show inside " + label_of(mount),
                             .where = mount.where,
                             .hint = "access = \"ro\" on the mount keeps them out of it"},
                    .path = std::string(directory),
                    .count = 0};
    for (const PlannedCommand& command : plan.commands) {
      if (of_package(command)) add_example(finding, std::string(directory) + "/" + command.name);
    }
    findings.push_back(std::move(finding));
  }
}

}  // namespace

MountIndex::MountIndex(const Plan& plan) {
  for (const PlannedMount& mount : plan.mounts) mounts_.emplace(mount.guest, &mount);
  for (const PlannedMount& mount : plan.mounts) inside_.try_emplace(&mount);
  for (const PlannedMount& mount : plan.mounts) {
    if (const PlannedMount* outer = above(mount.guest)) inside_.at(outer).push_back(&mount);
  }
}

const PlannedMount* MountIndex::at(std::string_view path) const {
  const auto found = mounts_.find(path);
  return found == mounts_.end() ? nullptr : found->second;
}

const PlannedMount* MountIndex::above(std::string_view path) const {
  while (path.size() > 1) {
    const std::size_t slash = path.rfind('/');
    path = slash == 0 ? "/" : path.substr(0, slash);
    if (const PlannedMount* mount = at(path)) return mount;
  }
  return nullptr;
}

const PlannedMount& MountIndex::showing(std::string_view path) const {
  const PlannedMount* mount = at(path);
  if (mount == nullptr) mount = above(path);
  return mount == nullptr ? *at("/") : *mount;
}

const std::vector<const PlannedMount*>& MountIndex::inside(const PlannedMount& mount) const {
  return inside_.at(&mount);
}

std::string label_of(const PlannedMount& mount) {
  return mount.guest == "/" ? "the root" : "the mount at " + quoted(mount.guest);
}

std::string_view path_inside(const PlannedMount& mount, std::string_view path) {
  path.remove_prefix(mount.guest == "/" ? 1 : std::min(path.size(), mount.guest.size() + 1));
  return path;
}

void add_example(Finding& finding, std::string path) {
  if (finding.examples.size() < Finding::kMaxExamples) finding.examples.push_back(std::move(path));
  ++finding.count;
}

void check_plan(const Plan& plan, const MountIndex& mounts, Findings& findings) {
  for (const Diagnostic& warning : plan.warnings) {
    findings.push_back({.code = "plan-warning", .what = warning});
  }
  check_package_mounts(plan, mounts, findings);
  check_commands_in_mounts(plan, mounts, findings);
  check_environment(plan.run, findings);
  for (const Decision& decision : plan.decisions) {
    if (!decision.intended) findings.push_back(from_decision(decision));
  }
}

}  // namespace wasifs
