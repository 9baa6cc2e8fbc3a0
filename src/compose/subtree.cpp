// SPDX-License-Identifier: Apache-2.0
#include "compose/subtree.h"

#include "base/path.h"

namespace wasifs {

Result<NodeRef> find_in_layer(Filesystem& layer, std::string_view subpath) {
  NodeRef node = layer.root();
  for (const std::string_view name : split_path(subpath)) {
    if (const Status valid = check_name(name); !valid) return fail(valid.error());
    Result<NodeRef> child = node->lookup(name);
    if (!child) return child;
    node = *std::move(child);
  }
  return node;
}

Result<FilesystemPtr> Subtree::open(FilesystemPtr layer, std::string_view subpath) {
  Result<NodeRef> root = find_in_layer(*layer, subpath);
  if (!root) return fail(root.error());
  if (!(*root)->is_directory()) return fail(Errc::enotdir);
  return FilesystemPtr(new Subtree(std::move(layer), *std::move(root), subpath));
}

std::string Subtree::path_of(Node& node) {
  std::string above;
  for (const std::string_view name : split_path(subpath_)) above.append("/").append(name);
  std::string path = layer_->path_of(node);
  if (above.empty() || path.empty()) return path;
  if (!is_at_or_below(path, above)) return {};
  return path.size() == above.size() ? "/" : path.substr(above.size());
}

std::string Subtree::describe() const { return layer_->describe() + " path " + quoted(subpath_); }

}  // namespace wasifs
