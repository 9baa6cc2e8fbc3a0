// SPDX-License-Identifier: Apache-2.0
#include "inspect/folder_sink.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_copy.h"
#include "base/name_hash.h"
#include "base/path.h"
#include "fs/host/host_fs.h"
#include "inspect/text.h"
#include "inspect/walk.h"

namespace wasifs {

namespace {

/// Directories that are held by a descriptor, at most. Of deeper trees those above are
/// found again by their names.
constexpr std::size_t kMaxHeld = 128;
constexpr int kAttempts = 100;  // to find a name that nobody has
constexpr std::uint16_t kWhileOpen = 0700;

std::string temporary_name() { return ".wasifs-" + std::to_string(random_key()); }

std::pair<std::string_view, std::string_view> split_last(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_refused(Errc error) {
  return error == Errc::eperm || error == Errc::enotsup || error == Errc::eacces;
}

Outcome<bool> is_empty(Filesystem& target, const std::string& path) {
  const Result<DirPtr> dir = target.root()->open_dir();
  bool any = false;
  const Status read = dir ? (*dir)->read(0,
                                         [&](const DirEntry&) {
                                           any = true;
                                           return false;
                                         })
                          : fail(dir.error());
  if (!read) return fail(path_error("read", path, read.error()));
  return !any;
}

}  // namespace

/// A directory of the target that things are still put into.
struct FolderSink::Frame {
  std::string name;  ///< "" of the target itself
  NodeRef node;      ///< null: to be found again
  Attr attr = {};    ///< what it is to have in the end
  bool described = false;
};

FolderSink::FolderSink(std::string path, FilesystemPtr target, const Options& options)
    : path_(std::move(path)), target_(std::move(target)), options_(options) {
  open_.push_back({.name = {}, .node = target_->root()});
}

FolderSink::~FolderSink() = default;

Outcome<std::unique_ptr<FolderSink>> FolderSink::create(const std::string& path, const Options& options) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return fail(path_error("make", path, static_cast<Errc>(errno)));
  }
  auto target = HostFilesystem::open(path, {});
  if (!target) return fail(std::move(target.error()));
  if (!(*target)->root()->is_directory()) return fail(path_error("write into", path, Errc::enotdir));
  const Outcome<bool> empty = is_empty(**target, path);
  if (!empty) return fail(empty.error());
  if (!*empty && !options.overwrite) {
    return fail(Diagnostic{.trouble = Trouble::conflict,
                           .message = quoted(path) + " is not empty",
                           .hint = "--overwrite replaces what is there, or goes on where it was ended"});
  }
  return std::unique_ptr<FolderSink>(new FolderSink(path, *std::move(target), options));
}

std::unexpected<Diagnostic> FolderSink::trouble(std::string_view path, Errc error) const {
  return fail(path_error("write", path.empty() ? path_ : join_path(path_, path), error));
}

/// The node of open_[depth]: found by its name in the one above, where it was let go.
Result<NodeRef> FolderSink::node_of(std::size_t depth) {
  std::size_t known = depth;
  while (!open_[known].node) --known;
  for (; known < depth; ++known) {
    Result<NodeRef> next = open_[known].node->lookup(open_[known + 1].name);
    if (!next) return fail(next.error());
    if (!(*next)->is_directory()) return fail(Errc::enotdir);
    // The last of them are those that are needed next.
    if (known + 1 + kMaxHeld < depth && known != 0) open_[known].node = {};
    open_[known + 1].node = *std::move(next);
  }
  return open_[depth].node;
}

/// Leaves directories until the last that is open is the one that `path` lies in.
Outcome<void> FolderSink::enter_parent_of(std::string_view path) {
  const std::vector<std::string_view> names = split_path(split_last(path).first);
  std::size_t same = 0;
  while (same < names.size() && same + 1 < open_.size() && open_[same + 1].name == names[same]) ++same;
  while (open_.size() > same + 1) {
    if (auto left = leave(); !left) return left;
  }
  // Its parent came before, or there is nothing that it could be put into.
  if (same != names.size()) return trouble(path, Errc::enoent);
  return {};
}

