// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inspect/tree_copy.h"

namespace wasifs {

/// Hands nodes of a tree to a sink, one by one, with all that a copy keeps of them. Several
/// names of a file stay that: the first has the content. Memory is used for the files that
/// have several names only. Not thread-safe.
class EntryCopier {
 public:
  using XattrFilter = bool (*)(std::string_view name);

  /// `skip_xattr`: attributes that no copy has.
  EntryCopier(const Tree& tree, CopySink& sink, XattrFilter skip_xattr)
      : tree_(tree), sink_(sink), skip_xattr_(skip_xattr) {}

  /// `node` as `path` (see CopiedEntry::path); `shown` is what messages call it. What has
  /// disappeared meanwhile is left out. Trouble::source, or the sink's.
  [[nodiscard]] Outcome<void> copy(std::string_view path, std::string_view shown, const VNode& node);

 private:
  [[nodiscard]] Outcome<void> copy_link(CopiedEntry& entry, std::string_view shown, const VNode& node);
  [[nodiscard]] Outcome<void> copy_file(CopiedEntry& entry, std::string_view shown, const VNode& node);
  [[nodiscard]] Status read_xattrs(const VNode& node);

  const Tree& tree_;
  CopySink& sink_;
  const XattrFilter skip_xattr_;
  std::vector<std::pair<std::string, std::string>> xattrs_;
  std::map<std::uint64_t, std::string> first_names_;  ///< by inode, of files with several
};

}  // namespace wasifs
