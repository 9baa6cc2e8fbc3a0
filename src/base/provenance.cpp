// SPDX-License-Identifier: Apache-2.0
#include "wasifs/provenance.h"

#include <algorithm>

#include "base/path.h"

namespace wasifs {

std::string Origin::text() const { return path.empty() ? source : source + " path " + quoted(path); }

std::string_view name_of(Role role) {
  switch (role) {
    case Role::shown:
      return "shown";
    case Role::merged:
      return "merged";
    case Role::shadowed:
      return "shadowed";
    case Role::hidden:
      break;
  }
  return "hidden";
}

std::string_view name_of(Cause cause) {
  switch (cause) {
    case Cause::only:
      return "only";
    case Cause::first:
      return "first";
    case Cause::copied_up:
      return "copied-up";
    case Cause::merge:
      return "merge";
    case Cause::layer:
      return "layer";
    case Cause::mount:
      return "mount";
    case Cause::removed:
      return "removed";
    case Cause::replaced:
      break;
  }
  return "replaced";
}

std::string LayerTrace::why() const {
  switch (cause) {
    case Cause::only:
      return "nothing else has it";
    case Cause::first:
      return "the first layer that has it";
    case Cause::copied_up:
      return role == Role::shown ? "copied up when it was first changed"
                                 : "the original of the copy that is shown";
    case Cause::merge:
      return "directories of one name merge";
    case Cause::layer:
      return quoted(at) + " of " + by + " comes first";
    case Cause::mount:
      return role == Role::shown ? "it is mounted at " + quoted(at)
                                 : "the mount at " + quoted(at) + " covers it";
    case Cause::removed:
      return quoted(at) + " was removed or renamed";
    case Cause::replaced:
      break;
  }
  return quoted(at) + " was removed and replaced";
}

std::string MountPlace::text() const {
  if (label.empty()) return quoted(guest);
  return quoted(guest) + (synthetic ? " made for " : " from ") + label;
}

const LayerTrace* Provenance::shown() const {
  const auto found = std::ranges::find(layers, Role::shown, &LayerTrace::role);
  return found == layers.end() ? nullptr : &*found;
}

std::string Provenance::shadows() const {
  std::string lines;
  for (const LayerTrace& layer : layers) {
    if (layer.role == Role::shadowed || layer.role == Role::hidden) lines += layer.origin.text() + "\n";
  }
  return lines;
}

}  // namespace wasifs
