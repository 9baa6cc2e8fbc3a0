// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inspect/check.h"
#include "plan/prepare.h"

namespace wasifs {

/// The mounts of a plan, which must outlive this, by their guest paths.
class MountIndex {
 public:
  explicit MountIndex(const Plan& plan);

  /// What is mounted exactly there, or null.
  [[nodiscard]] const PlannedMount* at(std::string_view path) const;
  /// The deepest mount above `path`, one at it not counted; null for "/".
  [[nodiscard]] const PlannedMount* above(std::string_view path) const;
  /// The mount that shows `path`: the one at it, or else above it.
  [[nodiscard]] const PlannedMount& showing(std::string_view path) const;
  /// The mounts that appear in `mount` itself and not in one inside it, in the
  /// order of the plan.
  [[nodiscard]] const std::vector<const PlannedMount*>& inside(const PlannedMount& mount) const;

 private:
  std::unordered_map<std::string_view, const PlannedMount*> mounts_;
  std::unordered_map<const PlannedMount*, std::vector<const PlannedMount*>> inside_;
};

/// The parts of check_root(); each adds what it finds.
using Findings = std::vector<Finding>;

/// What the archives and the layers of images tell when all of each is read, once.
void check_archives(const Plan& plan, plan::Archives& archives, CheckReport& report);

/// What the plan itself tells: its decisions, its warnings, packages inside the
/// mounts of users.
void check_plan(const Plan& plan, const MountIndex& mounts, Findings& findings);

/// What the layers tell once they are opened one by one.
void check_layers(const Plan& plan, const MountIndex& mounts, const plan::Packages& packages,
                  std::shared_ptr<plan::Archives> archives, Findings& findings);

/// What a walk through the tree tells.
void check_tree(const PreparedRoot& root, const MountIndex& mounts, Findings& findings);

/// `the mount at "/x"`, or `the root`.
[[nodiscard]] std::string label_of(const PlannedMount& mount);

/// `path` below the guest path `mount`, which is at or above it, without a slash
/// in front; "" for the mount itself.
[[nodiscard]] std::string_view path_inside(const PlannedMount& mount, std::string_view path);

/// Counts one more path and keeps it while there are few.
void add_example(Finding& finding, std::string path);

}  // namespace wasifs
