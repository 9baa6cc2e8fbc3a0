// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasifs/export.h"
#include "wasifs/node.h"
#include "wasifs/run_spec.h"

namespace wasifs {

class Mount;
class MountTable;
class OpenSlot;
class Quota;
class TreeObserver;
struct Change;

/// What a Tree enforces beside what its layers do, and what it tells of itself.
struct TreeOptions {
  /// max_open, max_file_size and special_files; bytes and inodes are the quota's.
  FsLimits limits = {};
  /// What all memory layers are charged to; for the status. May be null.
  std::shared_ptr<const Quota> quota = nullptr;
  /// A JSON array that says what is mounted where; for the status. "": nothing.
  std::string mounts = {};
  /// The manifest of the package that the tree would make, as a JSON object; "": none.
  std::string package = {};
};

/// An object of a Tree: a node as it is seen through one mount. Two VNodes are
/// equal exactly if they are the same file. Copyable, thread-safe to copy, and
/// to be dropped before its Tree.
struct VNode {
  const Mount* mount = nullptr;
  NodeRef node;

  [[nodiscard]] FileType type() const { return node->type(); }
  [[nodiscard]] bool is_directory() const { return node->is_directory(); }
  bool operator==(const VNode&) const = default;
};

/// What path resolution does with a symlink as the last component.
enum class Follow : std::uint8_t {
  no,     ///< it is the end, unless a slash behind it asks for what it leads to
  yes,    ///< goes on to what it leads to
  never,  ///< it is the end: for what makes, removes or renames a name
};

/// How far a resolution may go.
enum class Scope : bool {
  tree,     ///< anywhere; ".." stays at the directory that the path starts from
  beneath,  ///< never out of the directory it starts from, as openat2(2)'s RESOLVE_BENEATH: exdev
};

/// Who a new node belongs to.
struct Maker {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// Where a path leads, whether or not something is there: what the system calls
/// that make, remove and rename work with.
struct Place {
  VNode dir;                     ///< the directory that the last component lies in
  std::string name;              ///< the last component; "" where the path ends in "/", "." or ".."
  std::optional<VNode> node;     ///< what is there; always present where `name` is ""
  bool wants_directory = false;  ///< the path ends in a slash, "." or ".."
};

/// open(2): how, and what to do where nothing is there.
struct OpenHow {
  OpenFlags flags = {};
  bool create = false;        ///< makes a regular file where nothing is
  bool exclusive = false;     ///< with create: eexist where anything is, a dangling link too
  std::uint16_t mode = 0644;  ///< of a file that is made; no umask is applied
  Follow follow = Follow::yes;
};

/// One name of a directory, as Tree::read_dir gives it.
struct DirItem {
  std::string name;
  std::uint64_t ino = 0;
  FileType type = FileType::regular;

  bool operator==(const DirItem&) const = default;
};

/// What Tree::walk visits; borrowed for the time of the call.
struct Visited {
  std::string_view path;  ///< what the walk was given, without slashes at its end, and the names below
  std::string_view name;  ///< the last component; "/" and so on for where it starts
  std::size_t depth = 0;  ///< 0 for where it starts
  const VNode& node;
  /// Present: the names in this directory cannot be read. That is a second visit,
  /// and the walk goes on behind the directory.
  std::optional<Errc> error = std::nullopt;
};
enum class WalkNext : std::uint8_t {
  on,
  skip,  ///< what lies below this directory
  stop,  ///< the walk ends and is a success
};
using Visitor = FunctionRef<WalkNext(const Visited&)>;

/// What holds for all of a Tree: where a view need not ask.
struct TreeTraits {
  bool read_only = true;    ///< every change is refused
  bool immutable = true;    ///< and nothing else changes it
  bool persistent = false;  ///< something of what is written outlives the process
  /// Opening a regular file, to read or to write, does nothing that could fail or be
  /// seen: none are counted, none change by others, and all can be written or none.
  /// (What is sealed is an exception: writing to it fails instead.)
  bool opens_freely = true;
  /// A cookie of an open directory means the same to every other open one of that
  /// directory: see Traits::lasting_cookies.
  bool lists_freely = true;
  /// The texts of some symlinks follow from where they lie and must not be remembered.
  bool rebases_links = false;
};

/// The composed tree: what FUSE, the library, WASI guests and the inspection
/// commands all serve. It crosses mount points, makes inode numbers global,
/// enforces read-only mounts and the limits of its options, and checks names;
/// everything else is the layers'.
///
/// Thread-safe. The table of mounts is fixed when the Tree is made. A Tree is a
/// handle; see observed_by().
/// Permission bits are reported, not enforced: that is the kernel's part under
/// FUSE (default_permissions), and a WASI context's rights in-process.
class WASIFS_API Tree {
 public:
  explicit Tree(MountTable mounts, TreeOptions options = {});
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree();

