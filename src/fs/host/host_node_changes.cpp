// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "fs/host/attr_change.h"
#include "fs/host/host_node.h"

// What changes a directory's entries. Every call names its objects by a
// descriptor, or by the descriptor of a directory and one checked component.
namespace wasifs::host {

namespace {

/// The mode that a new object is made with: nobody but its maker may use it
/// until it has its owner. The process's umask can only narrow this further;
/// the mode that was asked for is set afterwards, so the umask does not matter.
mode_t first_mode(const NewNode& spec) { return spec.mode & 0700; }

mode_t type_bits(FileType type) {
  switch (type) {
    case FileType::char_device:
      return S_IFCHR;
    case FileType::block_device:
      return S_IFBLK;
    case FileType::fifo:
      return S_IFIFO;
    case FileType::socket:
      return S_IFSOCK;
    case FileType::directory:
      return S_IFDIR;
    case FileType::symlink:
      return S_IFLNK;
    case FileType::regular:
      return S_IFREG;
  }
  std::unreachable();
}

Status make_symlink(int dir, const char* name, std::string_view target) {
  if (target.find('\0') != std::string_view::npos) return fail(Errc::einval);
  return to_status(::symlinkat(std::string(target).c_str(), dir, name));
}

/// True if `found` can be what was just made, and not what somebody put in its
/// place before it was opened. A file with a second name would be the dangerous
/// one: owner and mode are about to be set.
bool as_made(const struct statx& found, const NewNode& spec) {
  if (type_of(found) != spec.type) return false;
  if (spec.type != FileType::directory && found.stx_nlink != 1) return false;
  const bool device = spec.type == FileType::char_device || spec.type == FileType::block_device;
  return !device || rdev_of(found) == spec.rdev;
}

/// Removes what was just made, `made` as stat tells, unless the name means
/// something else by now.
void take_back(int dir, const char* name, const struct statx& made) {
  const auto there = stat_child(dir, name);
  if (!there || id_of(*there) != id_of(made)) return;
  (void)::unlinkat(dir, name, type_of(made) == FileType::directory ? AT_REMOVEDIR : 0);
}

/// A regular file is opened by the call that makes it.
Result<UniqueFd> make_file(int dir, const char* name, const NewNode& spec) {
  constexpr int kFlags = O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd file(retry([&] { return ::openat(dir, name, kFlags, first_mode(spec)); }));
  if (!file) return fail_errno();
  auto held = reopen(file.get(), O_PATH);
  if (held) return held;
  if (const auto made = stat_fd(file.get(), STATX_TYPE | STATX_INO)) take_back(dir, name, *made);
  return held;
}

/// Anything else is made first and opened then.
Result<UniqueFd> make_other(int dir, const char* name, const NewNode& spec) {
  Status made;
  if (spec.type == FileType::directory) {
    made = to_status(::mkdirat(dir, name, first_mode(spec)));
  } else if (spec.type == FileType::symlink) {
    made = make_symlink(dir, name, spec.target);
  } else {
    made = to_status(::mknodat(dir, name, type_bits(spec.type) | first_mode(spec), spec.rdev));
  }
  if (!made) return fail(made.error());
  // Looked at before it is opened, so that it can be taken back if there is no
  // descriptor left to open it with.
  const auto seen = stat_child(dir, name);
  if (!seen) return fail(seen.error());
  auto fd = open_child(dir, name);
  if (!fd) {
    if (type_of(*seen) == spec.type) take_back(dir, name, *seen);
    return fd;
  }
  const auto found = stat_fd(fd->get(), STATX_BASIC_STATS);
  if (!found) return fail(found.error());
  if (!as_made(*found, spec)) return fail(Errc::enoent);
  return fd;
}

/// Gives a new object its owner and then, since chown(2) drops set-id bits, its
/// mode. Nothing is set that is right already: an ordinary user may make files
/// of his own only, but those he may.
Status settle(int fd, const NewNode& spec, const struct statx& made) {
  if (made.stx_uid != spec.uid || made.stx_gid != spec.gid) {
    if (const Status owned = change_owner(fd, spec.uid, spec.gid); !owned) return owned;
  }
  const std::uint16_t mode = spec.mode & 07777;
  if (spec.type == FileType::symlink || mode_of(made) == mode) return {};
  return change_mode(fd, spec.type, mode);
}

unsigned rename_flags(RenameMode mode) {
  switch (mode) {
    case RenameMode::replace:
      return 0;
    case RenameMode::no_replace:
      return RENAME_NOREPLACE;
    case RenameMode::exchange:
      return RENAME_EXCHANGE;
    case RenameMode::whiteout:
      return RENAME_WHITEOUT;
  }
  std::unreachable();
}

}  // namespace

Status HostNode::check_writable_directory() const {
  if (!is_directory()) return fail(Errc::enotdir);
  if (read_only()) return fail(Errc::erofs);
  return {};
}

HostNode* HostNode::same_layer(Node& other) const {
  auto* const node = dynamic_cast<HostNode*>(&other);
  return node != nullptr && &node->layer_ == &layer_ ? node : nullptr;
}

Result<NodeRef> HostNode::create(std::string_view name, const NewNode& spec) {
  if (const Status ready = check_writable_directory(); !ready) return fail(ready.error());
  const auto component = Component::from(name);
  if (!component) return fail(component.error());
  const bool regular = spec.type == FileType::regular;
  auto made = regular ? make_file(fd_.get(), component->c_str(), spec)
                      : make_other(fd_.get(), component->c_str(), spec);
  if (!made) return fail(made.error());
  const auto stat = stat_fd(made->get(), STATX_BASIC_STATS);
  if (!stat) return fail(stat.error());
  if (const Status settled = settle(made->get(), spec, *stat); !settled) {
    take_back(fd_.get(), component->c_str(), *stat);
    return fail(settled.error());
  }
  return from_fd(layer_, std::move(*made));
}

Result<NodeRef> HostNode::create_anonymous(const NewNode& spec) {
  if (const Status ready = check_writable_directory(); !ready) return fail(ready.error());
  if (spec.type != FileType::regular) return fail(Errc::enotsup);
  const UniqueFd file(
      retry([&] { return ::openat(fd_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, first_mode(spec)); }));
  // eisdir is how a file system that has never heard of O_TMPFILE puts it.
  if (!file) return errno == EISDIR ? fail(Errc::enotsup) : fail_errno();
  const auto stat = stat_fd(file.get(), STATX_BASIC_STATS);
  if (!stat) return fail(stat.error());
  if (const Status settled = settle(file.get(), spec, *stat); !settled) return fail(settled.error());
  auto held = reopen(file.get(), O_PATH);
  if (!held) return fail(held.error());
  return from_fd(layer_, std::move(*held));
}

Status HostNode::link(std::string_view name, Node& target) {
  if (const Status ready = check_writable_directory(); !ready) return ready;
  HostNode* const node = same_layer(target);
  if (node == nullptr) return fail(Errc::exdev);
  if (node->is_directory()) return fail(Errc::eperm);
  const auto component = Component::from(name);
  if (!component) return fail(component.error());
  const char* const new_name = component->c_str();
  if (::linkat(node->fd_.get(), "", fd_.get(), new_name, AT_EMPTY_PATH) == 0) return {};
  if (errno != ENOENT) return fail_errno();
  // Either the target has no name left, or this needs a privilege that we lack
  // (before Linux 6.10); through /proc it needs none.
  const ProcPath path(node->fd_.get());
  return to_status(::linkat(AT_FDCWD, path.c_str(), fd_.get(), new_name, AT_SYMLINK_FOLLOW));
}

Status HostNode::unlink(std::string_view name) { return remove(name, 0); }
Status HostNode::rmdir(std::string_view name) { return remove(name, AT_REMOVEDIR); }

Status HostNode::remove(std::string_view name, int flags) {
  if (const Status ready = check_writable_directory(); !ready) return ready;
  const auto component = Component::from(name);
  if (!component) return fail(component.error());
  return to_status(::unlinkat(fd_.get(), component->c_str(), flags));
}

Status HostNode::rename(std::string_view name, Node& new_parent, std::string_view new_name, RenameMode mode) {
  if (const Status ready = check_writable_directory(); !ready) return ready;
  HostNode* const target = same_layer(new_parent);
  if (target == nullptr) return fail(Errc::exdev);
  if (!target->is_directory()) return fail(Errc::enotdir);
  const auto from = Component::from(name);
  if (!from) return fail(from.error());
  const auto to = Component::from(new_name);
  if (!to) return fail(to.error());
  return to_status(::renameat2(fd_.get(), from->c_str(), target->fd_.get(), to->c_str(), rename_flags(mode)));
}

}  // namespace wasifs::host
