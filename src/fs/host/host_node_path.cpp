// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "fs/host/host_node.h"

namespace wasifs::host {

namespace {

/// True if `path`, relative to `root`, leads to that object.
bool leads_to(int root, const std::string& path, const ObjectId& id) {
  const auto found = open_below(root, path.c_str(), O_PATH);
  if (!found) return false;
  const auto stat = stat_fd(found->get(), STATX_TYPE | STATX_INO);
  return stat && id_of(*stat) == id;
}

}  // namespace

std::string HostNode::path_below(const HostNode& root) const {
  if (this == &root) return "/";
  std::string above = path_of_fd(root.fd_.get());
  std::string path = path_of_fd(fd_.get());
  if (above == "/") above.clear();
  // Moved out of the mapped directory, or into another mount namespace.
  if (path.size() <= above.size() + 1 || !path.starts_with(above) || path[above.size()] != '/') return {};
  path.erase(0, above.size());
  // This is how the kernel marks what has no name any more, and a name that a
  // file may have.
  constexpr std::string_view kGone = " (deleted)";
  if (path.ends_with(kGone) && !leads_to(root.fd_.get(), path.substr(1), id_)) return {};
  return path;
}

}  // namespace wasifs::host
