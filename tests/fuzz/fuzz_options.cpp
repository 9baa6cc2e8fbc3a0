// SPDX-License-Identifier: Apache-2.0

// The texts of the command line's flags through apply_options() and planning. A
// line of the input is one flag: a letter that says which, then its text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "inspect/plan_report.h"
#include "plan/make_plan.h"
#include "plan/options.h"

namespace {

using namespace wasifs;

void add_flag(ComposeOptions& options, char flag, std::string text) {
  switch (flag) {
    case 'v':
      return options.volumes.push_back(std::move(text));
    case 'm':
      return options.mapped_dirs.push_back(std::move(text));
    case 'c':
      return options.map_commands.push_back(std::move(text));
    case 'e':
      return options.env.push_back(std::move(text));
    case 'h':
      return options.host_env.push_back(std::move(text));
    case 'a':
      return options.args.push_back(std::move(text));
    default:
      options.cwd = std::move(text);
  }
}

/// A mapped directory must mean what its volume means.
void check_mapped(const std::string& mapped) {
  const auto volume = plan::volume_of_mapped_dir(mapped);
  if (!volume) return;
  plan::Manifest one;
  plan::Manifest other;
  const bool read = plan::apply_options({.mapped_dirs = {mapped}}, one).has_value();
  if (read != plan::apply_options({.volumes = {*volume}}, other).has_value()) std::abort();
  if (!read) return;
  const plan::MountEntry& a = one.mounts.front();
  const plan::MountEntry& b = other.mounts.front();
  if (a.guest_path != b.guest_path || a.access != b.access) std::abort();
  if (a.layers.front().path != b.layers.front().path) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  ComposeOptions options;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    add_flag(options, line.front(), std::string(line.substr(1)));
    if (line.front() == 'm') check_mapped(std::string(line.substr(1)));
  }
  plan::Manifest manifest;
  const auto applied = plan::apply_options(options, manifest);
  if (!applied) {
    if (applied.error().trouble != Trouble::usage || applied.error().text().empty()) std::abort();
    return 0;
  }
  const auto plan = plan::make_plan(manifest, {});
  if (plan && plan_json(*plan).empty()) std::abort();
  return 0;
}