Outcome<void> FolderSink::leave() {
  const Frame& last = open_.back();
  Outcome<void> result;
  if (last.described) {
    std::string path;
    for (const Frame& frame : open_)
      path = frame.name.empty() ? path : path.empty() ? frame.name : path + "/" + frame.name;
    const Result<NodeRef> node = node_of(open_.size() - 1);
    Status done = node ? Status{} : fail(node.error());
    if (done) done = (*node)->set_attr({.mode = last.attr.mode});
    if (done) done = (*node)->set_attr({.atime = last.attr.atime, .mtime = last.attr.mtime});
    if (!done) result = trouble(path, done.error());
  }
  open_.pop_back();
  return result;
}

Outcome<void> FolderSink::finish() {
  while (!open_.empty()) {
    if (auto left = leave(); !left) return left;
  }
  return {};
}

Outcome<void> FolderSink::put(const CopiedEntry& entry) {
  if (entry.path.empty()) {
    open_.front().attr = entry.attr;
    open_.front().described = true;
    const Status dressed = dress(entry, *open_.front().node, false);
    return dressed ? Outcome<void>{} : trouble({}, dressed.error());
  }
  if (auto entered = enter_parent_of(entry.path); !entered) return entered;
  const Result<NodeRef> parent = node_of(open_.size() - 1);
  if (!parent) return trouble(entry.path, parent.error());
  const std::string_view name = split_last(entry.path).second;
  const Status done = entry.hard_link                          ? put_hard_link(entry, **parent, name)
                      : entry.attr.type == FileType::directory ? put_directory(entry, **parent, name)
                      : entry.attr.type == FileType::regular   ? put_file(entry, **parent, name)
                                                               : put_other(entry, **parent, name);
  return done ? Outcome<void>{} : trouble(entry.path, done.error());
}

Status FolderSink::put_directory(const CopiedEntry& entry, Node& parent, std::string_view name) {
  const NewNode spec{.type = FileType::directory, .mode = kWhileOpen, .uid = ::geteuid(), .gid = ::getegid()};
  Result<NodeRef> made = parent.create(name, spec);
  if (!made && made.error() == Errc::eexist && options_.overwrite) {
    made = parent.lookup(name);
    if (made && !(*made)->is_directory()) {
      if (const Status removed = parent.unlink(name); !removed) return removed;
      made = parent.create(name, spec);
    } else if (made) {
      // One that lets nobody in did so on purpose, and will again.
      if (const Status opened = (*made)->set_attr({.mode = kWhileOpen}); !opened) return opened;
    }
  }
  if (!made) return fail(made.error());
  if (const Status dressed = dress(entry, **made, false); !dressed) return dressed;
  open_.push_back(
      {.name = std::string(name), .node = *std::move(made), .attr = entry.attr, .described = true});
  if (open_.size() > kMaxHeld + 1) open_[open_.size() - 1 - kMaxHeld].node = {};
  return {};
}

Status FolderSink::put_file(const CopiedEntry& entry, Node& parent, std::string_view name) {
  if (is_there(entry, parent, name)) return {};
  // Nobody else may look into it before it has its owner.
  const NewNode spec{.type = FileType::regular, .mode = 0600, .uid = ::geteuid(), .gid = ::getegid()};
  Result<NodeRef> made = parent.create_anonymous(spec);
  std::string temporary;
  for (int attempt = 0; !made && made.error() == Errc::enotsup && attempt < kAttempts; ++attempt) {
    temporary = temporary_name();
    made = parent.create(temporary, spec);
    if (!made && made.error() == Errc::eexist) made = fail(Errc::enotsup);
  }
  if (!made) return fail(made.error());
  Status done;
  {
    const Result<FilePtr> file = (*made)->open({.read = true, .write = true});
    done = file ? copy_content(*entry.content, **file, entry.attr.size) : fail(file.error());
  }
  if (done) done = dress(entry, **made, true);
  if (done && !temporary.empty())
    done = parent.rename(temporary, parent, name,
                         options_.overwrite ? RenameMode::replace : RenameMode::no_replace);
  if (done && temporary.empty()) done = link_over(parent, name, **made);
  if (!done && !temporary.empty()) (void)parent.unlink(temporary);
  return done;
}

