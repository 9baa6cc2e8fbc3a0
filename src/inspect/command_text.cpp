// SPDX-License-Identifier: Apache-2.0
#include "inspect/command_text.h"

#include "base/path.h"
#include "inspect/place_text.h"

namespace wasifs {

std::string command_source(const PlannedCommand& command) {
  if (command.atom.empty()) return "host file " + quoted(command.source) + place_text(command.where);
  return "program " + quoted(command.atom) + " of " + quoted(command.source);
}

}  // namespace wasifs
