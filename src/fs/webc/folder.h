// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "wasifs/node.h"

namespace wasifs::webc {

/// A directory that is put together from nodes of other layers, and has no times: what the
/// atoms of a package are in, or the files that its manifest speaks of. Fill it, then
/// share it; what its nodes belong to must outlive it.
class Folder final : public Node {
 public:
  Folder() : Node(FileType::directory) {}

  /// False: the name is there already.
  bool add(std::string name, NodeRef node) { return nodes_.emplace(std::move(name), std::move(node)).second; }

  [[nodiscard]] Result<Attr> attr() override { return Attr{.type = FileType::directory, .mode = 0755}; }
  [[nodiscard]] Result<NodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<DirPtr> open_dir() override;

 private:
  class Names;
  using Nodes = std::map<std::string, NodeRef, std::less<>>;

  Nodes nodes_;
};

}  // namespace wasifs::webc