  /// Another handle to the same tree, for whoever shows it to somebody that keeps
  /// what he saw: `observer` is told of every change that is made through any other
  /// handle until this one is destroyed, or a moment longer. Changes in a host directory that are made
  /// past the tree are not seen.
  [[nodiscard]] std::shared_ptr<const Tree> observed_by(std::shared_ptr<TreeObserver> observer) const;

  static constexpr std::size_t kMaxName = 255;
  static constexpr std::size_t kMaxPath = 4096;
  /// Symlinks that one resolution follows before it says eloop, as Linux does.
  static constexpr unsigned kMaxLinks = 40;

  [[nodiscard]] VNode root() const;

  /// The child `name` of `dir`. enoent, enotdir, enametoolong. `name` is a
  /// single component, neither "." nor ".." (einval).
  [[nodiscard]] Result<VNode> lookup(const VNode& dir, std::string_view name) const;

  /// stat(2). `ino` is unique in the tree, equal to what read_dir tells, and
  /// stays the same over copy-up and rename.
  [[nodiscard]] Result<Attr> attr(const VNode& node) const;
  [[nodiscard]] Status set_attr(const VNode& node, const SetAttr& change) const;

  /// The node and its attributes in one go would be the same two calls. A file or
  /// directory counts as open until it is destroyed; enfile: max_open are. A
  /// change that would let a file grow past max_file_size does what fits below
  /// it, if anything, or fails with efbig.
  [[nodiscard]] Result<FilePtr> open(const VNode& node, OpenFlags flags) const;
  /// Another way into a file that the caller has open, appending or not: together
  /// they count as one.
  [[nodiscard]] Result<FilePtr> open_again(const VNode& node, OpenFlags flags) const;
  [[nodiscard]] Result<DirPtr> open_dir(const VNode& dir) const;
  /// The text as the mount shows it: MountOptions::rebase_links turns an absolute
  /// one of a layer into a relative one that leads to the same file.
  [[nodiscard]] Result<Link> read_link(const VNode& node) const;

  /// Makes a child. A set-group-id directory passes its group on. eperm: a special
  /// file where there may be none.
  [[nodiscard]] Result<VNode> create(const VNode& dir, std::string_view name, NewNode spec) const;
  struct Created {
    VNode node;
    FilePtr file;
  };
  /// Makes a regular file and opens it. enfile, and nothing is made.
  [[nodiscard]] Result<Created> create_open(const VNode& dir, std::string_view name, NewNode spec,
                                            OpenFlags flags) const;
  [[nodiscard]] Result<VNode> create_anonymous(const VNode& dir, NewNode spec) const;
  [[nodiscard]] Status link(const VNode& dir, std::string_view name, const VNode& target) const;
  [[nodiscard]] Status unlink(const VNode& dir, std::string_view name) const;
  [[nodiscard]] Status rmdir(const VNode& dir, std::string_view name) const;
  /// exdev between mounts, ebusy for a mount point, eperm for a whiteout where devices
  /// are forbidden. The whiteout is `maker`'s, as far as this process may give files
  /// away.
  [[nodiscard]] Status rename(const VNode& dir, std::string_view name, const VNode& new_dir,
                              std::string_view new_name, RenameMode mode,
                              std::optional<Maker> maker = std::nullopt) const;

