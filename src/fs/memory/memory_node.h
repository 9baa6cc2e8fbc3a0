// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/quota.h"
#include "base/small_shared_mutex.h"
#include "fs/memory/content.h"
#include "wasifs/node.h"

namespace wasifs {

class MemoryDir;
class MemoryRename;

/// What the nodes of one memory file system share.
///
/// Lock order: `rename_lock`, then directories (an ancestor before what lies
/// below it; unrelated ones by address), then other nodes (by address). A node's
/// own lock guards everything in it. Whoever locks two directories holds
/// `rename_lock`, which also guards the parent links of directories.
struct MemoryState {
  /// What there is when changes begin to count.
  struct Start {
    std::uint64_t first_new = 2;  ///< nodes from this number on are new; the root never is
    /// By the number of a directory: its names and the numbers behind them.
    std::unordered_map<std::uint64_t, std::map<std::string, std::uint64_t, std::less<>>> names = {};
  };

  std::shared_ptr<Quota> quota;
  std::optional<Time> frozen_time;
  std::atomic<std::uint64_t> next_ino{1};
  std::mutex rename_lock;
  Start start;  ///< set before the file system is shared

  [[nodiscard]] Time stamp() const;
  /// The time of a change to what was changed at `before`.
  [[nodiscard]] Time stamp_after(const Time& before) const;
};

class MemoryNode : public Node {
 public:
  using Lock = std::unique_lock<SmallSharedMutex>;
  using SharedLock = std::shared_lock<SmallSharedMutex>;

  /// Takes over `charge`: an inode and the bytes of a symlink's text. The
  /// destructor releases them.
  MemoryNode(MemoryState& state, const NewNode& spec, Charge& charge);
  ~MemoryNode() override;

  [[nodiscard]] MemoryState& state() const { return state_; }
  [[nodiscard]] std::uint64_t ino() const { return ino_; }

  Result<Attr> attr() override;
  Status set_attr(const SetAttr& change) override;
  Result<std::string> get_xattr(std::string_view name) override;
  Result<std::vector<std::string>> list_xattrs() override;
  Status set_xattr(std::string_view name, std::string_view value, XattrMode mode) override;
  Status remove_xattr(std::string_view name) override;

 protected:
  friend class MemoryDir;
  friend class MemoryRename;
  friend class MemoryChanges;

  /// Size, blocks and the like, with the lock held.
  virtual void fill_attr(Attr& attr) const = 0;
  /// einval, eisdir: nodes without content.
  virtual Status resize(std::uint64_t size);
  void touch_modified() {
    mtime_ = ctime_ = state_.stamp_after(mtime_);
    changed_ = !state_.frozen_time;
  }
  void touch_changed() {
    ctime_ = state_.stamp();
    changed_ = !state_.frozen_time;
  }
  /// What the program might do is not for what it is now: as on any Linux file system.
  void drop_capabilities();

  mutable SmallSharedMutex lock_;
  MemoryState& state_;
  const std::uint64_t ino_;
  const std::size_t text_size_;  ///< of a symlink's text, which is charged with the inode
  std::uint16_t mode_;
  std::uint32_t uid_;
  std::uint32_t gid_;
  std::uint32_t nlink_ = 0;  ///< names; of a directory, its own name and its subdirectories' ".."
  bool nameless_ = false;    ///< made by create_anonymous and not linked yet
  bool changed_ = false;     ///< since changes count
  Time atime_, mtime_, ctime_, btime_;

 private:
  using Xattrs = std::map<std::string, std::string, std::less<>>;

  /// With the lock held.
  [[nodiscard]] Status store_xattr(std::string_view name, std::string_view value, XattrMode mode);
  void drop_xattr(Xattrs::iterator found);
  [[nodiscard]] Status set_access_acl(std::string_view value, XattrMode mode);
  /// Makes the access control list, if there is one, say what the mode does.
  void keep_acl_with_mode();

  std::unique_ptr<Xattrs> xattrs_;
};

class MemoryFile final : public MemoryNode {
 public:
  MemoryFile(MemoryState& state, const NewNode& spec, Charge& charge)
      : MemoryNode(state, spec, charge), content_(state.quota.get()) {}

