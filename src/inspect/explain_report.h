// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/plan.h"
#include "wasifs/tree.h"

namespace wasifs {

/// Where one path comes from, or why nothing is there.
struct ExplainReport {
  /// A mount on the way, with what the plan says about it. Memory that holds
  /// directories on the way to a mount point is none of the plan's.
  struct MountFacts {
    MountPlace place;
    std::optional<Access> access = std::nullopt;
    bool opaque = false;
    SourceLocation where = {};
  };

  std::string path;  ///< as it was asked for, made absolute
  Provenance provenance;
  std::string target;                     ///< the text of a symlink
  std::vector<MountFacts> mounts;         ///< as in the Provenance: the innermost first
  std::optional<PlannedCommand> command;  ///< the command that the file is
  /// Decisions at the path or above it: mounts and layers that were left out.
  std::vector<Decision> decisions;
  std::string reason;  ///< why nothing is there; "" where something is

  [[nodiscard]] bool found() const { return provenance.type.has_value(); }
};

/// `plan` is what the tree was made from, and the tree as it was made then: what a
/// command has been replaced by since would be told as the command.
///
/// Follows symlinks on the way, but not the last one. A path where nothing is is
/// no error; the Diagnostic is for one that cannot be resolved at all.
[[nodiscard]] Outcome<ExplainReport> explain_path(const Tree& tree, const Plan& plan, std::string_view path);

/// For a person: what it is, then the layers by what they do for it, the mounts
/// and the decisions. Wrapped to 80 columns.
void print_explain(std::ostream& out, const ExplainReport& report);
/// One object on one line; its members are always the same, null where absent.
void print_explain_json(std::ostream& out, const ExplainReport& report);

}  // namespace wasifs