  /// The attributes `user.wasifs.layer`, `.origin`, `.shadows` (a line for each,
  /// "" where it is nothing) and `.mount` tell what provenance() does; `.status`
  /// of the root tells how the tree is doing, as JSON. `.changes` of a directory is what
  /// changes() tells, as change_text() of src/base writes it, in pages; `.package` of the
  /// root is TreeOptions::package, in pages as well. They are never listed, and
  /// nobody can set or remove them (enotsup), nor any other of that prefix; what a
  /// layer has stored under it is not shown.
  [[nodiscard]] Result<std::string> get_xattr(const VNode& node, std::string_view name) const;
  [[nodiscard]] Result<std::vector<std::string>> list_xattrs(const VNode& node) const;
  [[nodiscard]] Status set_xattr(const VNode& node, std::string_view name, std::string_view value,
                                 XattrMode mode) const;
  [[nodiscard]] Status remove_xattr(const VNode& node, std::string_view name) const;
  [[nodiscard]] Status sync(const VNode& node) const;

  [[nodiscard]] Result<StatFs> statfs(const VNode& node) const;
  /// The traits of the layer that a node lies in: what may be cached how long.
  [[nodiscard]] Traits traits(const VNode& node) const;
  /// What holds for the whole tree as long as it lives.
  [[nodiscard]] TreeTraits traits() const;
  /// True if the mount that shows `node` refuses every change.
  [[nodiscard]] bool read_only(const VNode& node) const;

  /// Resolves `path` from the root, or from `base`. "" is enoent; ".." at the
  /// root stays there; a trailing slash wants a directory; an absolute path
  /// starts at the root of the tree even with a `base`. eloop after kMaxLinks.
  [[nodiscard]] Result<VNode> resolve(std::string_view path, Follow follow = Follow::yes) const;
  [[nodiscard]] Result<VNode> resolve_at(const VNode& base, std::string_view path,
                                         Follow follow = Follow::yes, Scope scope = Scope::tree) const;
  /// The same for a path whose last component may be missing. A link there is
  /// followed on demand, also one that leads to nothing: the place is then where it
  /// leads. A missing name with a slash behind it is for the caller to judge.
  [[nodiscard]] Result<Place> locate_at(const VNode& base, std::string_view path, Follow follow,
                                        Scope scope = Scope::tree) const;

  /// A path that leads to `node` now, without symlinks; one of them where it has
  /// several. Absent: no name leads to it. May look through a whole memory layer.
  [[nodiscard]] std::optional<std::string> path_of(const VNode& node) const;

  // By paths. Each is the system call of that name, errors included, on a tree
  // whose root is its only mount and working directory: relative paths start at the
  // root, and so does what no other place is given for. Trailing slashes and a last
  // "." or ".." mean what they do on Linux. What is made belongs to the effective
  // user and group of the process.

  /// stat(2), or lstat(2).
  [[nodiscard]] Result<Attr> stat(std::string_view path, Follow follow = Follow::yes) const;
  /// chmod(2), chown(2), truncate(2) and utimensat(2) in one.
  [[nodiscard]] Status set_attr(std::string_view path, const SetAttr& change,
                                Follow follow = Follow::yes) const;

  struct Opened {
    VNode node;
    FilePtr file;
    bool created = false;
  };
  /// open(2) of a file; a directory is eisdir also where it is only to be read (see
  /// open_dir). Creating follows a dangling link and makes what it names, unless
  /// `exclusive`. A name that others keep making and removing is tried a few times
  /// and then fails with what happened last.
  [[nodiscard]] Result<Opened> open(std::string_view path, const OpenHow& how = {}) const;
  /// openat(2): `path` from the directory `base`.
  [[nodiscard]] Result<Opened> open_at(const VNode& base, std::string_view path, const OpenHow& how = {},
                                       Scope scope = Scope::tree) const;
  [[nodiscard]] Result<DirPtr> open_dir(std::string_view path) const;

