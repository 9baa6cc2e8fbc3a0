// SPDX-License-Identifier: Apache-2.0
// Requests about attributes: stat, chmod and the like, symlinks' text, extended
// attributes, statfs.
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/translate.h"

namespace wasifs::fuse {

namespace {

constexpr std::string_view kCapabilities = "security.capability";

void getattr(Context& context, Request& request, fuse_ino_t id, fuse_file_info*) {
  const VNode& vnode = context.inodes.at(id).vnode;
  const Result<Attr> attr = context.tree->attr(vnode);
  if (!attr) return request.fail(attr.error());
  request.answer_attr(vnode, *attr);
}

/// A size change through a descriptor needs the descriptor's right to write,
/// not the file's mode, so it goes to the File. It can fail for want of space;
/// what is left of the change then has not been made.
Status resize_open(SetAttr& change, const fuse_file_info* info) {
  if (!change.size || info == nullptr || info->fh == 0) return {};
  const Status resized = HandleTable<FileHandle>::at(info->fh).file().truncate(*change.size);
  change.size.reset();
  return resized;
}

/// Giving a file away, and cutting it without privilege, takes its set-id bits.
Status add_kill(Context& context, const Request& request, const VNode& vnode, SetAttr& change) {
  const bool given_away = context.agreement.kills_privileges && (change.uid || change.gid);
  const bool cut = change.size && request.kills_privileges();
  if (vnode.is_directory() || change.mode || (!given_away && !cut)) return {};
  const Result<Attr> attr = context.tree->attr(vnode);
  if (!attr) return fail(attr.error());
  if (const std::uint16_t kept = without_set_ids(attr->mode); kept != attr->mode) change.mode = kept;
  if (!given_away) return {};
  const Status dropped = context.tree->remove_xattr(vnode, kCapabilities);
  return dropped || dropped.error() == Errc::enodata || dropped.error() == Errc::enotsup ? Status{} : dropped;
}

bool is_empty(const SetAttr& change) {
  return !change.mode && !change.uid && !change.gid && !change.size && !change.atime && !change.mtime;
}

void setattr(Context& context, Request& request, fuse_ino_t id, struct stat* wanted, int to_set,
             fuse_file_info* info) {
  const VNode& vnode = context.inodes.at(id).vnode;
  if ((to_set & FUSE_SET_ATTR_SIZE) != 0 && wanted->st_size < 0) return request.fail(Errc::efbig);
  SetAttr change = to_set_attr(*wanted, to_set);
  if (const Status added = add_kill(context, request, vnode, change); !added)
    return request.fail(added.error());
  const Status resized = resize_open(change, info);
  if (!resized) return request.fail(resized.error());
  if (!is_empty(change)) {
    const Status changed = context.tree->set_attr(vnode, change);
    if (!changed) return request.fail(changed.error());
  }
  const Result<Attr> attr = context.tree->attr(vnode);
  if (!attr) return request.fail(attr.error());
  request.answer_attr(vnode, *attr);
}

void readlink(Context& context, Request& request, fuse_ino_t id) {
  const Result<Link> link = context.tree->read_link(context.inodes.at(id).vnode);
  if (!link) return request.fail(link.error());
  fuse_reply_readlink(request.take(), link->text.c_str());
}

void statfs(Context& context, Request& request, fuse_ino_t id) {
  const Result<StatFs> info = context.tree->statfs(context.inodes.at(id).vnode);
  if (!info) return request.fail(info.error());
  const struct statvfs result = to_statvfs(*info);
  fuse_reply_statfs(request.take(), &result);
}

/// Access control lists and their like: what nobody enforces must not be taken.
bool is_refused_xattr(const Context& context, std::string_view name) {
  if (context.agreement.acls && name.starts_with("system.posix_acl_")) return false;
  return name.starts_with("system.");
}

/// getxattr(2) and listxattr(2): a size of 0 asks for the length.
void answer_sized(Request& request, std::string_view value, std::size_t size) {
  if (size == 0) {
    fuse_reply_xattr(request.take(), value.size());
  } else if (value.size() > size) {
    request.fail(Errc::erange);
  } else {
    fuse_reply_buf(request.take(), value.data(), value.size());
  }
}

void getxattr(Context& context, Request& request, fuse_ino_t id, const char* name, std::size_t size) {
  if (is_refused_xattr(context, name)) return request.fail(Errc::enotsup);
  const Result<std::string> value = context.tree->get_xattr(context.inodes.at(id).vnode, name);
  if (!value) return request.fail(value.error());
  answer_sized(request, *value, size);
}

void listxattr(Context& context, Request& request, fuse_ino_t id, std::size_t size) {
  const Result<std::vector<std::string>> names = context.tree->list_xattrs(context.inodes.at(id).vnode);
  if (!names) return request.fail(names.error());
  std::string list;
  for (const std::string& name : *names) {
    list += name;
    list += '\0';
  }
  answer_sized(request, list, size);
}

void setxattr(Context& context, Request& request, fuse_ino_t id, const char* name, const char* value,
              std::size_t size, int flags) {
  if (is_refused_xattr(context, name)) return request.fail(Errc::enotsup);
  const Result<XattrMode> mode = to_xattr_mode(flags);
  if (!mode) return request.fail(mode.error());
  request.answer(context.tree->set_xattr(context.inodes.at(id).vnode, name, {value, size}, *mode));
}

void removexattr(Context& context, Request& request, fuse_ino_t id, const char* name) {
  if (is_refused_xattr(context, name)) return request.fail(Errc::enotsup);
  request.answer(context.tree->remove_xattr(context.inodes.at(id).vnode, name));
}

}  // namespace

void add_attribute_operations(fuse_lowlevel_ops& operations) noexcept {
  operations.getattr = Callback<getattr>::call;
  operations.setattr = Callback<setattr>::call;
  operations.readlink = Callback<readlink>::call;
  operations.statfs = Callback<statfs>::call;
  operations.getxattr = Callback<getxattr>::call;
  operations.listxattr = Callback<listxattr>::call;
  operations.setxattr = Callback<setxattr>::call;
  operations.removexattr = Callback<removexattr>::call;
}

}  // namespace wasifs::fuse
