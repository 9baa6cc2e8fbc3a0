// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs/host/layer.h"
#include "fs/host/syscalls.h"
#include "wasifs/node.h"

namespace wasifs::host {

/// An object of the host, held by an O_PATH descriptor. The descriptor pins the
/// inode; names and paths are not kept, so renaming and replacing things on the
/// host never makes a node mean another object. A directory that others move out
/// of the mapped directory while it is held stays reachable (and only it and
/// what lies below it), as with any open directory.
///
/// No locks: the kernel serialises, and all members are constant.
class HostNode final : public Node {
 public:
  /// The node of what `fd` (O_PATH) stands for: the one that exists, else a new
  /// one that takes the descriptor over.
  [[nodiscard]] static Result<Ref<HostNode>> from_fd(Layer& layer, UniqueFd fd);

  HostNode(Layer& layer, UniqueFd fd, const ObjectId& id, FileType type)
      : Node(type), layer_(layer), fd_(std::move(fd)), id_(id) {}

  [[nodiscard]] Result<Attr> attr() override;
  [[nodiscard]] Status set_attr(const SetAttr& change) override;
  [[nodiscard]] Result<NodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<DirPtr> open_dir() override;
  /// Regular files only. enxio: device nodes, fifos and sockets of the host are
  /// shown, never opened, since a device number reaches beyond the directory.
  [[nodiscard]] Result<FilePtr> open(OpenFlags flags) override;
  [[nodiscard]] Result<Link> read_link() override;

  [[nodiscard]] Result<NodeRef> create(std::string_view name, const NewNode& spec) override;
  /// enotsup: not a regular file, or the host file system has no O_TMPFILE.
  [[nodiscard]] Result<NodeRef> create_anonymous(const NewNode& spec) override;
  [[nodiscard]] Status link(std::string_view name, Node& target) override;
  [[nodiscard]] Status unlink(std::string_view name) override;
  [[nodiscard]] Status rmdir(std::string_view name) override;
  [[nodiscard]] Status rename(std::string_view name, Node& new_parent, std::string_view new_name,
                              RenameMode mode) override;

  [[nodiscard]] Result<std::string> get_xattr(std::string_view name) override;
  [[nodiscard]] Result<std::vector<std::string>> list_xattrs() override;
  [[nodiscard]] Status set_xattr(std::string_view name, std::string_view value, XattrMode mode) override;
  [[nodiscard]] Status remove_xattr(std::string_view name) override;

  [[nodiscard]] Status sync() override;

  /// Where the object lies below `root`, as Filesystem::path_of has it.
  [[nodiscard]] std::string path_below(const HostNode& root) const;
  /// True for a node of that layer.
  [[nodiscard]] bool belongs_to(const Layer& layer) const { return &layer_ == &layer; }

  /// Of the host file system that this object lies in.
  [[nodiscard]] Result<StatFs> statfs() const;

 private:
  void dispose() noexcept override;

  [[nodiscard]] bool read_only() const { return layer_.options.read_only; }
  /// enotdir, erofs: what any change to the entries of this node meets first.
  [[nodiscard]] Status check_writable_directory() const;
  [[nodiscard]] Status remove(std::string_view name, int flags);
  /// `other` as a node of this Filesystem, null if it is none.
  [[nodiscard]] HostNode* same_layer(Node& other) const;

  Layer& layer_;
  const UniqueFd fd_;
  const ObjectId id_;
};

}  // namespace wasifs::host
