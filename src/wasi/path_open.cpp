// SPDX-License-Identifier: Apache-2.0
// path_open, and path_open2 of wasix, which has one parameter more.
#include "wasi/call.h"

namespace wasifs::wasi {

/// What a guest asks for, checked.
struct Call::Opening {
  bool follow;
  u32 oflags;
  u32 fdflags;
  RightSet base;        ///< what it may do, of what was asked for
  RightSet inheriting;  ///< what may be done with what is opened through it

  [[nodiscard]] bool has(u32 flag) const { return (oflags & flag) != 0; }

  /// Rights that need a file that is open for writing, and that some ask for where
  /// they only want to read.
  static constexpr RightSet kSizing = right::fd_allocate | right::fd_filestat_set_size;

  [[nodiscard]] bool writes() const {
    // To empty a file is to write to it, whatever the descriptor may do later.
    return (base & right::fd_write) != 0 || has(oflag::trunc);
  }
  [[nodiscard]] OpenFlags open_flags() const {
    OpenFlags flags;
    flags.write = writes() || (base & kSizing) != 0;
    flags.read = (base & right::fd_read) != 0 || !flags.write;
    flags.append = (fdflags & fdflag::append) != 0;
    flags.truncate = has(oflag::trunc);
    return flags;
  }
};

namespace {

/// How often a name that comes and goes meanwhile is looked at again.
constexpr int kAttempts = 16;

/// What the directory must allow beside path_open.
RightSet needed_for(u32 oflags) {
  RightSet needed = right::path_open;
  if ((oflags & oflag::creat) != 0) needed |= right::path_create_file;
  if ((oflags & oflag::trunc) != 0) needed |= right::path_filestat_set_size;
  return needed;
}

}  // namespace

Answer<OpenFilePtr> Call::open_directory(Place place, const Opening& how) {
  if (how.has(oflag::creat) || how.has(oflag::trunc)) return refuse(Errno::isdir);
  // What is asked for is a file's; a C library asks for it where O_RDWR was said.
  if ((how.base & right::fd_write) != 0) return refuse(Errno::isdir);
  Result<DirPtr> dir = tree_.open_dir(*place.node);
  if (!dir) return refuse_as(dir);
  auto open = std::make_shared<OpenFile>();
  open->kind = OpenFile::Kind::directory;
  open->dir = std::move(*dir);
  open->parent = std::move(place.dir);
  open->node = std::move(*place.node);
  return open;
}

Answer<OpenFilePtr> Call::open_place(Place place, Opening& how) {
  if (how.has(oflag::creat) && how.has(oflag::excl)) return refuse(Errno::exist);
  if (place.node->type() == FileType::symlink) return refuse(Errno::loop);
  if (place.node->is_directory()) return open_directory(std::move(place), how);
  if (how.has(oflag::directory) || place.wants_directory) return refuse(Errno::notdir);
  Result<FilePtr> file = tree_.open(*place.node, how.open_flags());
  if (!file && !how.writes() && (how.base & Opening::kSizing) != 0) {
    // Go asks for all rights but one to read: those that are not to be had are left out.
    how.base &= ~Opening::kSizing;
    file = tree_.open(*place.node, how.open_flags());
  }
  if (!file) return refuse_as(file);
  auto open = std::make_shared<OpenFile>();
  open->file = std::move(*file);
  open->node = std::move(*place.node);
  return open;
}

Answer<OpenFilePtr> Call::create_file(Place place, const Opening& how) {
  if (place.wants_directory) return refuse(Errno::isdir);
  Result<Tree::Created> made =
      tree_.create_open(place.dir, place.name, new_node(FileType::regular), how.open_flags());
  if (!made) return refuse_as(made);
  auto open = std::make_shared<OpenFile>();
  open->file = std::move(made->file);
  open->node = std::move(made->node);
  return open;
}

Answer<Descriptor> Call::open_path(u32 fd, const Opening& asked, u32 path, u32 length) {
  const auto from = directory(fd, needed_for(asked.oflags));
  if (!from) return refuse(from.error());
  const auto text = read_path(path, length);
  if (!text) return refuse(text.error());
  // To write through a directory that does not allow it is refused now. Other rights
  // are asked for by habit, so those that are not to be had are left out.
  if ((asked.base & right::fd_write & ~from->inheriting) != 0) return refuse(Errno::notcapable);
  Opening how = asked;
  how.base &= from->inheriting;
  how.inheriting &= from->inheriting;
  // Before anything is made.
  if (!state_.fds.has_room()) return refuse(Errno::mfile);

  const bool exclusive = how.has(oflag::creat) && how.has(oflag::excl);
  const Follow follow = how.follow && !exclusive ? Follow::yes : Follow::no;
  Answer<OpenFilePtr> open = refuse(Errno::noent);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Answer<Place> place = locate(*from, *text, follow);
    if (!place) return refuse(place.error());
    if (place->node) {
      open = open_place(std::move(*place), how);
      break;
    }
    if (!how.has(oflag::creat)) return refuse(Errno::noent);
    open = create_file(std::move(*place), how);
    // Somebody was faster: it is there now, or has gone again.
    if (open || open.error() != Errno::exist || exclusive) break;
  }
  if (!open) return refuse(open.error());
  (*open)->flags = how.fdflags;
  const bool is_directory = (*open)->kind == OpenFile::Kind::directory;
  return Descriptor{.open = std::move(*open),
                    .base = how.base & (is_directory ? right::of_directories : right::of_files),
                    .inheriting = is_directory ? how.inheriting : how.inheriting & right::of_files};
}

Errno Call::path_open2(u32 fd, u32 dirflags, u32 path, u32 length, u32 oflags, u64 base, u64 inheriting,
                       u32 fdflags, u32 fdflagsext, u32 out) {
  constexpr u32 kCloseOnExec = 1;
  if ((dirflags & ~lookupflag::symlink_follow) != 0 || (oflags & ~oflag::all) != 0 ||
      (fdflags & ~fdflag::all) != 0 || (fdflagsext & ~kCloseOnExec) != 0) {
    return Errno::inval;
  }
  if ((oflags & oflag::creat) != 0 && (oflags & oflag::directory) != 0) return Errno::inval;
  // Before anything is opened or made.
  if (const auto to = memory_.range(out, sizeof(u32)); !to) return to.error();
  const Opening how{.follow = (dirflags & lookupflag::symlink_follow) != 0,
                    .oflags = oflags,
                    .fdflags = fdflags,
                    .base = base,
                    .inheriting = inheriting};
  Answer<Descriptor> opened = open_path(fd, how, path, length);
  if (!opened) return opened.error();
  opened->close_on_exec = (fdflagsext & kCloseOnExec) != 0;
  const Answer<u32> number = state_.fds.add(std::move(*opened));
  return number ? memory_.store(out, *number) : number.error();
}

Errno Call::path_open(u32 fd, u32 dirflags, u32 path, u32 length, u32 oflags, u64 base, u64 inheriting,
                      u32 fdflags, u32 out) {
  return path_open2(fd, dirflags, path, length, oflags, base, inheriting, fdflags, 0, out);
}

}  // namespace wasifs::wasi
