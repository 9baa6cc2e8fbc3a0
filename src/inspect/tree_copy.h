// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasifs/tree.h"

namespace wasifs {

/// What is written out of a tree, one after the other: a directory before what is in
/// it, names by their bytes. Borrowed for the time of the call.
struct CopiedEntry {
  std::string_view path;  ///< relative to where the copy begins; "" for that directory itself
  Attr attr;
  std::string_view link = {};  ///< text of a symlink; of a further name the path of the first
  bool hard_link = false;      ///< a further name of an entry before it
  std::span<const std::pair<std::string, std::string>> xattrs = {};
  File* content = nullptr;  ///< of a regular file, unless it is a further name
};

/// Where a copy goes.
class CopySink {
 public:
  CopySink() = default;
  CopySink(const CopySink&) = delete;
  CopySink& operator=(const CopySink&) = delete;
  virtual ~CopySink() = default;

  [[nodiscard]] virtual Outcome<void> put(const CopiedEntry& entry) = 0;
};

/// Something about entries that the place they were copied to could not take.
struct CopyLoss {
  std::string what;  ///< "owner", `attribute "user.x"`, "special file"
  Errc error;
  std::string example;  ///< the first path
  std::uint64_t count = 0;
};
/// One more of that kind.
void count_loss(std::vector<CopyLoss>& losses, const std::string& what, Errc error, std::string_view path);

/// Hands everything at and below `path` (absolute, without "." and "..") to `sink`. Several names of a
/// file stay that: the first has the content. Follows no symlink, and takes the texts
/// that the layers have. The first failure ends it: Trouble::source `cannot read
/// "/a/b": …`, or the sink's. What disappears meanwhile is left out. Deep trees cost no
/// stack; memory is used for the files that have several names only.
[[nodiscard]] Outcome<void> copy_tree(const Tree& tree, std::string_view path, CopySink& sink);

}  // namespace wasifs
