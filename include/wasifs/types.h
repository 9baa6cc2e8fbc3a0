// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wasifs {

enum class FileType : std::uint8_t {
  regular,
  directory,
  symlink,
  char_device,
  block_device,
  fifo,
  socket,
};

/// A point in time: seconds since 1970-01-01T00:00:00Z (may be negative) and
/// 0 ≤ nsec < 1,000,000,000 on top.
struct Time {
  std::int64_t sec = 0;
  std::int32_t nsec = 0;

  auto operator<=>(const Time&) const = default;
};

/// What stat(2) tells about a node.
struct Attr {
  std::uint64_t ino = 0;  ///< unique within the node's Filesystem; the Tree makes it global
  FileType type = FileType::regular;
  std::uint16_t mode = 0;  ///< permission, set-id and sticky bits only (07777)
  std::uint32_t nlink = 1;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t rdev = 0;    ///< makedev(3) number of a device node, else 0
  std::uint64_t size = 0;    ///< bytes; of a symlink: length of its text
  std::uint64_t blocks = 0;  ///< 512-byte units that hold data
  Time atime = {};
  Time mtime = {};
  Time ctime = {};
  Time btime = {};
};

/// The attributes to change; what is absent stays as it is. All or nothing.
struct SetAttr {
  std::optional<std::uint16_t> mode = {};
  std::optional<std::uint32_t> uid = {};
  std::optional<std::uint32_t> gid = {};
  std::optional<std::uint64_t> size = {};  ///< grows with zeros, or truncates
  std::optional<Time> atime = {};
  std::optional<Time> mtime = {};
};

/// What to create.
struct NewNode {
  FileType type = FileType::regular;
  std::uint16_t mode = 0644;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t rdev = 0;        ///< of device nodes
  std::string_view target = {};  ///< text of a symlink, 1..4095 bytes
  /// What the caller's umask takes from `mode`. A Tree does that, unless the directory
  /// has a default access control list, which then decides; for a layer it is 0.
  std::uint16_t umask = 0;
};

/// How a file is opened. `append`: every write goes to the end, atomically.
struct OpenFlags {
  bool read = true;
  bool write = false;
  bool append = false;
  bool truncate = false;
};

enum class RenameMode : std::uint8_t {
  replace,     ///< rename(2)
  no_replace,  ///< EEXIST where the new name is taken
  exchange,    ///< the two names change places, both must exist
  /// As replace, but the old name is not free afterwards: a character device 0:0
  /// without permissions lies there, a node of this process like any other.
  whiteout,
};

enum class XattrMode : std::uint8_t { any, create, replace };

/// fallocate(2): what File::allocate does to a range.
enum class AllocateMode : std::uint8_t {
  extend,     ///< reserve; the file grows to the range's end
  keep_size,  ///< reserve; the size stays
  punch,      ///< free the range, it reads as zeros; the size stays
  zero,       ///< the range reads as zeros; the file grows to its end
  zero_keep_size,
};

/// The text of a symlink and what an absolute text is relative to.
struct Link {
  std::string text;
  /// True where an absolute text starts at the root of the layer that holds the
  /// link (packages, host directories), false where at the root of the tree.
  bool layer_rooted = false;
};

/// statfs(2), in units of `block_size` bytes.
struct StatFs {
  std::uint64_t block_size = 4096;
  std::uint64_t blocks = 0;
  std::uint64_t blocks_free = 0;
  std::uint64_t files = 0;
  std::uint64_t files_free = 0;
  std::uint32_t name_max = 255;
};

/// What holds for a Filesystem as long as it lives.
struct Traits {
  bool immutable = false;   ///< content never changes: may be cached for ever, read without locks
  bool shared = false;      ///< others change it too (a host directory): caches must expire
  bool uncached = false;    ///< nobody is to remember anything of it
  bool persistent = false;  ///< what is written outlives the process
  /// Character devices 0:0 and extended attributes "trusted.overlay.*" in it are what
  /// kernel overlayfs remembers in its layers, and an overlay takes them as that.
  bool overlay_marks = false;
  /// What Dir::read calls a cookie means the same in every Dir of that directory, now
  /// and later: a listing may go on in another one.
  bool lasting_cookies = false;
  /// Of a node of a Tree: its text and size follow from where it lies, so they
  /// change when a directory above it is renamed, and must not be kept.
  bool place_bound = false;
};

/// What whoever shows a mount to somebody with a cache may remember of it.
enum class Caching : std::uint8_t {
  by_layer,  ///< as the traits of its layers say
  none,      ///< nothing
  forever,   ///< as of what nobody changes but through the tree
};

/// What a file of an archive whose name begins with ".wh." means.
enum class Whiteouts : std::uint8_t {
  none,  ///< a file of that name
  oci,   ///< ".wh.NAME": NAME of lower layers is gone; ".wh..wh..opq": all of them are
};

}  // namespace wasifs
