// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "wasifs/plan.h"

namespace wasifs {

namespace {

/// "sha256:" and as many digits as tools show.
constexpr std::size_t kShownDigest = 19;

}  // namespace

std::string PlannedLayer::describe() const {
  switch (kind) {
    case LayerKind::base:
      return "base root";
    case LayerKind::memory:
      return "memory";
    case LayerKind::static_text:
      return "static text";
    case LayerKind::commands:
      return "commands";
    case LayerKind::provided:
      return written;
    case LayerKind::host:
    case LayerKind::webc:
    case LayerKind::archive:
    case LayerKind::image:
      break;
  }
  // A directory that is a volume of a package is that first of all.
  std::string line = kind == LayerKind::webc      ? "webc "
                     : kind == LayerKind::archive ? "archive "
                     : kind == LayerKind::image   ? "image "
                     : volume.empty()             ? "host "
                                                  : "package ";
  line += quoted(written.empty() ? source : written);
  if (!volume.empty()) line += " volume " + quoted(volume);
  if (kind == LayerKind::image) {
    line += module.empty() ? " layer " : " module " + quoted(module) + " of layer ";
    line += digest.empty() ? std::to_string(layer + 1) : digest.substr(0, kShownDigest);
  }
  if (!subpath.empty()) line += " path " + quoted("/" + subpath);
  return line;
}

}  // namespace wasifs
