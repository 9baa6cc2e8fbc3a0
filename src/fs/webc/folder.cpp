// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/folder.h"

#include <iterator>

namespace wasifs::webc {

class Folder::Names final : public Dir {
 public:
  explicit Names(const Nodes& nodes) : nodes_(nodes) {}

  [[nodiscard]] Status read(std::uint64_t cookie, DirSink sink) override {
    if (cookie > nodes_.size()) return {};
    auto at = std::next(nodes_.begin(), static_cast<std::ptrdiff_t>(cookie));
    for (; at != nodes_.end(); ++at) {
      if (!sink({.name = at->first, .type = at->second->type(), .next = ++cookie})) break;
    }
    return {};
  }

 private:
  const Nodes& nodes_;
};

Result<NodeRef> Folder::lookup(std::string_view name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return fail(Errc::enoent);
  return found->second;
}

Result<DirPtr> Folder::open_dir() { return std::make_unique<Names>(nodes_); }

}  // namespace wasifs::webc
