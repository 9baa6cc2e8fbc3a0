// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "vfs.h"
#include "wasifs/tree.h"

namespace wasifs::test {

/// A Tree seen through paths, in-process: what the kernel and libc add to the
/// node calls of a mount (walking, O_CREAT, O_EXCL) is added here.
class TreeVfs final : public Vfs {
 public:
  /// Paths start at `directory`, "" for the root.
  explicit TreeVfs(std::shared_ptr<const Tree> tree, std::string directory = "")
      : tree_(std::move(tree)), directory_(std::move(directory)) {}
  /// A Filesystem as the only mount of a Tree.
  explicit TreeVfs(FilesystemPtr fs);

  [[nodiscard]] const std::shared_ptr<const Tree>& shared_tree() const { return tree_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

  Result<Attr> stat(std::string_view path) override;
  Result<Attr> lstat(std::string_view path) override;
  Result<HandlePtr> open(std::string_view path, OpenMode mode) override;
  Result<HandlePtr> open_anonymous(std::string_view dir, std::uint16_t mode) override;
  Status name_anonymous(Handle& handle, std::string_view path) override;
  Result<ListingPtr> open_dir(std::string_view path) override;
  Result<std::string> read_link(std::string_view path) override;
  Status make(std::string_view path, const NewNode& what) override;
  Status link(std::string_view existing, std::string_view path) override;
  Status unlink(std::string_view path) override;
  Status rmdir(std::string_view path) override;
  Status rename(std::string_view from, std::string_view to, RenameMode mode) override;
  Status set_attr(std::string_view path, const SetAttr& change) override;
  Result<std::string> get_xattr(std::string_view path, std::string_view name) override;
  Result<std::vector<std::string>> list_xattrs(std::string_view path) override;
  Status set_xattr(std::string_view path, std::string_view name, std::string_view value,
                   XattrMode mode) override;
  Status remove_xattr(std::string_view path, std::string_view name) override;
  Result<StatFs> statfs(std::string_view path) override;

 private:
  /// Where the last component of a path is or would be.
  struct Place {
    VNode dir;
    std::string name;
  };
  [[nodiscard]] Result<Place> place(std::string_view path) const;
  [[nodiscard]] Result<VNode> resolve(std::string_view path, Follow follow) const {
    return tree_->resolve(directory_ + std::string(path), follow);
  }
  /// What `call` answers for the node that `path` names, a symlink as itself.
  template <class Call>
  [[nodiscard]] std::invoke_result_t<Call, const VNode&> at_node(std::string_view path, Call call) const {
    const Result<VNode> node = resolve(path, Follow::no);
    if (!node) return fail(node.error());
    return call(*node);
  }
  /// Where O_CREAT through a dangling symlink makes the file; nullopt if `at` holds
  /// no symlink.
  [[nodiscard]] std::optional<std::string> link_target(const Place& at, std::string_view path) const;
  [[nodiscard]] Result<HandlePtr> open_node(VNode node, OpenFlags flags) const;

  std::shared_ptr<const Tree> tree_;
  std::string directory_;
};

}  // namespace wasifs::test
