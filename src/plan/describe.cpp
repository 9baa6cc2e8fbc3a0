// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "wasifs/plan.h"

namespace wasifs {

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
      break;
  }
  // A directory that is a volume of a package is that first of all.
  std::string line = kind == LayerKind::webc      ? "webc "
                     : kind == LayerKind::archive ? "archive "
                     : volume.empty()             ? "host "
                                                  : "package ";
  line += quoted(written.empty() ? source : written);
  if (!volume.empty()) line += " volume " + quoted(volume);
  if (!subpath.empty()) line += " path " + quoted("/" + subpath);
  return line;
}

}  // namespace wasifs
