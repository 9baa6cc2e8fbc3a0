// SPDX-License-Identifier: Apache-2.0
#include "inspect/folder_sink.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/acl.h"
#include "base/file_copy.h"
#include "base/name_hash.h"
#include "base/output_file.h"
#include "base/path.h"
#include "fs/host/host_fs.h"
#include "inspect/text.h"
#include "inspect/walk.h"

namespace wasifs {

namespace {

constexpr int kAttempts = 100;  // to find a name that nobody has
constexpr std::uint16_t kWhileOpen = 0700;
/// What has no name of its own yet is called so, with a number behind it.
constexpr std::string_view kTemporary = ".wasifs-extract-";

std::string temporary_name() { return std::string(kTemporary) + std::to_string(random_key()); }

bool is_temporary(std::string_view name) {
  return name.size() > kTemporary.size() && name.starts_with(kTemporary) &&
         name.find_first_not_of("0123456789", kTemporary.size()) == std::string_view::npos;
}

std::pair<std::string_view, std::string_view> split_last(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

/// Whether `path` is `folder` or lies in it; both relative.
bool lies_in(std::string_view path, std::string_view folder) {
  if (folder.empty()) return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
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

/// Makes a directory that was there before one that things can be put into.
Status open_up(Node& folder) {
  const Result<Attr> found = folder.attr();
  if (!found) return fail(found.error());
  // Its list would be that of all that is made in it.
  (void)folder.remove_xattr(kDefaultAcl);
  if ((found->mode & kWhileOpen) == kWhileOpen) return {};
  // One that lets nobody in did so on purpose, and will again.
  const Status opened = folder.set_attr({.mode = static_cast<std::uint16_t>(found->mode | kWhileOpen)});
  return opened || is_refused(opened.error()) ? Status{} : opened;
}

/// Removes what a run that was killed has left in `folder`.
Status clear(Node& folder) {
  std::vector<std::string> left;
  const Result<DirPtr> dir = folder.open_dir();
  if (!dir) return fail(dir.error());
  const Status read = (*dir)->read(0, [&](const DirEntry& found) {
    if (found.type != FileType::directory && is_temporary(found.name)) left.emplace_back(found.name);
    return true;
  });
  if (!read) return read;
  for (const std::string& name : left) {
    if (const Status removed = folder.unlink(name); !removed) return removed;
  }
  return {};
}

}  // namespace

FolderSink::FolderSink(std::string path, FilesystemPtr target, const Options& options)
    : path_(std::move(path)),
      target_(std::move(target)),
      options_(options),
      folders_(target_->root()),
      ends_(1) {}

Outcome<std::unique_ptr<FolderSink>> FolderSink::create(const std::string& path, const Options& options) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    const auto error = static_cast<Errc>(errno);
    Diagnostic diagnostic = path_error("make", path, error);
    diagnostic.hint = missing_folder_hint(path, error);
    return fail(std::move(diagnostic));
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
  if (options.overwrite) {
    const Status cleared = clear(*(*target)->root());
    if (!cleared) return fail(path_error("write into", path, cleared.error()));
  }
  return std::unique_ptr<FolderSink>(new FolderSink(path, *std::move(target), options));
}

std::unexpected<Diagnostic> FolderSink::trouble(std::string_view path, Errc error) const {
  Diagnostic diagnostic = path_error("write", path.empty() ? path_ : join_path(path_, path), error);
  if (error == Errc::eisdir) {
    diagnostic.hint = "a directory that is not empty is in its place: move that away";
  }
  return fail(std::move(diagnostic));
}

/// Leaves directories until the last that is open is the one that `path` lies in.
Outcome<void> FolderSink::enter_parent_of(std::string_view path) {
  const std::string_view parent = split_last(path).first;
  while (!lies_in(parent, folders_.path())) {
    if (auto left = leave(); !left) return left;
    folders_.leave();
  }
  // Its parent came before, or there is nothing that it could be put into.
  if (parent != folders_.path()) return trouble(path, Errc::enoent);
  return {};
}

/// The last directory that is open gets what it is to have in the end.
Outcome<void> FolderSink::leave() {
  const std::optional<Dresser::Last> end = std::move(ends_.back());
  ends_.pop_back();
  if (!end) return {};
  const Result<NodeRef> node = folders_.last();
  const Status done = node ? dresser_.finish(folders_.path(), *end, **node) : fail(node.error());
  return done ? Outcome<void>{} : trouble(folders_.path(), done.error());
}

Outcome<void> FolderSink::finish() {
  while (!ends_.empty()) {
    if (auto left = leave(); !left) return left;
    if (!ends_.empty()) folders_.leave();
  }
  return {};
}

Outcome<void> FolderSink::put(const CopiedEntry& entry) {
  if (entry.path.empty()) {
    Status begun = open_up(*target_->root());
    if (begun) begun = dresser_.begin(entry, *target_->root(), ends_.front().emplace());
    return begun ? Outcome<void>{} : trouble({}, begun.error());
  }
  if (auto entered = enter_parent_of(entry.path); !entered) return entered;
  const Result<NodeRef> parent = folders_.last();
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
      if (const Status opened = open_up(**made); !opened) return opened;
      if (const Status cleared = clear(**made); !cleared) return cleared;
    }
  }
  if (!made) return fail(made.error());
  Dresser::Last end;
  if (const Status begun = dresser_.begin(entry, **made, end); !begun) return begun;
  folders_.enter(name, *std::move(made));
  ends_.emplace_back(std::move(end));
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
  if (done) done = dresser_.dress(entry, **made);
  if (temporary.empty()) return done ? link_over(parent, name, **made) : done;
  return done ? move_over(parent, temporary, name) : drop(parent, temporary, done);
}