  /// All names of a directory, without "." and "..", in no particular order.
  [[nodiscard]] Result<std::vector<DirItem>> read_dir(std::string_view path) const;
  /// Visits what `path` names and all below it: a directory before what is in it,
  /// its names by their bytes. Follows no symlink but one that is `path` with a
  /// slash behind it. What vanishes meanwhile is left out. Deep trees cost no stack.
  /// The error is that of `path` itself.
  [[nodiscard]] Status walk(std::string_view path, Visitor visit) const;

  /// All of a file. eisdir; efbig: more than memory can hold.
  [[nodiscard]] Result<std::string> read_file(std::string_view path) const;
  /// Makes the file or replaces what is in it, not atomically. enospc leaves what
  /// has been written.
  [[nodiscard]] Status write_file(std::string_view path, std::string_view content,
                                  std::uint16_t mode = 0644) const;
  /// File::view of a file: nullopt where the content is not immutable memory.
  [[nodiscard]] Result<std::optional<View>> view(std::string_view path, std::uint64_t offset = 0,
                                                 std::size_t length = SIZE_MAX) const;

  /// mkdir(2).
  [[nodiscard]] Status make_dir(std::string_view path, std::uint16_t mode = 0755) const;
  /// The same with all directories on the way; one that is there already is fine.
  [[nodiscard]] Status make_dirs(std::string_view path, std::uint16_t mode = 0755) const;
  [[nodiscard]] Status unlink(std::string_view path) const;
  /// rmdir(2).
  [[nodiscard]] Status remove_dir(std::string_view path) const;
  [[nodiscard]] Status rename(std::string_view path, std::string_view new_path,
                              RenameMode mode = RenameMode::replace) const;
  /// link(2): a symlink as `path` gets the new name itself, and is not followed.
  [[nodiscard]] Status link(std::string_view path, std::string_view new_path) const;
  /// symlink(2): makes `path` with that text.
  [[nodiscard]] Status symlink(std::string_view text, std::string_view path) const;
  [[nodiscard]] Result<Link> read_link(std::string_view path) const;

  /// Where `node` comes from. Found out when it is asked for, from the nodes
  /// that look-ups use, so it is true after changes too. Of a file with several
  /// names, it speaks of one of them.
  [[nodiscard]] Provenance provenance(const VNode& node) const;
  /// The same of what is at `path`, or why nothing is there. Symlinks on the way
  /// are followed, the last one is not. Errors are those of a path that cannot be
  /// resolved at all: enoent ("" only), enametoolong, eloop.
  [[nodiscard]] Result<Provenance> provenance(std::string_view path) const;

  /// What of the directory `dir` the layers that take changes have, since the tree was
  /// composed: see Filesystem::changes(). A mount point in it that was changed itself is
  /// among the names. Nothing where all changes go to the source itself.
  [[nodiscard]] Result<UpperChanges> changes(const VNode& dir) const;

 private:
  struct State;
  Tree(std::shared_ptr<State> state, std::shared_ptr<TreeObserver> observer);
  /// What is mounted in a directory.
  [[nodiscard]] std::span<const Mount* const> mounts_in(const VNode& dir) const;
  void tell(const Change& change) const;
  /// That `name` means something else in `dir`, and so when that was changed.
  void tell_name(const VNode& dir, std::string_view name) const;
  /// What is about to be taken away, where anybody wants to know.
  [[nodiscard]] std::optional<VNode> observed_child(const VNode& dir, std::string_view name) const;
  [[nodiscard]] Result<FilePtr> open_watched(const VNode& node, OpenFlags flags, OpenSlot* slot) const;

  const std::shared_ptr<State> state_;
  const std::shared_ptr<TreeObserver> observer_;  ///< whom changes through this handle are not told
};

}  // namespace wasifs
