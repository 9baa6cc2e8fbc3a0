// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/held_chain.h"
#include "wasifs/node.h"

namespace wasifs {

/// The directories from a root down to the one that something is put into, by name and by
/// node. Few of them are held: see HeldChain. Not thread-safe.
class OpenFolders {
 public:
  explicit OpenFolders(NodeRef root) : chain_(std::move(root)) {}

  /// From the root to the last one: "a/b", and "" for the root.
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Adds a directory of the last one.
  void enter(std::string_view name, NodeRef node);
  /// Drops the last one, which is not the root.
  void leave();

  /// The last one. enoent, enotdir: it has gone since.
  [[nodiscard]] Result<NodeRef> last() { return at(chain_.depth()); }
  /// What lies at `path` below the root. Begins at the last directory on the way there.
  [[nodiscard]] Result<NodeRef> find(std::string_view path);

 private:
  [[nodiscard]] Result<NodeRef> at(std::size_t depth);

  HeldChain<NodeRef> chain_;
  std::string path_;
};

}  // namespace wasifs