/// Whether a run before this one has made the file.
bool FolderSink::is_there(const CopiedEntry& entry, Node& parent, std::string_view name) {
  if (!options_.overwrite) return false;
  const Result<NodeRef> node = parent.lookup(name);
  if (!node || (*node)->type() != entry.attr.type) return false;
  const Result<Attr> attr = (*node)->attr();
  // What has one name only must not be what something else has as well.
  return attr && attr->size == entry.attr.size && (attr->nlink == 1 || entry.attr.nlink > 1) &&
         dresser_.is_dressed(entry, *attr);
}

/// Gives `target` the name, in the place of another file where that is wanted.
Status FolderSink::link_over(Node& parent, std::string_view name, Node& target) {
  Status linked = parent.link(name, target);
  if (linked || linked.error() != Errc::eexist || !options_.overwrite) return linked;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string temporary = temporary_name();
    linked = parent.link(temporary, target);
    if (!linked && linked.error() == Errc::eexist) continue;
    return linked ? move_over(parent, temporary, name) : linked;
  }
  return linked;
}

/// Renames `temporary`, in the place of something else where that is wanted. Gone is the
/// temporary name in any case.
Status FolderSink::move_over(Node& parent, const std::string& temporary, std::string_view name) {
  const RenameMode mode = options_.overwrite ? RenameMode::replace : RenameMode::no_replace;
  Status moved = parent.rename(temporary, parent, name, mode);
  if (!moved && moved.error() == Errc::eisdir && options_.overwrite && parent.rmdir(name)) {
    moved = parent.rename(temporary, parent, name, mode);
  }
  // Of two names of one file, rename(2) leaves both.
  return drop(parent, temporary, moved);
}

/// `result`, and the temporary name is free.
Status FolderSink::drop(Node& parent, const std::string& temporary, Status result) {
  (void)parent.unlink(temporary);
  return result;
}

Status FolderSink::put_hard_link(const CopiedEntry& entry, Node& parent, std::string_view name) {
  if (const auto left = left_out_.find(entry.link); left != left_out_.end()) {
    dresser_.lose(left->second.what, left->second.error, entry.path);
    return {};
  }
  const Result<NodeRef> target = folders_.find(entry.link);
  if (!target) return fail(target.error());
  return link_over(parent, name, **target);
}

/// Counts an entry that the target has no place for, and will not have its further names.
Status FolderSink::leave_out(const CopiedEntry& entry, const std::string& what, Errc error) {
  dresser_.lose(what, error, entry.path);
  if (entry.attr.nlink > 1)
    left_out_.try_emplace(std::string(entry.path), Loss{.what = what, .error = error});
  return {};
}

Status FolderSink::put_other(const CopiedEntry& entry, Node& parent, std::string_view name) {
  const bool special = entry.attr.type != FileType::symlink;
  // Packages have them; Linux does not.
  if (!special && entry.link.empty()) return leave_out(entry, "empty text", Errc::enoent);
  const NewNode spec{.type = entry.attr.type,
                     // Nobody else may use it before it has its owner.
                     .mode = static_cast<std::uint16_t>(special ? 0600 : entry.attr.mode),
                     .uid = ::geteuid(),
                     .gid = ::getegid(),
                     .rdev = entry.attr.rdev,
                     .target = entry.link};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const bool over = options_.overwrite && parent.lookup(name).has_value();
    const std::string made_as = over ? temporary_name() : std::string(name);
    const Result<NodeRef> made = parent.create(made_as, spec);
    if (!made && made.error() == Errc::eexist && over) continue;
    if (!made && special && is_refused(made.error())) return leave_out(entry, "special file", made.error());
    if (!made) return fail(made.error());
    const Status done = dresser_.dress(entry, **made);
    if (!done) return drop(parent, made_as, done);
    return over ? move_over(parent, made_as, name) : done;
  }
  return fail(Errc::eexist);
}

}  // namespace wasifs
