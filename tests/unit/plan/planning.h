// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "plan/make_plan.h"

/// Manifests and packages as text and data, planned without any file.
namespace wasifs::plan {

using webc::FsMapping;

inline FsMapping mapping(std::string volume, std::string guest) {
  return {.from = "", .volume = std::move(volume), .host_path = "", .mount_path = std::move(guest)};
}

/// A version 3 package that maps each volume as given.
inline PackageInfo package(std::vector<FsMapping> fs, std::vector<std::string> volumes = {"/a", "/b", "/c"}) {
  PackageInfo info;
  info.manifest.fs = std::move(fs);
  info.manifest.has_fs = true;
  info.volumes = std::move(volumes);
  return info;
}

inline PackageInfo with_command(PackageInfo info, std::string name, std::string atom = "prog") {
  info.manifest.atoms.push_back({.name = atom, .kind = "", .signature = "", .size = 1});
  info.manifest.commands.push_back(
      {.name = std::move(name), .runner = "wasi", .atom = std::move(atom), .dependency = ""});
  return info;
}

inline Outcome<Plan> try_plan(std::string_view text, const Catalogue& catalogue = {}) {
  const Outcome<Manifest> manifest = parse_manifest(text, "site.toml");
  if (!manifest) return fail(manifest.error());
  return make_plan(*manifest, catalogue);
}

inline Plan plan(std::string_view text, const Catalogue& catalogue = {}) {
  Outcome<Plan> made = try_plan(text, catalogue);
  if (!made) {
    ADD_FAILURE() << made.error().text();
    return {};
  }
  return *std::move(made);
}

inline Diagnostic error(std::string_view text, const Catalogue& catalogue = {}) {
  const Outcome<Plan> made = try_plan(text, catalogue);
  if (made) ADD_FAILURE() << "no error";
  return made ? Diagnostic{} : made.error();
}

/// `guest=upper|lower|lower` of each mount, in order.
inline std::vector<std::string> layers(const Plan& plan) {
  std::vector<std::string> out;
  for (const PlannedMount& mount : plan.mounts) {
    std::string line = mount.guest + "=" + (mount.upper ? mount.upper->describe() : "-");
    for (const PlannedLayer& lower : mount.lowers) line += "|" + lower.describe();
    out.push_back(line);
  }
  return out;
}

/// `guest: kept > dropped` of each decision.
inline std::vector<std::string> decisions(const Plan& plan) {
  std::vector<std::string> out;
  for (const Decision& one : plan.decisions) out.push_back(one.guest + ": " + one.kept + " > " + one.dropped);
  return out;
}

using Strings = std::vector<std::string>;

inline std::string host(std::string_view guest, std::string_view source, std::string_view more = "") {
  return "[[mount]]\nguest = \"" + std::string(guest) + "\"\ntype = \"host\"\nsource = \"" +
         std::string(source) + "\"\n" + std::string(more) + "\n";
}
inline const std::string kContainer = "[container]\nsource = \"p.webc\"\n";

}  // namespace wasifs::plan
