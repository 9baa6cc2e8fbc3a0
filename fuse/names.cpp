// SPDX-License-Identifier: Apache-2.0
// Requests that look up, make, move and remove names.
#include <fcntl.h>

#include <memory>
#include <utility>

#include "fuse/entry.h"
#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/opened.h"
#include "fuse/protocol.h"
#include "fuse/request_io.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

namespace {

constexpr mode_t kPermissions = 07777;

void answer_entry(Context& context, Request& request, const Inode& parent, const VNode& child) {
  Result<Entry> entry = Entry::make(context, parent, child);
  if (!entry) return request.fail(entry.error());
  const fuse_entry_param param = entry->param(parent);
  // A failed reply means that nobody waits for it any more: the count goes back.
  if (fuse_reply_entry(request.take(), &param) == 0) entry->told();
}

/// "No such name", and for how long that holds.
void answer_absent(Context& context, Request& request, const Inode& parent) {
  const double timeout = context.policy(parent.vnode).absences;
  if (timeout <= 0) return request.fail(Errc::enoent);
  fuse_entry_param param{};
  param.entry_timeout = timeout;
  fuse_reply_entry(request.take(), &param);
}

void lookup(Context& context, Request& request, fuse_ino_t parent, const char* name) {
  const Inode& dir = context.inodes.at(parent);
  const Result<VNode> child = context.tree->lookup(dir.vnode, name);
  if (child) return answer_entry(context, request, dir, *child);
  if (child.error() == Errc::enoent) return answer_absent(context, request, dir);
  request.fail(child.error());
}

void forget(Context& context, Request& request, fuse_ino_t id, std::uint64_t count) {
  fuse_reply_none(request.take());
  context.inodes.forget(id, count);
}

void forget_multi(Context& context, Request& request, std::size_t count, fuse_forget_data* forgets) {
  // The list lies in the request's buffer, which is this thread's until return.
  fuse_reply_none(request.take());
  for (const fuse_forget_data& each : std::span(forgets, count)) {
    context.inodes.forget(each.ino, each.nlookup);
  }
}

/// A new node of the caller's.
NewNode new_node(const Request& request, FileType type, mode_t mode) {
  return {.type = type,
          .mode = static_cast<std::uint16_t>(mode & kPermissions),
          .uid = request.uid(),
          .gid = request.gid(),
          .umask = request.umask()};
}

void make(Context& context, Request& request, fuse_ino_t parent, const char* name, const NewNode& spec) {
  const Inode& dir = context.inodes.at(parent);
  const Result<VNode> made = context.tree->create(dir.vnode, name, spec);
  if (!made) return request.fail(made.error());
  answer_entry(context, request, dir, *made);
}

void mknod(Context& context, Request& request, fuse_ino_t parent, const char* name, mode_t mode, dev_t rdev) {
  const Result<FileType> type = type_from_mode(mode);
  if (!type) return request.fail(type.error());
  NewNode spec = new_node(request, *type, mode);
  if (*type == FileType::char_device || *type == FileType::block_device) spec.rdev = rdev;
  make(context, request, parent, name, spec);
}

void mkdir(Context& context, Request& request, fuse_ino_t parent, const char* name, mode_t mode) {
  make(context, request, parent, name, new_node(request, FileType::directory, mode));
}

void symlink(Context& context, Request& request, const char* target, fuse_ino_t parent, const char* name) {
  NewNode spec = new_node(request, FileType::symlink, 0777);
  spec.umask = 0;
  spec.target = target;
  make(context, request, parent, name, spec);
}

void link(Context& context, Request& request, fuse_ino_t id, fuse_ino_t new_parent, const char* name) {
  const Inode& dir = context.inodes.at(new_parent);
  const VNode& target = context.inodes.at(id).vnode;
  const Status linked = context.tree->link(dir.vnode, name, target);
  if (!linked) return request.fail(linked.error());
  answer_entry(context, request, dir, target);
}

void unlink(Context& context, Request& request, fuse_ino_t parent, const char* name) {
  request.answer(context.tree->unlink(context.inodes.at(parent).vnode, name));
}

void rmdir(Context& context, Request& request, fuse_ino_t parent, const char* name) {
  request.answer(context.tree->rmdir(context.inodes.at(parent).vnode, name));
}

/// After a move to another directory, the ".." of what was moved has changed.
void note_moved(Context& context, const Inode& dir, const char* name) {
  const Result<VNode> moved = context.tree->lookup(dir.vnode, name);
  if (!moved || !moved->is_directory()) return;
  context.inodes.note_parent(*moved, dir);
  context.invalidator->moved(*moved);
}

void rename(Context& context, Request& request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
            const char* new_name, unsigned flags) {
  const Result<RenameMode> mode = to_rename_mode(flags);
  if (!mode) return request.fail(mode.error());
  const Inode& from = context.inodes.at(parent);
  const Inode& to = context.inodes.at(new_parent);
  const Status renamed = context.tree->rename(from.vnode, name, to.vnode, new_name, *mode,
                                              Maker{.uid = request.uid(), .gid = request.gid()});
  if (renamed && &from != &to) {
    note_moved(context, to, new_name);
    if (*mode == RenameMode::exchange) note_moved(context, from, name);
  }
  request.answer(renamed);
}

Result<Tree::Created> make_file(const Tree& tree, const VNode& dir, std::string_view name,
                                const NewNode& spec, OpenFlags flags) {
  if (name != kNoName) return tree.create_open(dir, name, spec, flags);
  Result<VNode> made = tree.create_anonymous(dir, spec);
  if (!made) return fail(made.error());
  Result<FilePtr> file = tree.open(*made, flags);
  if (!file) return fail(file.error());
  return Tree::Created{.node = *std::move(made), .file = *std::move(file)};
}

void create(Context& context, Request& request, fuse_ino_t parent, const char* name, mode_t mode,
            fuse_file_info* info) {
  const Inode& dir = context.inodes.at(parent);
  const Result<OpenFlags> asked = to_open_flags(info->flags);
  if (!asked) return request.fail(asked.error());
  OpenFlags flags = context.as_opened(*asked);
  flags.truncate = false;  // it is empty
  Result<Tree::Created> made =
      make_file(*context.tree, dir.vnode, name, new_node(request, FileType::regular, mode), flags);
  if (!made) {
    // Somebody else was quicker. Opening what is there now would skip the check
    // of its permissions, which the kernel has done for a new file only; ESTALE
    // makes it look the name up again and go the way of an existing file.
    const bool lost_race = made.error() == Errc::eexist && (info->flags & O_EXCL) == 0;
    return request.fail(lost_race ? Errc::estale : made.error());
  }
  Result<Entry> entry = Entry::make(context, dir, made->node);
  if (!entry) return request.fail(entry.error());

  const OpenAnswer opened = adopt_opened(context, entry->inode(), std::move(made->file));
  if (request.answer_create(entry->param(dir), opened)) {
    entry->told();
  } else {
    close_handle(context, opened.handle);
  }
}

}  // namespace

void add_name_operations(fuse_lowlevel_ops& operations) noexcept {
  operations.lookup = Callback<lookup>::call;
  operations.forget = Callback<forget>::call;
  operations.forget_multi = Callback<forget_multi>::call;
  operations.mknod = Callback<mknod>::call;
  operations.mkdir = Callback<mkdir>::call;
  operations.symlink = Callback<symlink>::call;
  operations.link = Callback<link>::call;
  operations.unlink = Callback<unlink>::call;
  operations.rmdir = Callback<rmdir>::call;
  operations.rename = Callback<rename>::call;
  operations.create = Callback<create>::call;
}

}  // namespace wasifs::fuse
