// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/error.h"
#include "wasifs/export.h"
#include "wasifs/provenance.h"
#include "wasifs/ref.h"
#include "wasifs/types.h"

namespace wasifs {

class Node;
using NodeRef = Ref<Node>;

/// Immutable bytes and what keeps them alive. Valid as long as `owner` is held,
/// whatever happens to the file they came from.
struct View {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

/// Where a file's bytes lie in a host file: byte 0 of ours is byte `offset` of
/// `fd`. The descriptor belongs to the File and is valid while it is.
struct NativeRange {
  int fd = -1;
  std::uint64_t offset = 0;
};

/// An open file without a position: pread(2) and pwrite(2), not read and write.
///
/// Thread-safe: any method may be called from any thread at any time. The
/// public methods check what can be checked for every layer alike (the access
/// mode, offsets) and leave the rest to the `do_` methods of the layer.
class WASIFS_API File {
 public:
  /// No file is longer than this, as on any Linux file system (off_t).
  static constexpr std::uint64_t kMaxSize = (std::uint64_t{1} << 63) - 1;

  explicit File(OpenFlags flags) : flags_(flags) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  [[nodiscard]] OpenFlags flags() const { return flags_; }

  /// Reads up to `out.size()` bytes; fewer only at the end of the file.
  /// ebadf: not open for reading; eisdir; eio.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out);

  /// Writes all of `in`, or fails and, where the layer can, changes nothing; a
  /// short count means that the space ended there. A gap before `offset` reads
  /// as zeros. With flags().append the offset is ignored and the write goes to
  /// the end atomically. ebadf, efbig, enospc, eio.
  [[nodiscard]] Result<std::size_t> write_at(std::uint64_t offset, std::span<const std::byte> in);

  /// ebadf, efbig, enospc.
  [[nodiscard]] Status truncate(std::uint64_t size);
  /// ebadf, efbig, enospc, enotsup.
  [[nodiscard]] Status allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length);
  /// Makes the first `size` bytes of `source` the content of this file, which is empty,
  /// in a way that is cheaper than reading and writing them: where it can, the two share
  /// their blocks, and holes stay holes. A shorter source is filled up with zeros.
  /// enotsup: there is no such way between these two, and this file may hold a part of
  /// it now. ebadf, efbig, enospc, eio.
  [[nodiscard]] Status copy_from(File& source, std::uint64_t size);
  /// Makes written data durable where the layer persists at all.
  [[nodiscard]] Status sync(bool data_only) { return do_sync(data_only); }

  /// The first offset ≥ `offset` that holds data (or lies in a hole; the end of
  /// the file counts as one). enxio: `offset` is at or past the end.
  [[nodiscard]] Result<std::uint64_t> seek_data(std::uint64_t offset) { return do_seek(offset, true); }
  [[nodiscard]] Result<std::uint64_t> seek_hole(std::uint64_t offset) { return do_seek(offset, false); }

  /// The bytes from `offset` on, at most `length`, without copying; empty past
  /// the end; nullopt where the content is not immutable memory.
  [[nodiscard]] virtual std::optional<View> view(std::uint64_t offset, std::size_t length);
  /// nullopt where no host file holds the content as it is.
  [[nodiscard]] virtual std::optional<NativeRange> native_range() { return std::nullopt; }

 protected:
  // What a layer writes. The checks above have been made: the mode allows it, and
  // neither the buffer nor the range is empty or past kMaxSize. A file that is only
  // read needs do_read and do_seek.

  virtual Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) = 0;
  /// A gap between the end and `offset` reads as zeros from then on.
  virtual Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in);
  /// Atomic with respect to every other write.
  virtual Result<std::size_t> do_append(std::span<const std::byte> in);
  virtual Status do_truncate(std::uint64_t size);
  virtual Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length);
  /// enotsup by default.
  virtual Status do_copy(File& source, std::uint64_t size);
  virtual Status do_sync(bool data_only);
  /// A layer without holes: enxio at or past the end, else `offset` for data and the
  /// size for a hole.
  virtual Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) = 0;

 private:
  OpenFlags flags_;
};
using FilePtr = std::unique_ptr<File>;

