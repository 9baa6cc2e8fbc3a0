// SPDX-License-Identifier: Apache-2.0
#include "wasifs/error.h"

#include <system_error>

namespace wasifs {

namespace {

void append(std::string& out, const Diagnostic& diagnostic, std::string_view severity, std::size_t depth) {
  out.append(2 * depth, ' ');
  if (!diagnostic.where.file.empty()) {
    out += diagnostic.where.file + ":";
    if (diagnostic.where.line != 0) {
      out += std::to_string(diagnostic.where.line) + ":" + std::to_string(diagnostic.where.column) + ":";
    }
    out += " ";
  }
  out.append(severity).append(": ").append(diagnostic.message);
}

}  // namespace

std::string message(Errc error) { return std::generic_category().message(static_cast<int>(error)); }

std::string Diagnostic::text(std::string_view severity) const {
  // Causes nest as deep as our own code wraps them, so a work list of (what,
  // depth) is enough; hints come last, where a person looks for the next step.
  struct Pending {
    const Diagnostic* diagnostic;
    std::size_t depth;
  };
  std::string out;
  std::string hints;
  std::vector<Pending> pending{{this, 0}};
  while (!pending.empty()) {
    const auto [diagnostic, depth] = pending.back();
    pending.pop_back();
    if (!out.empty()) out += "\n";
    append(out, *diagnostic, depth == 0 ? severity : "cause", depth);
    if (!diagnostic->hint.empty()) hints += "\nhint: " + diagnostic->hint;
    for (auto cause = diagnostic->causes.rbegin(); cause != diagnostic->causes.rend(); ++cause) {
      pending.push_back({&*cause, depth + 1});
    }
  }
  return out + hints;
}

}  // namespace wasifs
