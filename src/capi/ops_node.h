// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "capi/ops_table.h"
#include "wasifs/node.h"

namespace wasifs::capi {

/// A node of a user's file system: its number, and the operations on it.
class OpsNode final : public Node {
 public:
  OpsNode(std::shared_ptr<OpsTable> table, std::uint64_t number, FileType type)
      : Node(type), table_(std::move(table)), number_(number) {}

  [[nodiscard]] Result<Attr> attr() override;
  [[nodiscard]] Status set_attr(const SetAttr& change) override;
  [[nodiscard]] Result<NodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<DirPtr> open_dir() override;
  [[nodiscard]] Result<FilePtr> open(OpenFlags flags) override;
  [[nodiscard]] Result<Link> read_link() override;

  [[nodiscard]] Result<NodeRef> create(std::string_view name, const NewNode& spec) override;
  [[nodiscard]] Result<NodeRef> create_anonymous(const NewNode& spec) override;
  [[nodiscard]] Status link(std::string_view name, Node& target) override;
  [[nodiscard]] Status unlink(std::string_view name) override;
  [[nodiscard]] Status rmdir(std::string_view name) override;
  [[nodiscard]] Status rename(std::string_view name, Node& new_parent, std::string_view new_name,
                              RenameMode mode) override;
  [[nodiscard]] Status set_xattr(std::string_view name, std::string_view value, XattrMode mode) override;
  [[nodiscard]] Status remove_xattr(std::string_view name) override;
  [[nodiscard]] Status sync() override;

  // What a File and a Dir of it do.
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out);
  [[nodiscard]] Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> in);
  [[nodiscard]] Result<std::size_t> append(std::span<const std::byte> in);
  [[nodiscard]] Status resize(std::uint64_t size);
  [[nodiscard]] Status read_entries(std::uint64_t cookie, wasifs_dir_sink emit, void* sink);

 private:
  void dispose() noexcept override;
  [[nodiscard]] const wasifs_fs_ops& ops() const { return table_->ops; }
  [[nodiscard]] void* user() const { return table_->user; }
  /// enotdir where the node is none; `change`: erofs where the operation is missing.
  [[nodiscard]] Status directory_with(bool has_operation, bool change) const;
  [[nodiscard]] Result<std::size_t> write_locked(std::uint64_t offset, std::span<const std::byte> in);
  [[nodiscard]] Status apply(const SetAttr& change);

  std::shared_ptr<OpsTable> table_;
  const std::uint64_t number_;
  /// Held for changes of the content, so that appending is atomic.
  std::mutex content_mutex_;
};

}  // namespace wasifs::capi