/// One name of a directory. `ino` is as in Attr. `next` is the cookie that
/// continues after this entry.
struct DirEntry {
  std::string_view name;
  std::uint64_t ino = 0;
  FileType type = FileType::regular;
  std::uint64_t next = 0;
};

/// Takes an entry and says whether it wants more. An entry that it refused is
/// delivered again by the next read from the same cookie.
using DirSink = FunctionRef<bool(const DirEntry&)>;

/// An open directory: a sequence of names without "." and "..". Every name that
/// is there from open_dir() to the end of the sequence is delivered exactly
/// once, whatever happens to the others meanwhile. Thread-safe.
class WASIFS_API Dir {
 public:
  Dir() = default;
  Dir(const Dir&) = delete;
  Dir& operator=(const Dir&) = delete;
  virtual ~Dir() = default;

  /// Delivers the entries after `cookie` (0: from the start, with a fresh look
  /// at the directory) until the sink has enough or there are no more. Cookies
  /// are below 2^62 and mean something to this Dir only. A guest can make any number
  /// up: what it means is whatever it happens to, but nothing may break by it.
  [[nodiscard]] virtual Status read(std::uint64_t cookie, DirSink sink) = 0;
};
using DirPtr = std::unique_ptr<Dir>;

/// One object of one layer: a directory, file, symlink or special file. It does
/// not know its name, its parent, or what is mounted where.
///
/// Identity: a layer returns the same Node for the same object as long as
/// somebody holds it, so hard links can be told by comparing pointers.
/// Lifetime: a NodeRef keeps the node alive, not the Filesystem it belongs to;
/// whoever holds nodes holds the FilesystemPtr as well.
/// Thread-safe: any method, any thread, any time.
///
/// Names that come in are valid: 1..255 bytes, no '/', no NUL, not "." or "..".
/// Operations that do not fit the node's type answer as POSIX says (enotdir,
/// einval, eisdir); changes to a layer that has none answer erofs. These are
/// the defaults below, so a read-only layer overrides the reading half only:
/// attr(), lookup() and open_dir() of directories, open() of files, read_link() of
/// symlinks. Nodes are made by make_ref and held by Refs; a layer that makes them
/// on demand keeps what it needs to find them again, and drops it in dispose().
/// No operation may call into a Tree that the layer is part of.
class WASIFS_API Node : public RefCounted {
 public:
  [[nodiscard]] FileType type() const { return type_; }
  [[nodiscard]] bool is_directory() const { return type_ == FileType::directory; }

  [[nodiscard]] virtual Result<Attr> attr() = 0;
  [[nodiscard]] virtual Status set_attr(const SetAttr& change);

  /// The child of that name. enoent, enotdir, eio.
  [[nodiscard]] virtual Result<NodeRef> lookup(std::string_view name);
  [[nodiscard]] virtual Result<DirPtr> open_dir();
  /// Opens a regular file or a device. eisdir, erofs, enxio, etxtbsy.
  [[nodiscard]] virtual Result<FilePtr> open(OpenFlags flags);
  /// einval where the node is no symlink.
  [[nodiscard]] virtual Result<Link> read_link();
  /// Makes `content` the content of an empty regular file without copying it;
  /// later writes leave the shared bytes alone. enotsup where the layer cannot.
  [[nodiscard]] virtual Status share_content(View content);
  /// True where the content is what it is for everybody: opening for writing and
  /// changing the size are eperm. The name may go, and another take its place.
  [[nodiscard]] virtual bool sealed() const { return false; }

  /// Makes a new child of any type. eexist, enospc, edquot, erofs.
  [[nodiscard]] virtual Result<NodeRef> create(std::string_view name, const NewNode& spec);
  /// Makes a node without a name in the Filesystem of this directory; it is
  /// gone with its last reference unless link() names it (O_TMPFILE).
  [[nodiscard]] virtual Result<NodeRef> create_anonymous(const NewNode& spec);
  /// A further name for `target`, a node of the same Filesystem that is no
  /// directory. eexist, exdev, emlink, enoent (target has no name any more and
  /// was not made by create_anonymous).
  [[nodiscard]] virtual Status link(std::string_view name, Node& target);
  /// enoent, eisdir.
  [[nodiscard]] virtual Status unlink(std::string_view name);
  /// enoent, enotdir, enotempty.
  [[nodiscard]] virtual Status rmdir(std::string_view name);
  /// Moves the child `name` to `new_name` in `new_parent`, a directory of the
  /// same Filesystem, atomically. Both names of one file: nothing happens.
  /// enoent, eexist, eisdir, enotdir, enotempty, einval (into itself), exdev.
  [[nodiscard]] virtual Status rename(std::string_view name, Node& new_parent, std::string_view new_name,
                                      RenameMode mode);

