// SPDX-License-Identifier: Apache-2.0
#include "fs/host/frozen_fs.h"

#include <utility>

#include "base/path.h"
#include "fs/host/frozen_layer.h"
#include "fs/host/frozen_node.h"
#include "fs/host/mapped_root.h"

namespace wasifs {

FrozenFilesystem::FrozenFilesystem(std::unique_ptr<host::FrozenLayer> layer) : layer_(std::move(layer)) {}
FrozenFilesystem::~FrozenFilesystem() = default;

Outcome<std::shared_ptr<FrozenFilesystem>> FrozenFilesystem::open(const std::string& path, Options options) {
  auto mapped = host::open_mapped(path);
  if (!mapped) return fail(std::move(mapped.error()));
  const auto stat = host::stat_fd(mapped->fd.get(), host::FrozenNode::kStatMask);
  if (!stat) {
    return fail(
        host::trouble_with(host::host_directory(path), "cannot be examined: " + message(stat.error())));
  }
  const bool deny = options.symlinks == HostFilesystem::Symlinks::deny;
  auto layer = std::make_unique<host::FrozenLayer>(path, deny, *stat, std::move(mapped->fd));
  return std::shared_ptr<FrozenFilesystem>(new FrozenFilesystem(std::move(layer)));
}

NodeRef FrozenFilesystem::root() { return NodeRef(&layer_->root()); }

Result<StatFs> FrozenFilesystem::statfs() { return host::statfs_fd(layer_->root_fd.get()); }

Traits FrozenFilesystem::traits() const {
  return {
      .immutable = true, .shared = false, .persistent = true, .overlay_marks = true, .lasting_cookies = true};
}

std::string FrozenFilesystem::path_of(Node& node) {
  auto* const mine = dynamic_cast<host::FrozenNode*>(&node);
  return mine != nullptr && &mine->layer() == layer_.get() ? mine->path() : std::string();
}

std::string FrozenFilesystem::describe() const { return "host " + quoted(layer_->path); }

}  // namespace wasifs
