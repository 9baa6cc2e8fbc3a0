// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/path.h"
#include "wasifs/node.h"
#include "wasifs/tree.h"

namespace wasifs {

/// What is walked: a composed tree, or one file system on its own.
class Walkable {
 public:
  Walkable() = default;
  Walkable(const Walkable&) = delete;
  Walkable& operator=(const Walkable&) = delete;
  virtual ~Walkable() = default;

  [[nodiscard]] virtual VNode root() const = 0;
  [[nodiscard]] virtual Result<VNode> lookup(const VNode& dir, std::string_view name) const = 0;
  [[nodiscard]] virtual Result<Attr> attr(const VNode& node) const = 0;
  [[nodiscard]] virtual Result<DirPtr> open_dir(const VNode& dir) const = 0;
  [[nodiscard]] virtual Result<Link> read_link(const VNode& node) const = 0;
};

/// A Tree, or the part of it below a node. The Tree must outlive this.
class WalkableTree final : public Walkable {
 public:
  explicit WalkableTree(const Tree& tree) : tree_(tree) {}
  [[nodiscard]] VNode root() const override { return tree_.root(); }
  [[nodiscard]] Result<VNode> lookup(const VNode& dir, std::string_view name) const override {
    return tree_.lookup(dir, name);
  }
  [[nodiscard]] Result<Attr> attr(const VNode& node) const override { return tree_.attr(node); }
  [[nodiscard]] Result<DirPtr> open_dir(const VNode& dir) const override { return tree_.open_dir(dir); }
  [[nodiscard]] Result<Link> read_link(const VNode& node) const override { return tree_.read_link(node); }

 private:
  const Tree& tree_;
};

/// One Filesystem; its VNodes have no mount. It must outlive this.
class WalkableFilesystem final : public Walkable {
 public:
  explicit WalkableFilesystem(Filesystem& filesystem) : filesystem_(filesystem) {}
  [[nodiscard]] VNode root() const override { return {.mount = nullptr, .node = filesystem_.root()}; }
  [[nodiscard]] Result<VNode> lookup(const VNode& dir, std::string_view name) const override;
  [[nodiscard]] Result<Attr> attr(const VNode& node) const override { return node.node->attr(); }
  [[nodiscard]] Result<DirPtr> open_dir(const VNode& dir) const override { return dir.node->open_dir(); }
  [[nodiscard]] Result<Link> read_link(const VNode& node) const override { return node.node->read_link(); }

 private:
  Filesystem& filesystem_;
};

/// What a walk shows; borrowed for the time of the call.
struct WalkEntry {
  std::string_view path;  ///< absolute
  std::string_view name;  ///< the last component; that of "/" is "/"
  std::size_t depth = 0;  ///< 0 for where the walk starts
  bool last = true;       ///< no sibling comes after it; means something in preorder only
  const VNode& node;
  Attr attr;
  std::string target;  ///< the text of a symlink
};

enum class WalkOrder : std::uint8_t {
  preorder,  ///< each directory, then all that is in it; siblings by the bytes of their names
  by_path,   ///< by the bytes of the whole path, as `sort` orders the lines of `find`
};

using WalkVisitor = FunctionRef<void(const WalkEntry&)>;
/// Is told what could not be read; the walk goes on without it.
using WalkTrouble = FunctionRef<void(std::string_view path, Errc error)>;

/// Visits `start`, shown as `path`, and everything below it. Does not follow
/// symlinks. Works with an explicit stack, and keeps of each open directory its
/// names only. What disappears while it walks is left out; other failures go to
/// `trouble`. An exception of the visitor ends the walk.
void walk(const Walkable& source, const VNode& start, std::string_view path, WalkOrder order,
          WalkVisitor visit, WalkTrouble trouble);

/// The names in `dir`, sorted by their bytes.
[[nodiscard]] Result<std::vector<std::string>> sorted_names(const Walkable& source, const VNode& dir);

/// What a user typed, as paths below it are shown: absolute, without empty
/// components and ".". A ".." stays, since what it means depends on symlinks.
[[nodiscard]] std::string absolute_path(std::string_view path);

}  // namespace wasifs
