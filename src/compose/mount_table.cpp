// SPDX-License-Identifier: Apache-2.0
#include "compose/mount_table.h"

#include <unistd.h>

#include <span>
#include <utility>

#include "base/path.h"
#include "compose/mount.h"

namespace wasifs {

namespace {

/// Where a walk over the mounts has got to.
struct Place {
  Mount* mount;
  NodeRef node;
};

Result<NodeRef> descend(NodeRef node, std::string_view subpath) {
  for (const std::string_view name : split_path(subpath)) {
    if (const Status valid = check_name(name); !valid) return fail(valid.error());
    Result<NodeRef> child = node->lookup(name);
    if (!child) return child;
    node = std::move(*child);
  }
  return node;
}

/// True if a directory made there stays in memory.
bool volatile_and_writable(const Mount& mount) {
  const Traits traits = mount.fs->traits();
  return !mount.read_only && !traits.persistent && !traits.immutable;
}

/// "/a/b" of the first `count` names; "/" of none.
std::string path_of(std::span<const std::string_view> names) {
  std::string path;
  for (const std::string_view name : names) path.append("/").append(name);
  return path.empty() ? "/" : path;
}

NewNode synthetic_directory() {
  return {.type = FileType::directory, .mode = 0755, .uid = ::geteuid(), .gid = ::getegid()};
}

}  // namespace

MountTable::MountTable(FilesystemPtr root, MountOptions options) : state_(std::make_unique<State>()) {
  NodeRef node = root->root();
  state_->add(nullptr, nullptr, {}, std::move(root), std::move(node), std::move(options))->guest = "/";
}
MountTable::MountTable(MountTable&&) noexcept = default;
MountTable& MountTable::operator=(MountTable&&) noexcept = default;
MountTable::~MountTable() = default;

Mount* MountTable::State::add(Mount* parent, NodeRef dir, std::string_view name, FilesystemPtr fs,
                              NodeRef root, MountOptions options) {
  auto mount = std::make_unique<Mount>();
  mount->fs = std::move(fs);
  mount->root = std::move(root);
  mount->read_only = options.read_only;
  mount->rebase_links = options.rebase_links;
  mount->caching = options.caching;
  mount->label = std::move(options.label);
  mount->index = static_cast<std::uint32_t>(mounts.size());
  mount->parent = parent;
  mount->point_dir = std::move(dir);
  mount->point_name = name;
  if (parent != nullptr) {
    parent->has_children = true;
    points[{parent, mount->point_dir.get()}].push_back(mount.get());
    by_name.emplace(Point{parent, mount->point_dir.get(), mount->point_name}, mount.get());
  }
  return mounts.emplace_back(std::move(mount)).get();
}

Status MountTable::mount(std::string_view guest, FilesystemPtr fs, std::string_view subpath,
                         MountOptions options, FunctionRef<FilesystemPtr()> synthetic) {
  const std::vector<std::string_view> parts = split_path(guest);
  if (parts.empty()) return fail(Errc::eexist);
  Result<NodeRef> shown = descend(fs->root(), subpath);
  if (!shown) return fail(shown.error());

  Place at{state_->mounts.front().get(), state_->mounts.front()->root};
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!at.node->is_directory()) return fail(Errc::enotdir);
    if (const Mount* inner = state_->find(*at.mount, *at.node, parts[i]); inner != nullptr) {
      at = {state_->mounts[inner->index].get(), inner->root};
      continue;
    }
    Result<NodeRef> child = at.node->lookup(parts[i]);
    if (!child && child.error() == Errc::enoent && volatile_and_writable(*at.mount)) {
      child = at.node->create(parts[i], synthetic_directory());
      if (child) at.mount->made_dirs.push_back(*child);
    }
    if (child) {
      at.node = std::move(*child);
    } else if (child.error() == Errc::enoent || child.error() == Errc::erofs) {
      FilesystemPtr bridge = synthetic();
      NodeRef root = bridge->root();
      Mount* added = state_->add(at.mount, at.node, parts[i], std::move(bridge), std::move(root), {});
      added->guest = path_of(std::span(parts).first(i + 1));
      added->label = "the mount at " + quoted(guest);
      added->synthetic = true;
      at = {added, added->root};
    } else {
      return fail(child.error());
    }
  }
  if (!at.node->is_directory()) return fail(Errc::enotdir);
  if (state_->find(*at.mount, *at.node, parts.back()) != nullptr) return fail(Errc::eexist);
  Mount* added =
      state_->add(at.mount, at.node, parts.back(), std::move(fs), std::move(*shown), std::move(options));
  added->guest = path_of(parts);
  if (const auto inside = split_path(subpath); !inside.empty()) added->subpath = path_of(inside);
  return {};
}

}  // namespace wasifs
