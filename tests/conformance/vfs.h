// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasifs/error.h"
#include "wasifs/types.h"

namespace wasifs::test {

/// What open() does about a name, beside OpenFlags.
struct OpenMode {
  OpenFlags flags = {};
  bool create = false;
  bool exclusive = false;
  std::uint16_t mode = 0644;
};

constexpr OpenMode kRead = {};
constexpr OpenMode kWrite = {.flags = {.read = false, .write = true}};
constexpr OpenMode kReadWrite = {.flags = {.read = true, .write = true}};
constexpr OpenMode kAppend = {.flags = {.read = true, .write = true, .append = true}};
constexpr OpenMode kTruncate = {.flags = {.read = true, .write = true, .truncate = true}};
constexpr OpenMode kCreate = {.flags = {.read = true, .write = true}, .create = true};
constexpr OpenMode kCreateNew = {.flags = {.read = true, .write = true}, .create = true, .exclusive = true};

/// An open file. Closed by its destructor.
class Handle {
 public:
  virtual ~Handle() = default;
  virtual Result<std::string> read(std::uint64_t offset, std::size_t length) = 0;
  virtual Result<std::size_t> write(std::uint64_t offset, std::string_view bytes) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Status allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) = 0;
  virtual Result<std::uint64_t> seek_data(std::uint64_t offset) = 0;
  virtual Result<std::uint64_t> seek_hole(std::uint64_t offset) = 0;
  virtual Status sync() = 0;
  virtual Result<Attr> attr() = 0;
  virtual Status set_attr(const SetAttr& change) = 0;
};
using HandlePtr = std::unique_ptr<Handle>;

/// A name of a directory with what the listing says about it.
struct Listed {
  std::string name;
  std::uint64_t ino = 0;
  FileType type = FileType::regular;
};

/// An open directory, read in pieces. "." and ".." are left out.
class Listing {
 public:
  virtual ~Listing() = default;
  /// The next entries, at most `count`; empty at the end.
  virtual Result<std::vector<Listed>> next(std::size_t count) = 0;
  virtual Status rewind() = 0;
};
using ListingPtr = std::unique_ptr<Listing>;

/// A file system as a program sees it: paths, POSIX calls, errno. What the cases
/// of the suite are written against, so that one case runs in-process and
/// through the kernel. Paths are absolute; the last component is not followed
/// unless a method says so. The caller's umask is 0. Thread-safe.
class Vfs {
 public:
  virtual ~Vfs() = default;

  virtual Result<Attr> stat(std::string_view path) = 0;  ///< follows
  virtual Result<Attr> lstat(std::string_view path) = 0;
  virtual Result<HandlePtr> open(std::string_view path, OpenMode mode) = 0;  ///< follows
  virtual Result<HandlePtr> open_anonymous(std::string_view dir, std::uint16_t mode) = 0;
  virtual Status name_anonymous(Handle& handle, std::string_view path) = 0;
  virtual Result<ListingPtr> open_dir(std::string_view path) = 0;  ///< follows
  virtual Result<std::string> read_link(std::string_view path) = 0;

  /// mkdir, mknod, symlink, or an exclusive creat of an empty file.
  virtual Status make(std::string_view path, const NewNode& what) = 0;
  virtual Status link(std::string_view existing, std::string_view path) = 0;
  virtual Status unlink(std::string_view path) = 0;
  virtual Status rmdir(std::string_view path) = 0;
  virtual Status rename(std::string_view from, std::string_view to, RenameMode mode) = 0;

  /// Owner and times of a symlink are its own; mode and size are not changed through one.
  virtual Status set_attr(std::string_view path, const SetAttr& change) = 0;
  virtual Result<std::string> get_xattr(std::string_view path, std::string_view name) = 0;
  virtual Result<std::vector<std::string>> list_xattrs(std::string_view path) = 0;
  virtual Status set_xattr(std::string_view path, std::string_view name, std::string_view value,
                           XattrMode mode) = 0;
  virtual Status remove_xattr(std::string_view path, std::string_view name) = 0;
  virtual Result<StatFs> statfs(std::string_view path) = 0;

  // Shorthands, the same for every implementation.
  Status mkdir(std::string_view path, std::uint16_t mode = 0755);
  Status symlink(std::string_view text, std::string_view path);
  Status move(std::string_view from, std::string_view to) { return rename(from, to, RenameMode::replace); }
  Status chmod(std::string_view path, std::uint16_t mode);
  Status chown(std::string_view path, std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid);
  Status truncate(std::string_view path, std::uint64_t size);
  Status set_times(std::string_view path, std::optional<Time> atime, std::optional<Time> mtime);
  /// Every entry, sorted by name.
  Result<std::vector<Listed>> list(std::string_view path);
  /// Creates the file or replaces its content.
  Status put(std::string_view path, std::string_view content);
  Status append(std::string_view path, std::string_view content);
  Result<std::string> content(std::string_view path);
};

/// What a dump says about one object.
struct ObjectState {
  FileType type = FileType::regular;
  std::uint16_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t nlink = 0;
  std::string text = {};  ///< content of a file, text of a symlink, number of a device
  std::map<std::string, std::string> xattrs = {};
  std::optional<Time> mtime = {};

  [[nodiscard]] std::string line(std::string_view path) const;
};

/// Everything below `dir`, one line an object. Two file systems hold the same
/// exactly if their dumps are equal. `times` adds the mtime.
[[nodiscard]] std::string dump(Vfs& fs, std::string_view dir = "/", bool times = false);

/// What contradicts itself below `dir`, a line each; empty if nothing does. In a
/// tree at rest every name is listed once, looks up to the inode number and type
/// that the listing told, and every link count is the number of names.
/// `subdirectories_counted` false: directories may have the count 1 as well.
[[nodiscard]] std::string audit(Vfs& fs, std::string_view dir = "/", bool subdirectories_counted = true);

/// Removes `dir` and all that is below it, as rm -r does.
[[nodiscard]] Status remove_all(Vfs& fs, std::string_view dir);

/// "/dir" and "x" make "/dir/x", "/" and "x" make "/x".
[[nodiscard]] std::string join(std::string_view dir, std::string_view name);

/// The part before and after the last '/'; the parent of "/x" is "/".
[[nodiscard]] std::pair<std::string_view, std::string_view> split_last(std::string_view path);

}  // namespace wasifs::test