  Result<FilePtr> open(OpenFlags flags) override;
  Status share_content(View content) override;
  bool sealed() const override { return sealed_.load(std::memory_order_relaxed); }
  /// From now on nobody opens the file for writing or changes its size. To be
  /// called once, with where the content is from ("" = this layer).
  void seal(std::string source) {
    source_ = std::make_unique<const std::string>(std::move(source));
    sealed_.store(true, std::memory_order_release);
  }
  /// What seal() was given, "" before it.
  [[nodiscard]] std::string source() const {
    return sealed_.load(std::memory_order_acquire) ? *source_ : std::string();
  }

 protected:
  void fill_attr(Attr& attr) const override;
  Status resize(std::uint64_t size) override;

 private:
  friend class MemoryOpenFile;
  Content content_;
  std::atomic<bool> sealed_{false};
  std::unique_ptr<const std::string> source_;  ///< written once, before sealed_
};

class MemorySymlink final : public MemoryNode {
 public:
  MemorySymlink(MemoryState& state, const NewNode& spec, Charge& charge)
      : MemoryNode(state, spec, charge), target_(spec.target) {}

  Result<Link> read_link() override { return Link{.text = target_}; }

 protected:
  void fill_attr(Attr& attr) const override { attr.size = target_.size(); }

 private:
  const std::string target_;
};

/// A device, FIFO or socket.
class MemorySpecial final : public MemoryNode {
 public:
  MemorySpecial(MemoryState& state, const NewNode& spec, Charge& charge)
      : MemoryNode(state, spec, charge), rdev_(spec.rdev) {}

  Result<FilePtr> open(OpenFlags flags) override;

 protected:
  void fill_attr(Attr& attr) const override { attr.rdev = rdev_; }

 private:
  const std::uint64_t rdev_;
};

class MemoryDir final : public MemoryNode {
 public:
  MemoryDir(MemoryState& state, const NewNode& spec, Charge& charge, MemoryDir* parent);

  Result<NodeRef> lookup(std::string_view name) override;
  Result<DirPtr> open_dir() override;
  Result<NodeRef> create(std::string_view name, const NewNode& spec) override;
  Result<NodeRef> create_anonymous(const NewNode& spec) override;
  Status link(std::string_view name, Node& target) override;
  Status unlink(std::string_view name) override;
  Status rmdir(std::string_view name) override;
  Status rename(std::string_view name, Node& new_parent, std::string_view new_name, RenameMode mode) override;

 protected:
  void fill_attr(Attr& attr) const override;
  void dispose() noexcept override;

 private:
  friend class MemoryOpenDir;
  friend class MemoryRename;
  friend class MemorySearch;
  friend class MemoryChanges;
  struct Entry {
    std::string name;
    Ref<MemoryNode> node;
  };
  /// By the number that is the entry's cookie; numbers only grow, so an entry
  /// keeps its place in a listing whatever is added or removed around it.
  using Entries = std::map<std::uint64_t, Entry>;

  /// With the lock held.
  [[nodiscard]] Entries::iterator find(std::string_view name);
  void insert(std::string_view name, Ref<MemoryNode> node);
  void erase(Entries::iterator entry);
  /// A node without a name. enospc.
  [[nodiscard]] Result<Ref<MemoryNode>> make(const NewNode& spec);

  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> index_;
  std::uint64_t next_cookie_ = 1;
  std::uint32_t subdirectories_ = 0;
  bool removed_ = false;         ///< rmdir has taken it out of the tree
  MemoryDir* parent_ = nullptr;  ///< null for the root and for removed ones
};

/// Where `node` lies below `root`, see Filesystem::path_of. Holds rename_lock.
[[nodiscard]] std::string search_path(MemoryDir& root, MemoryNode& node);

/// What is at and below `root` now. Nobody else changes it meanwhile.
[[nodiscard]] MemoryState::Start take_start(MemoryDir& root);
/// See MemoryFilesystem::changes().
[[nodiscard]] UpperChanges changes_in(MemoryDir& directory);

}  // namespace wasifs
