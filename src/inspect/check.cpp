// SPDX-License-Identifier: Apache-2.0
#include "inspect/check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/path.h"
#include "inspect/check_parts.h"
#include "inspect/walk.h"
#include "plan/check_run.h"
#include "plan/package_dir.h"

namespace wasifs {

namespace {

/// Notes what the comparison of a package's or image's checksums has given.
void add_verified(const std::string& path, const auto& verified, CheckReport& report) {
  if (verified) {
    report.packages.push_back({.path = path, .hashes = verified->hashes, .bytes = verified->bytes});
    return;
  }
  const bool corrupt = verified.error().trouble == Trouble::corrupt;
  report.findings.push_back({.code = corrupt ? "package-corrupt" : "unreadable",
                             .severity = Severity::error,
                             .what = verified.error()});
}

/// Opens the packages of a plan anew and compares their checksums. A folder that
/// is used as a package has none.
plan::Packages check_packages(const Plan& plan, CheckReport& report) {
  plan::Packages packages;
  for (const std::string& path : plan.packages) {
    if (plan::is_package_dir(plan::package_dir_of(path))) continue;
    auto package = webc::Package::open(path);
    const Outcome<webc::Package::Verified> verified =
        package ? (*package)->verify() : Outcome<webc::Package::Verified>(fail(package.error()));
    if (package) packages.emplace(path, *std::move(package));
    add_verified(path, verified, report);
  }
  return packages;
}

/// The same for the images, each once.
void check_images(const Plan& plan, plan::Archives& archives, CheckReport& report) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const PlannedMount& mount : plan.mounts) {
    for (const PlannedLayer& layer : mount.lowers) {
      if (layer.kind != LayerKind::image || !seen.emplace(layer.source, layer.tag).second) continue;
      const auto image = archives.image(layer.source, layer.tag);
      using Verified = Outcome<oci::Image::Verified>;
      const Verified verified = image ? (*image)->verify() : Verified(fail(image.error()));
      add_verified(layer.written, verified, report);
    }
  }
}

/// Walks the tree once and sorts what it meets by mount.
class TreeChecker {
 public:
  TreeChecker(const PreparedRoot& root, const MountIndex& mounts) : root_(root), mounts_(mounts) {}

  void check(Findings& findings) {
    const WalkableTree tree(*root_.tree);
    walk(
        tree, root_.tree->root(), "/", WalkOrder::preorder, [&](const WalkEntry& entry) { visit(entry); },
        [&](std::string_view path, Errc error) { add_unreadable(path, error); });
    for (const PlannedMount& mount : root_.plan.mounts) {
      const auto links = links_.find(&mount);
      if (links != links_.end()) findings.push_back(std::move(links->second));
    }
    if (unreadable_.count != 0) findings.push_back(std::move(unreadable_));
  }

 private:
  void visit(const WalkEntry& entry) {
    if (!entry.target.starts_with('/')) return;
    const PlannedMount& mount = mounts_.showing(entry.path);
    const auto [links, fresh] = links_.try_emplace(&mount);
    if (fresh) links->second = new_finding(mount);
    add_example(links->second, std::string(entry.path) + " -> " + entry.target);
  }

  static Finding new_finding(const PlannedMount& mount) {
    const std::string root = mount.guest == "/" ? "the root of the tree" : quoted(mount.guest);
    return {.code = "absolute-link",
            .what = {.trouble = Trouble::conflict,
                     .message = label_of(mount) + " has symlinks to absolute paths: wasifs starts them at " +
                                root + ", the host's kernel at its own root",
                     .where = mount.where,
                     .hint = hint_for_links(mount)},
            .path = mount.guest,
            .count = 0};
  }

  /// Only mounts of a manifest can be told to show other texts.
  static std::string hint_for_links(const PlannedMount& mount) {
    const std::string what = " shows them as relative ones";
    if (mount.guest == "/") return R"(symlink-text = "rebase" on a mount at "/")" + what;
    return mount.where.line != 0 && mount.origin == "manifest"
               ? R"(symlink-text = "rebase" on the mount)" + what
               : "";
  }

  void add_unreadable(std::string_view path, Errc error) {
    add_example(unreadable_, std::string(path) + ": " + message(error));
  }

  const PreparedRoot& root_;
  const MountIndex& mounts_;
  std::map<const PlannedMount*, Finding> links_;
  Finding unreadable_{.code = "unreadable",
                      .severity = Severity::error,
                      .what = {.trouble = Trouble::source, .message = "parts of the tree cannot be read"},
                      .count = 0};
};

}  // namespace

void check_tree(const PreparedRoot& root, const MountIndex& mounts, Findings& findings) {
  TreeChecker(root, mounts).check(findings);
}

bool CheckReport::corrupt() const {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    return finding.code == "package-corrupt" || finding.code == "archive-corrupt";
  });
}

CheckReport check_root(const PreparedRoot& root, const std::string& archive_cache) {
  CheckReport report{.source = root.plan.source, .findings = {}, .packages = {}, .archives = {}};
  const MountIndex mounts(root.plan);
  const plan::Packages packages = check_packages(root.plan, report);
  const auto archives = std::make_shared<plan::Archives>(plan::Archives::Options{.cache = archive_cache});
  check_images(root.plan, *archives, report);
  check_archives(root.plan, *archives, report);
  check_plan(root.plan, mounts, report.findings);
  check_layers(root.plan, mounts, packages, archives, report.findings);
  check_tree(root, mounts, report.findings);
  for (Diagnostic& problem : plan::check_run(root)) {
    report.findings.push_back(
        {.code = "guest-directory", .severity = Severity::error, .what = std::move(problem)});
  }
  return report;
}

}  // namespace wasifs
