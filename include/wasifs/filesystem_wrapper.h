// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/export.h"
#include "wasifs/node.h"

namespace wasifs {

/// What a FilesystemWrapper is asked for. Those of a Node, in the order of node.h,
/// then those of a Dir, a File and the Filesystem.
enum class Operation : std::uint8_t {
  attr,
  set_attr,
  lookup,
  open_dir,
  open,
  read_link,
  share_content,
  create,
  create_anonymous,
  link,
  unlink,
  rmdir,
  rename,
  get_xattr,
  list_xattrs,
  set_xattr,
  remove_xattr,
  sync,
  read_dir,
  read,
  write,
  append,
  truncate,
  allocate,
  sync_file,
  seek,
  view,
  native_range,
  statfs,
  room_for,
};

/// "set_attr" and so on: the enumerator.
[[nodiscard]] WASIFS_API std::string_view name_of(Operation operation);

/// One file system in front of another: everything is handed on, and two hooks see
/// it pass. Derive from it to trace, count, delay, limit or break what a layer does:
///
///     class NoSpace : public FilesystemWrapper {
///      public:
///       using FilesystemWrapper::FilesystemWrapper;
///      private:
///       Status before(const Call& call) override {
///         return call.operation == Operation::write ? fail(Errc::enospc) : Status{};
///       }
///     };
///
/// Nodes keep their identity: as long as a node of the inner file system is held
/// through this one, it is the same Node. Traits, descriptions and provenance are
/// the inner one's, and so are numbers, cookies and views.
///
/// Reading need not be Operation::read: who can serves a File's bytes by view() or
/// native_range(). A hook that refuses these two gets to see every byte.
///
/// Thread-safe as the inner file system is; hooks are called from any thread,
/// several at a time, without a lock. To be made by std::make_shared, and dropped
/// after its nodes and files, as any Filesystem.
class WASIFS_API FilesystemWrapper : public Filesystem {
 public:
  struct Call {
    Operation operation;
    /// What is asked, a node of this file system: path_of() tells its path. Null
    /// for statfs and room_for.
    Node* node = nullptr;
    /// Of a child or an extended attribute; "" where the operation has none.
    std::string_view name = {};
    std::string_view new_name = {};  ///< rename
    std::uint64_t offset = 0;        ///< of a file's bytes; of read_dir, the cookie
    std::uint64_t size = 0;          ///< bytes asked for; of truncate, the new size
  };

  explicit FilesystemWrapper(FilesystemPtr inner);
  ~FilesystemWrapper() override;

  [[nodiscard]] const FilesystemPtr& inner() const { return inner_; }

  [[nodiscard]] NodeRef root() override;
  [[nodiscard]] Traits traits() const override { return inner_->traits(); }
  [[nodiscard]] Result<StatFs> statfs() override;
  [[nodiscard]] Status room_for(std::uint64_t bytes, std::uint64_t inodes) override;
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }
  [[nodiscard]] std::string path_of(Node& node) override;
  [[nodiscard]] Origin origin(Node& node) override;
  [[nodiscard]] std::vector<LayerTrace> trace_node(Node& node) override;
  [[nodiscard]] std::vector<LayerTrace> trace_path(std::string_view path) override;
  [[nodiscard]] Result<UpperChanges> changes(Node& directory) override;

 protected:
  /// Before an operation. An error refuses it: the inner file system is not asked,
  /// and the caller gets that error (of view and native_range: nullopt).
  [[nodiscard]] virtual Status before(const Call& call);
  /// After an operation that was handed on, with how it ended.
  virtual void after(const Call& call, Status result);

 private:
  friend class WrapperNode;
  friend class WrapperFile;
  friend class WrapperDir;
  struct Table;

  template <class Ask>
  auto run(const Call& call, Ask ask) -> decltype(ask());
  /// The node that stands for `inner` here; made where nobody holds it.
  [[nodiscard]] NodeRef wrap(NodeRef inner);
  /// What `node` stands for; null where it is none of this file system's.
  [[nodiscard]] Node* unwrap(Node& node) const;

  FilesystemPtr inner_;
  std::unique_ptr<Table> table_;
};

}  // namespace wasifs
