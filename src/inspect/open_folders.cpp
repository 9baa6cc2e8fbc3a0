// SPDX-License-Identifier: Apache-2.0
#include "inspect/open_folders.h"

#include <vector>

#include "base/path.h"

namespace wasifs {

void OpenFolders::enter(std::string_view name, NodeRef node) {
  if (!path_.empty()) path_ += '/';
  path_ += name;
  chain_.push(name, std::move(node));
}

void OpenFolders::leave() {
  const std::size_t slash = path_.rfind('/');
  path_.resize(slash == std::string::npos ? 0 : slash);
  chain_.pop();
}

Result<NodeRef> OpenFolders::at(std::size_t depth) {
  return chain_.at(depth, [](const NodeRef& dir, const std::string& name) -> Result<NodeRef> {
    Result<NodeRef> next = dir->lookup(name);
    return next && !(*next)->is_directory() ? fail(Errc::enotdir) : next;
  });
}

Result<NodeRef> OpenFolders::find(std::string_view path) {
  const std::vector<std::string_view> names = split_path(path);
  std::size_t same = 0;
  while (same < names.size() && same < chain_.depth() && chain_.name(same + 1) == names[same]) ++same;
  Result<NodeRef> found = at(same);
  for (; found && same < names.size(); ++same) found = (*found)->lookup(names[same]);
  return found;
}

}  // namespace wasifs
