// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/host/frozen_fs.h"
#include "unit/host/host_test.h"

/// What the tests of frozen layers share.
namespace wasifs::test {

inline std::shared_ptr<FrozenFilesystem> open_frozen(const std::string& path,
                                                     FrozenFilesystem::Options options = {}) {
  auto opened = FrozenFilesystem::open(path, options);
  if (!opened) throw std::runtime_error(opened.error().text());
  return *opened;
}

/// HostTest's directories; freeze() opens "root", which is live in fs_ as well.
class FrozenTest : public HostTest {
 protected:
  void freeze(FrozenFilesystem::Options options = {}) {
    top_ = nullptr;  // nodes go before their Filesystem
    frozen_ = open_frozen(temp_ / "root", options);
    top_ = frozen_->root();
  }
  /// The node at the end of a relative path.
  [[nodiscard]] NodeRef in(std::string_view path) const {
    NodeRef at = top_;
    while (!path.empty()) {
      const std::string_view name = path.substr(0, path.find('/'));
      path.remove_prefix(std::min(path.size(), name.size() + 1));
      at = must(at->lookup(name));
    }
    return at;
  }

  std::shared_ptr<FrozenFilesystem> frozen_;
  NodeRef top_;
};

}  // namespace wasifs::test
