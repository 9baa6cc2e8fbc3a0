// SPDX-License-Identifier: Apache-2.0

// What the tree tells of where its files come from, against the model and against
// the sources themselves: the winner, the extended attributes and the content agree.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "composition_check.h"
#include "conformance/posix_vfs.h"
#include "conformance/tree_vfs.h"
#include "inspect/explain_report.h"
#include "random_manifest.h"
#include "support/fuse_mount.h"
#include "unit/cli/cli_runner.h"
#include "wasifs/root.h"

namespace wasifs::test {
namespace {

using Kind = NaiveEntry::Kind;

constexpr std::uint64_t kFirstSeed = 2'000'000;
constexpr std::uint64_t kMostSeeds = 2000;
constexpr std::size_t kPathsOfOne = 12;
constexpr std::size_t kMostChanges = 8;
constexpr const char* kMemory = "memory";

std::string host_source(const std::string& name) { return "host \"" + name + "\""; }
std::string volume_source(const std::string& package, const std::string& volume) {
  return "webc \"" + package + "\" volume \"" + volume + "\"";
}

/// Every source of a manifest, by the name that provenance has for it.
std::map<std::string, NaiveTree*> sources_of(RandomManifest& manifest) {
  std::map<std::string, NaiveTree*> all;
  for (RandomManifest::Mount& mount : manifest.mounts) {
    for (RandomManifest::Source& source : mount.layers) {
      all[source.package ? volume_source(source.name, "/v") : host_source(source.name)] = &source.tree;
    }
  }
  const auto add_package = [&](RandomManifest::Package& package) {
    for (std::size_t i = 0; i < package.volumes.size(); ++i) {
      all[volume_source(package.name, "/v" + std::to_string(i))] = &package.volumes[i];
    }
  };
  if (manifest.container) add_package(*manifest.container);
  for (RandomManifest::Package& use : manifest.uses) add_package(use);
  return all;
}

/// The composition with the origin of every entry in the place of its text, so that
/// the model's merge tells who wins.
NaiveTree winners_of(RandomManifest manifest) {
  for (const auto& [source, tree] : sources_of(manifest)) {
    for (auto& [path, entry] : *tree) entry.text = source + " path \"" + path + "\"";
  }
  return compose_naively(manifest).world->visible();
}

/// A composition that can be opened, and what is to be asked of it.
struct Subject {
  RandomManifest manifest;
  NaiveComposition naive;
  TempDir folder;
  PreparedRoot root = {};
  bool changed = false;  ///< after changes only the content tells who won
  std::string log;
};

/// nullptr where the draw makes no root.
std::unique_ptr<Subject> draw_subject(std::uint64_t seed, RandomSource& random) {
  auto subject = std::make_unique<Subject>();
  subject->manifest = RandomManifest::draw(random);
  subject->naive = compose_naively(subject->manifest);
  if (!subject->naive.error.empty()) return nullptr;
  subject->manifest.write(subject->folder);
  subject->log =
      "seed " + std::to_string(seed) + "\n# A random composition.\n" + subject->manifest.sections() + "\n";
  Outcome<PreparedRoot> root = PreparedRoot::open(subject->folder / "site.toml");
  if (!root) throw std::runtime_error(subject->log + root.error().text());
  subject->root = *std::move(root);
  subject->changed = random.one_in(2);
  if (subject->changed) {
    TreeVfs fs(subject->root.tree);
    const std::string problem =
        change_both(fs, *subject->naive.world, random, 1 + random.below(kMostChanges), subject->log);
    if (!problem.empty()) throw std::runtime_error(subject->log + problem);
  }
  return subject;
}

/// What is at a path now: the content of a file, the text of a link.
std::string text_at(Vfs& fs, const std::string& path, Kind kind) {
  if (kind == Kind::directory) return {};
  const Result<std::string> text = kind == Kind::file ? fs.content(path) : fs.read_link(path);
  return text ? *text : "<" + message(text.error()) + ">";
}

/// The same, asked of the source that is said to be the origin; nullopt of memory,
/// which holds nothing that the model has not told already.
std::optional<std::string> text_at_origin(Subject& subject, const Origin& origin, Kind kind) {
  for (const RandomManifest::Mount& mount : subject.manifest.mounts) {
    for (const RandomManifest::Source& source : mount.layers) {
      if (source.package || host_source(source.name) != origin.source) continue;
      PosixVfs host(subject.folder / source.name);
      return text_at(host, origin.path, kind);
    }
  }
  for (const auto& [source, tree] : sources_of(subject.manifest)) {
    if (source != origin.source) continue;
    const auto found = tree->find(origin.path == "/" ? "" : origin.path);
    if (found == tree->end()) return "<not there>";
    return kind == Kind::directory ? "" : found->second.text;
  }
  if (origin.source != kMemory) return "<no such source>";
  return std::nullopt;
}

std::string xattr(Vfs& fs, const std::string& path, const std::string& name) {
  const Result<std::string> value = fs.get_xattr(path, "user.wasifs." + name);
  return value ? *value : "<" + message(value.error()) + ">";
}

/// What `wasifs explain --json` says: the verb itself where a new root is as this one.
nlohmann::json explain(const Subject& subject, const std::string& path) {
  if (!subject.changed) {
    const Ran ran = run_cli({"explain", "--json", subject.folder / "site.toml", path});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return nlohmann::json::parse(ran.out);
  }
  const Outcome<ExplainReport> report = explain_path(*subject.root.tree, subject.root.plan, path);
  if (!report) throw std::runtime_error(report.error().text());
  std::ostringstream out;
  print_explain_json(out, *report);
  return nlohmann::json::parse(out.str());
}

struct Explained {
  std::string layer;
  Origin origin;
  MountPlace mount;
};

Explained winner_in(const nlohmann::json& explained) {
  Explained winner;
  for (const auto& layer : explained["layers"]) {
    if (layer["role"] != "shown") continue;
    EXPECT_EQ(winner.layer, "") << "two layers are shown";
    winner.layer = layer["layer"];
    winner.origin = {.source = layer["source"], .path = layer["source_path"]};
  }
  const auto& mount = explained["mounts"][0];
  winner.mount = {.guest = mount["guest"], .label = mount["asked_by"], .synthetic = mount["synthetic"]};
  return winner;
}

/// What the model says of a composition that nothing has changed.
void check_winner(const Subject& subject, const std::string& path, Kind kind, const Explained& winner) {
  const std::string guest = subject.naive.world->mount_of(path);
  EXPECT_EQ(winner.mount.guest, guest.empty() ? "/" : guest) << path;
  if (path == guest) return;  // the root of a mount is its upper's, where it has one
  const std::string expected = winners_of(subject.manifest).at(path).text;
  const bool made = expected.empty();  // on the way to a mount point
  // A directory that such a one was made in is copied up for it.
  const bool copied =
      kind == Kind::directory && winner.layer == kMemory && subject.naive.world->mounts_below(path);
  if (made || copied) {
    EXPECT_EQ(winner.layer, kMemory) << path;
  } else {
    EXPECT_EQ(winner.origin.text(), expected) << path;
  }
}

void check_path(Subject& subject, Vfs& fs, const std::string& path, Kind kind) {
  const Explained winner = winner_in(explain(subject, path));
  EXPECT_EQ(xattr(fs, path, "layer"), winner.layer) << path;
  EXPECT_EQ(xattr(fs, path, "origin"), winner.origin.text()) << path;
  EXPECT_EQ(xattr(fs, path, "mount"), winner.mount.text()) << path;
  const std::string served = text_at(fs, path, kind);
  EXPECT_EQ(served, kind == Kind::directory ? "" : subject.naive.world->visible().at(path).text) << path;
  if (const auto original = text_at_origin(subject, winner.origin, kind)) {
    EXPECT_EQ(served, *original) << path << " of " << winner.origin.text();
  }
  if (!subject.changed) check_winner(subject, path, kind, winner);
}

/// Checks some paths of a composition and gives their number. Links are left out
/// where the kernel is asked: it keeps user attributes to files and directories.
std::size_t check_paths(Subject& subject, Vfs& fs, RandomSource& random, bool links) {
  SCOPED_TRACE(subject.log);
  std::vector<std::pair<std::string, Kind>> all;
  for (const auto& [path, entry] : subject.naive.world->visible()) {
    if (!path.empty() && (links || entry.kind != Kind::link)) all.emplace_back(path, entry.kind);
  }
  if (all.empty()) return 0;
  for (std::size_t i = 0; i < kPathsOfOne; ++i) {
    const auto& [path, kind] = random.pick(all);
    check_path(subject, fs, path, kind);
  }
  return kPathsOfOne;
}

constexpr std::size_t kPathsInProcess = 1000;
constexpr std::size_t kPathsMounted = 200;

TEST(RandomProvenance, WinnerAttributesAndContentAgree) {
  std::size_t checked = 0;
  for (std::uint64_t seed = kFirstSeed; seed < kFirstSeed + kMostSeeds && checked < kPathsInProcess; ++seed) {
    RandomSource random(seed);
    const std::unique_ptr<Subject> subject = draw_subject(seed, random);
    if (subject == nullptr) continue;
    TreeVfs fs(subject->root.tree);
    checked += check_paths(*subject, fs, random, true);
    if (HasFailure()) return;
  }
  EXPECT_GE(checked, kPathsInProcess);
}

TEST(RandomProvenance, WinnerAttributesAndContentAgreeThroughAMount) {
  WASIFS_NEED_FUSE();
  std::size_t checked = 0;
  for (std::uint64_t seed = kFirstSeed + kMostSeeds;
       seed < kFirstSeed + 2 * kMostSeeds && checked < kPathsMounted; ++seed) {
    RandomSource random(seed);
    const std::unique_ptr<Subject> subject = draw_subject(seed, random);
    if (subject == nullptr) continue;
    const TreeMount mount(subject->root.tree);
    PosixVfs fs(mount.path());
    checked += check_paths(*subject, fs, random, false);
    if (HasFailure()) return;
  }
  EXPECT_GE(checked, kPathsMounted);
}

}  // namespace
}  // namespace wasifs::test
