// SPDX-License-Identifier: Apache-2.0
#include "cli/commit_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/output_file.h"
#include "base/output_place.h"
#include "base/path.h"
#include "cli/our_mount.h"
#include "cli/source.h"
#include "cli/verb.h"
#include "plan/archives.h"
#include "plan/package_dir.h"

namespace wasifs::cli {

namespace {

bool is_directory(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

/// The mount of ours that `path` lies in, if it does.
std::optional<fuse::MountEntry> mount_around(const std::string& path) {
  const std::optional<std::uint64_t> id = fuse::mount_id_of(path);
  Result<std::vector<fuse::MountEntry>> entries = fuse::read_mount_info();
  if (!id || !entries) return std::nullopt;
  const auto found = std::ranges::find(*entries, *id, &fuse::MountEntry::id);
  if (found == entries->end() || found->type != kMountType) return std::nullopt;
  return std::move(*found);
}

Diagnostic swallowed(const CommitRequest& request, const std::string& folder) {
  return usage_error("commit", wasifs::quoted(request.output) + " would be a part of what it is made of",
                     "write it outside of " + wasifs::quoted(folder));
}

/// Refuses an output that lies in a directory which is read for it.
Outcome<void> check_apart(const CommitRequest& request, const std::string& folder) {
  if (!OutputPlace(request.output, false).below(folder)) return {};
  return fail(swallowed(request, folder));
}

/// The same of all that a mount reads: for a layer that is the upper.
Outcome<void> check_apart(const CommitRequest& request, const PlannedMount& mount) {
  std::vector<const PlannedLayer*> read;
  if (!mount.work.empty()) read.push_back(&*mount.upper);
  if (request.merged()) {
    for (const PlannedLayer& lower : mount.lowers) read.push_back(&lower);
    if (mount.upper) read.push_back(&*mount.upper);
  }
  for (const PlannedLayer* layer : read) {
    if (layer->kind != LayerKind::host) continue;
    if (auto apart = check_apart(request, layer->source); !apart) return apart;
  }
  return {};
}

}  // namespace

Outcome<CommitSource> CommitSource::open(const CommitRequest& request, Io& io) {
  if (request.compose.upper.empty() && is_directory(request.source)) {
    if (find_our_mount(request.source, "commit")) return open_mount(request);
    const bool composition =
        plan::is_package_dir(request.source) || plan::Archives().is_image(request.source);
    if (const auto around = composition ? std::nullopt : mount_around(request.source)) {
      return fail(usage_error("commit",
                              wasifs::quoted(request.source) + " is a part of the tree that is mounted on " +
                                  wasifs::quoted(around->point),
                              "all of that can be committed"));
    }
    if (!composition) return open_upper(request);
  }
  return open_composition(request, io);
}

Outcome<CommitSource> CommitSource::open_mount(const CommitRequest& request) {
  // All of a mount is one device, however its names are reached.
  struct stat mount{};
  struct stat folder{};
  const bool known = ::stat(request.source.c_str(), &mount) == 0 &&
                     ::stat(containing_folder(request.output).c_str(), &folder) == 0;
  if (known && mount.st_dev == folder.st_dev) return fail(swallowed(request, request.source));
  Outcome<std::shared_ptr<const Tree>> tree = open_directory(request.source);
  if (!tree) return fail(std::move(tree.error()));
  CommitSource source(request, Kind::mount);
  source.tree_ = *std::move(tree);
  source.changes_ = std::make_unique<MountChanges>();
  return source;
}

Outcome<CommitSource> CommitSource::open_upper(const CommitRequest& request) {
  if (auto apart = check_apart(request, request.source); !apart) return fail(std::move(apart.error()));
  Outcome<std::shared_ptr<const Tree>> tree = open_directory(request.source);
  if (!tree) return fail(std::move(tree.error()));
  CommitSource source(request, Kind::upper);
  source.tree_ = *std::move(tree);
  source.changes_ = std::make_unique<UpperDirChanges>(*source.tree_);
  return source;
}

Outcome<CommitSource> CommitSource::open_composition(const CommitRequest& request, Io& io) {
  const std::string& upper = request.compose.upper;
  if (!upper.empty() && !is_directory(upper)) {
    return fail(Diagnostic{.trouble = Trouble::source,
                           .message = "the upper " + wasifs::quoted(upper) + " is no directory",
                           .hint = "name the directory that a mount has kept changes in"});
  }
  // As it is mounted: to see through the names of a file that was changed, its upper must
  // not be changed by others meanwhile.
  Outcome<PreparedRoot> root = compose_source(io, request.source, request.compose);
  if (!root) return fail(std::move(root.error()));
  for (const Diagnostic& warning : root->plan.warnings) report(io, warning, "warning");
  for (const PlannedMount& mount : root->plan.mounts) {
    if (auto apart = check_apart(request, mount); !apart) return fail(std::move(apart.error()));
  }
  CommitSource source(request, Kind::composition);
  source.tree_ = std::move(root->tree);
  source.changes_ = std::make_unique<TreeChanges>(*source.tree_);
  return source;
}

Outcome<std::string> CommitSource::described() const {
  constexpr const char* kPackage = "user.wasifs.package";
  if (kind_ == Kind::upper) {
    return fail(Diagnostic{.trouble = Trouble::source,
                           .message = wasifs::quoted(name_) +
                                      " holds what was changed and no more; a package " +
                                      "needs what lies below it as well",
                           .hint = "give the composition that it is the upper of, or where that is mounted"});
  }
  const VNode root = tree_->root();
  const Result<std::string> text = read_paged_attribute(kPackage, [&](const std::string& page) {
    return kind_ == Kind::mount ? root.node->get_xattr(page) : tree_->get_xattr(root, page);
  });
  if (text) return *text;
  return fail(Diagnostic{.trouble = Trouble::source,
                         .message = wasifs::quoted(name_) +
                                    " does not say which packages it is made of: " + message(text.error()),
                         .hint = "use the wasifs that serves it"});
}

}  // namespace wasifs::cli
