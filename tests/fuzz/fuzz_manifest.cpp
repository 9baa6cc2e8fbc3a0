// SPDX-License-Identifier: Apache-2.0

// Manifest bytes through parsing, planning and reporting. No file is touched:
// the packages that a manifest names come from a fixed catalogue.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "inspect/plan_report.h"
#include "inspect/spec_report.h"
#include "plan/make_plan.h"
#include "plan/manifest.h"
#include "plan/run_reader.h"
#include "wasifs/filesystems.h"

namespace {

using namespace wasifs;

/// A package with mounts that meet one another and those of a manifest.
plan::PackageInfo package(unsigned version) {
  plan::PackageInfo info;
  info.version = version;
  info.volumes = {"atom", "/data", "metadata"};
  info.manifest.has_fs = version != 1;
  info.manifest.fs = {{.from = "", .volume = "data", .host_path = "/x", .mount_path = "/a"},
                      {.from = "", .volume = "atom", .host_path = "", .mount_path = "/a/b"},
                      {.from = "", .volume = "atom", .host_path = "", .mount_path = "/a"},
                      {.from = "", .volume = "atom", .host_path = "", .mount_path = "/"},
                      {.from = "dep", .volume = "v", .host_path = "", .mount_path = "/d"}};
  info.manifest.dependencies = {{.alias = "dep", .specifier = "ns/dep@1"},
                                {.alias = "other", .specifier = "ns/other@1"}};
  info.manifest.atoms = {{.name = "prog", .kind = "", .signature = "", .size = 1}};
  info.manifest.commands = {{.name = "run",
                             .runner = "",
                             .atom = "prog",
                             .dependency = "",
                             .exec_name = "prog",
                             .main_args = {"-x"},
                             .env = {"LANG=C", "HOME"},
                             .cwd = "app/.."}};
  return info;
}

void add_file(Filesystem& fs, std::string_view name, std::string_view text) {
  const auto file = fs.root()->create(name, {});
  if (!file || !(*file)->share_content({.bytes = std::as_bytes(std::span(text)), .owner = nullptr}))
    std::abort();
}

/// An image of two layers.
std::shared_ptr<const oci::Image> image() {
  const FilesystemPtr tar = memory_filesystem();
  add_file(*tar, "manifest.json", R"([{"Config": "c.json", "Layers": ["l.tar", "l.tar"]}])");
  add_file(*tar, "c.json", R"({"config": {"Env": ["A=b"], "Cmd": ["a"]}})");
  add_file(*tar, "l.tar", "bytes");
  const auto opened = oci::Image::open(tar, "fuzz.tar", "");
  if (!opened) std::abort();
  return *opened;
}

/// Aborts unless what every run specification promises holds for this one.
void check(const RunSpec& run) {
  if (!run.cwd.starts_with('/') || run.entry_function.empty()) std::abort();
  for (const EnvVar& variable : run.env) {
    if (!plan::env_problem(variable).empty()) std::abort();
  }
  for (const std::string& argument : run.argv) {
    if (argument.find('\0') != std::string::npos) std::abort();
  }
  for (const Preopen& preopen : run.preopens) {
    if (!preopen.path.starts_with('/') || preopen.alias.empty() || preopen.rights == Rights{}) std::abort();
    if (preopen.rights.create && !preopen.rights.write) std::abort();
  }
}

/// Aborts unless what every plan promises holds for this one.
void check(const Plan& plan) {
  if (plan.mounts.empty() || plan.mounts.front().guest != "/") std::abort();
  for (const PlannedMount& mount : plan.mounts) {
    if (!mount.guest.starts_with('/')) std::abort();
    if (!mount.upper && mount.lowers.empty()) std::abort();
    if (mount.access == Access::ro && mount.upper) std::abort();
  }
  check(plan.run);
  if (render_plan(plan).empty() || plan_json(plan).empty()) std::abort();
  if (render_spec(plan).empty() || spec_json(plan).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = plan::parse_manifest(text, "fuzz.toml");
  if (!manifest) {
    if (manifest.error().text().empty()) std::abort();
    return 0;
  }
  plan::Catalogue catalogue;
  unsigned version = 1;
  for (const plan::PackageNeed& need : plan::needed_packages(*manifest)) {
    catalogue.emplace(need.source->path, package(version));
    version = version % 3 + 1;
  }
  // Each depends on the next one, and one on all, so that there are trees and circles.
  for (auto at = catalogue.begin(); at != catalogue.end(); ++at) {
    const auto next = std::next(at);
    if (next != catalogue.end())
      at->second.dependencies = {{"dep", next->first}, {"other", catalogue.rbegin()->first}};
  }
  if (catalogue.size() > 4) catalogue.rbegin()->second.dependencies = {{"dep", catalogue.begin()->first}};
  static const std::shared_ptr<const oci::Image> some_image = image();
  plan::Images images;
  for (const plan::MountEntry& mount : manifest->mounts) {
    for (const plan::LayerSource& layer : mount.layers) images.insert({{layer.path, layer.tag}, some_image});
  }
  const auto plan = plan::make_plan(*manifest, catalogue, images);
  if (plan) check(*plan);
  return 0;
}
