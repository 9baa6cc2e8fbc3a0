// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "fs/webc/package.h"
#include "plan/archives.h"
#include "wasifs/root.h"
#include "wasifs/types.h"

namespace wasifs::plan {

/// The opened packages of a plan by PlannedLayer::source.
using Packages = std::map<std::string, std::shared_ptr<const webc::Package>>;

/// Builds what `plan` describes: opens its host directories and archives and composes them
/// with the packages and memory layers. Nothing is copied, and of the host nothing is
/// changed but the uppers that keep changes: those are made where they are missing,
/// and locked. `keep_changes`: see ComposeOptions. Everything that is created carries the time `stamp`, so
/// two roots prepared from equal arguments look alike. `provided` are the file systems that
/// PlannedLayer::provided counts. `archives`: those that are open already; null: none are. Trouble: source,
/// conflict, corrupt, manifest.
[[nodiscard]] Outcome<PreparedRoot> prepare(Plan plan, const Packages& packages, Time stamp,
                                            std::span<const FilesystemPtr> provided = {},
                                            bool keep_changes = true,
                                            std::shared_ptr<Archives> archives = nullptr);

}  // namespace wasifs::plan