/// Whether a run before this one has made the file.
bool FolderSink::is_there(const CopiedEntry& entry, Node& parent, std::string_view name) {
  if (!options_.overwrite) return false;
  const Result<NodeRef> node = parent.lookup(name);
  if (!node || (*node)->type() != entry.attr.type) return false;
  const Result<Attr> attr = (*node)->attr();
  return attr && attr->size == entry.attr.size && attr->mode == entry.attr.mode &&
         attr->mtime == entry.attr.mtime && (attr->nlink > 1) == (entry.attr.nlink > 1);
}

/// Gives `target` the name, in the place of another file where that is wanted.
Status FolderSink::link_over(Node& parent, std::string_view name, Node& target) {
  Status linked = parent.link(name, target);
  if (linked || linked.error() != Errc::eexist || !options_.overwrite) return linked;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string temporary = temporary_name();
    linked = parent.link(temporary, target);
    if (!linked && linked.error() == Errc::eexist) continue;
    if (!linked) return linked;
    linked = parent.rename(temporary, parent, name, RenameMode::replace);
    // Of two names of one file, rename(2) leaves both.
    (void)parent.unlink(temporary);
    return linked;
  }
  return linked;
}

Status FolderSink::put_hard_link(const CopiedEntry& entry, Node& parent, std::string_view name) {
  const Result<NodeRef> target = find(entry.link);
  if (!target) return fail(target.error());
  return link_over(parent, name, **target);
}

/// What the path of an entry before means in the target.
Result<NodeRef> FolderSink::find(std::string_view path) {
  NodeRef at = open_.front().node;
  for (const std::string_view name : split_path(path)) {
    Result<NodeRef> next = at->lookup(name);
    if (!next) return next;
    at = *std::move(next);
  }
  return at;
}

Status FolderSink::put_other(const CopiedEntry& entry, Node& parent, std::string_view name) {
  // Packages have them; Linux does not.
  if (entry.attr.type == FileType::symlink && entry.link.empty()) {
    count_loss(losses_, "empty text", Errc::enoent, entry.path);
    return {};
  }
  const NewNode spec{.type = entry.attr.type,
                     .mode = entry.attr.mode,
                     .uid = ::geteuid(),
                     .gid = ::getegid(),
                     .rdev = entry.attr.rdev,
                     .target = entry.link};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const bool over = options_.overwrite && parent.lookup(name).has_value();
    const std::string made_as = over ? temporary_name() : std::string(name);
    const Result<NodeRef> made = parent.create(made_as, spec);
    if (!made && made.error() == Errc::eexist && over) continue;
    if (!made && is_refused(made.error()) && entry.attr.type != FileType::symlink) {
      count_loss(losses_, "special file", made.error(), entry.path);
      return {};
    }
    if (!made) return fail(made.error());
    Status done = dress(entry, **made, entry.attr.type != FileType::symlink);
    if (done && over) done = parent.rename(made_as, parent, name, RenameMode::replace);
    if (!done) (void)parent.unlink(made_as);
    return done;
  }
  return fail(Errc::eexist);
}

/// Owner, extended attributes, mode and times, in this order: each of them may change
/// those behind it.
Status FolderSink::dress(const CopiedEntry& entry, Node& node, bool with_mode) {
  const Result<Attr> now = node.attr();
  if (!now) return fail(now.error());
  if (now->uid != entry.attr.uid || now->gid != entry.attr.gid) {
    const Status owned = node.set_attr({.uid = entry.attr.uid, .gid = entry.attr.gid});
    if (!owned && !is_refused(owned.error())) return owned;
    if (!owned) count_loss(losses_, "owner", owned.error(), entry.path);
  }
  for (const auto& [name, value] : entry.xattrs) {
    const Status set = node.set_xattr(name, value, XattrMode::any);
    if (set) continue;
    if (!is_refused(set.error())) return set;
    count_loss(losses_, "attribute " + quoted(name), set.error(), entry.path);
  }
  if (with_mode) {
    if (const Status moded = node.set_attr({.mode = entry.attr.mode}); !moded) return moded;
  }
  return node.set_attr({.atime = entry.attr.atime, .mtime = entry.attr.mtime});
}

}  // namespace wasifs
