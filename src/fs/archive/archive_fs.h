// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bulk_array.h"
#include "base/child_index.h"
#include "fs/archive/raw_tree.h"
#include "fs/archive/scan.h"
#include "fs/archive/tar_writer.h"
#include "wasifs/node.h"

namespace wasifs::archive {

struct OpenOptions {
  Whiteouts whiteouts = Whiteouts::none;
  /// The marks that whiteouts become are attributes "user.overlay.*", not "trusted.": for
  /// overlays without the privilege for those.
  bool user_marks = false;
  /// Directory for what is decompressed; "": $TMPDIR, else /var/tmp.
  std::string spool = {};
  /// Directory, made where it is missing, that keeps what was decompressed between two
  /// mounts: as a tar, named by the SHA-256 of the archive. "": none.
  std::string cache = {};
  /// How many bytes may be decompressed; never more than nine tenths of what is free.
  std::uint64_t max_spool = std::uint64_t{1} << 40U;
  /// The attributes of a directory ("/" or "/a/b") that only the paths of others speak of:
  /// mode, owner and mtime of what it lies over, say. Null or nullopt: 0755, owned by 0:0.
  std::function<std::optional<Attr>(const std::string& path)> inherit = {};
  /// Time of such directories; open() takes the file's.
  Time stamp = {};
  Progress progress = {};
  /// Lets the system take back the pages of the bytes that are parsed, see release_pages();
  /// open() sets it. Null: they are no mapping of a file.
  std::function<void()> release = {};
};

class ArchiveFilesystem;

/// Bytes of a file that stand together in memory.
struct Extent {
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t length = 0;
  const std::byte* bytes = nullptr;
};

/// What the names of a node and what is in it say.
struct NodePlace {
  std::uint32_t first = 0;   ///< of a directory its children, of a file its extents, of a link its text
  std::uint32_t count = 0;   ///< of the first two
  std::uint32_t dentry = 0;  ///< one of its names; 0: the root
  std::uint32_t nlink = 0;
};

/// An object of an archive, part of its ArchiveFilesystem and never counted.
class ArchiveNode final : public Node {
 public:
  ArchiveNode(const ArchiveFilesystem& fs, const RawInode& raw, const NodePlace& place);

  [[nodiscard]] Result<Attr> attr() override;
  [[nodiscard]] Result<NodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<DirPtr> open_dir() override;
  [[nodiscard]] Result<FilePtr> open(OpenFlags flags) override;
  [[nodiscard]] Result<Link> read_link() override;
  [[nodiscard]] Result<std::string> get_xattr(std::string_view name) override;
  [[nodiscard]] Result<std::vector<std::string>> list_xattrs() override;

  [[nodiscard]] const ArchiveFilesystem& fs() const { return fs_; }
  [[nodiscard]] std::uint64_t ino() const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] ChildRange children() const { return {first_, count_}; }
  [[nodiscard]] std::span<const Extent> extents() const;

 private:
  friend class ArchiveFilesystem;

  const ArchiveFilesystem& fs_;
  std::uint64_t size_;  ///< of a device its number
  Time mtime_;
  std::uint32_t uid_;
  std::uint32_t gid_;
  std::uint32_t nlink_;
  std::uint32_t extra_;
  std::uint32_t first_;  ///< see NodePlace
  std::uint32_t count_;
  std::uint32_t dentry_;
  std::uint16_t mode_;
  bool opaque_;
  bool implied_;
};

/// An archive as a read-only layer: indexed once, content served from the mapping it
/// lies in, be that the archive's own or that of its spool. Directories are in order of
/// their names, and one table serves all look-ups.
///
/// Immutable and thread-safe without locks. Nodes, open files and directories must be
/// dropped before it; views may outlive it.
class ArchiveFilesystem final : public Filesystem {
 public:
  /// Trouble::source: the file cannot be read, or what is in it finds no room; corrupt:
  /// see scan_archive().
  [[nodiscard]] static Outcome<std::shared_ptr<ArchiveFilesystem>> open(const std::string& path,
                                                                        const OpenOptions& options = {});
  /// The same for bytes in memory; `label` stands for the path in messages.
  [[nodiscard]] static Outcome<std::shared_ptr<ArchiveFilesystem>> parse(View bytes, std::string label,
                                                                         const OpenOptions& options = {});
  ArchiveFilesystem(std::string label, View archive, View spool, RawTree tree, const OpenOptions& options);
  ~ArchiveFilesystem() override;

  [[nodiscard]] NodeRef root() override { return NodeRef(&nodes_[0]); }
  [[nodiscard]] Traits traits() const override {
    return {.immutable = true, .overlay_marks = marks_, .lasting_cookies = true};
  }
  [[nodiscard]] Result<StatFs> statfs() override;
  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] std::string path_of(Node& node) override;

  /// Writes everything as a tar that shows the same when it is opened. What only paths
  /// speak of is left to them again.
  [[nodiscard]] Outcome<void> write_to(TarWriter& tar) const;

  /// True if there is a socket, which no tar can hold.
  [[nodiscard]] bool has_sockets() const;
  /// Bytes of content that had to be decompressed.
  [[nodiscard]] std::uint64_t spooled() const { return spooled_; }
  /// Bytes of memory that the index takes.
  [[nodiscard]] std::size_t memory() const;

 private:
  friend class ArchiveNode;

  /// A name; those of a directory stand side by side.
  struct Dentry {
    std::uint32_t name_at = 0;
    std::uint32_t node = 0;
    std::uint32_t parent = 0;
    std::uint8_t name_size = 0;
  };
  class Builder;
  /// parse() without a look at the cache.
  [[nodiscard]] static Outcome<std::shared_ptr<ArchiveFilesystem>> index(View bytes, std::string label,
                                                                         const OpenOptions& options);
  [[nodiscard]] static Outcome<std::shared_ptr<ArchiveFilesystem>> parse_cached(View bytes, std::string label,
                                                                                const OpenOptions& options);
  [[nodiscard]] std::string path_of(std::uint32_t dentry) const;
  class OpenFile;
  class OpenDir;

  static constexpr std::size_t kFewExtents = 8;
  [[nodiscard]] std::uint64_t blocks_of(const ArchiveNode& node) const;
  [[nodiscard]] static std::uint64_t count_blocks(std::span<const Extent> extents);
  [[nodiscard]] std::string_view name_of(const Dentry& dentry) const {
    return std::string_view(names_).substr(dentry.name_at, dentry.name_size);
  }

  const std::string label_;
  const bool marks_;
  const std::string_view opaque_mark_;
  std::uint64_t spooled_;
  std::shared_ptr<const void> owner_;  ///< of all bytes that extents show
  std::string names_;
  std::vector<Extra> extras_;
  std::vector<Extent> extents_;
  std::vector<Dentry> dentries_;  ///< from 1
  std::unique_ptr<ChildIndex> index_;
  BulkMemory node_storage_;
  ArchiveNode* nodes_ = nullptr;
  std::size_t count_ = 0;
  std::uint64_t content_ = 0;  ///< bytes that extents hold
  /// Blocks of the files with many extents, by node: to count them takes long.
  std::map<std::uint32_t, std::uint64_t> blocks_;
};

}  // namespace wasifs::archive