  /// enodata, enotsup.
  [[nodiscard]] virtual Result<std::string> get_xattr(std::string_view name);
  [[nodiscard]] virtual Result<std::vector<std::string>> list_xattrs();
  [[nodiscard]] virtual Status set_xattr(std::string_view name, std::string_view value, XattrMode mode);
  [[nodiscard]] virtual Status remove_xattr(std::string_view name);

  /// Makes a directory's entries durable where the layer persists at all.
  [[nodiscard]] virtual Status sync();

 protected:
  explicit Node(FileType type) : type_(type) {}
  Node(FileType type, Pinned pinned) : RefCounted(pinned), type_(type) {}

 private:
  FileType type_;
};

/// A layer: a root node and what holds for all nodes below it. To be derived from
/// for a file system of one's own, and made by std::make_shared; thread-safe, since
/// any number of trees may share it. root(), traits(), statfs() and describe() are
/// all that it must have. packaging/examples/kv_filesystem is a small one.
class WASIFS_API Filesystem {
 public:
  Filesystem() = default;
  Filesystem(const Filesystem&) = delete;
  Filesystem& operator=(const Filesystem&) = delete;
  virtual ~Filesystem() = default;

  /// Usually a directory; a layer of a single file or symlink is allowed. Always the
  /// same node.
  [[nodiscard]] virtual NodeRef root() = 0;
  /// Asked for often, and always the same. What says `immutable` must be: names,
  /// content and attributes are cached for ever. A layer that changes by itself is
  /// `shared`. One that is neither `immutable` nor `persistent` and is mounted
  /// writable gets the directories on the way to mount points inside of it, unless
  /// it answers erofs.
  [[nodiscard]] virtual Traits traits() const = 0;
  [[nodiscard]] virtual Result<StatFs> statfs() = 0;
  /// Whether so much more fits, beside the content of files: nodes, and bytes of
  /// symlink texts and of the names and values of extended attributes. To be asked
  /// before steps that only make sense together; it reserves nothing. enospc. A
  /// layer without a limit of its own, as by default, finds out when it happens.
  [[nodiscard]] virtual Status room_for(std::uint64_t bytes, std::uint64_t inodes);
  /// One line for a person: the kind and the source, e.g. `webc "a.webc" volume "atom"`.
  [[nodiscard]] virtual std::string describe() const = 0;

  // Provenance: found out when it is asked for, from the nodes that look-ups
  // give, and nothing is kept for it. While others change what is asked about,
  // the answer is that of no single moment.

  /// Where `node`, one of this file system's, lies below root(): "/" for the
  /// root, else "/a/b"; one of the names where it has several. "" where it has
  /// no name any more or the layer cannot tell.
  [[nodiscard]] virtual std::string path_of(Node& node);
  /// Where `node` comes from: by default describe() and path_of().
  [[nodiscard]] virtual Origin origin(Node& node);
  /// The layers that make `node` up, whatever its name: the shown one first.
  [[nodiscard]] virtual std::vector<LayerTrace> trace_node(Node& node);
  /// Every layer that holds `path` (absolute, no "." or ".."; symlinks are not
  /// followed), whether it shows or not, in the order of the layers. Empty where
  /// none does; a layer that cannot be looked at counts as one that has it not.
  [[nodiscard]] virtual std::vector<LayerTrace> trace_path(std::string_view path);
  /// What of `directory`, one of this file system's, was changed since the layers were
  /// put together. Means nothing below a directory that is whole or replaced itself:
  /// there everything is new. enotsup, as by default: the layer does not tell what was
  /// changed from what it had before.
  [[nodiscard]] virtual Result<UpperChanges> changes(Node& directory);
};
using FilesystemPtr = std::shared_ptr<Filesystem>;

}  // namespace wasifs
