// SPDX-License-Identifier: Apache-2.0
#include "inspect/dresser.h"

#include <unistd.h>

#include <algorithm>

#include "base/acl.h"
#include "base/path.h"

namespace wasifs {

namespace {

constexpr unsigned kSetUid = 04000;
constexpr unsigned kSetGid = 02000;

constexpr std::string_view kOwner = "owner";
constexpr std::string_view kSetId = "set-id bit";

/// In a user namespace, einval is how chown(2) puts it that an id has no meaning there.
bool is_owner_refused(Errc error) { return is_refused(error) || error == Errc::einval; }

/// File systems have limits of their own for the size of attributes, and say so in several
/// ways; a value that the kernel knows to be malformed is einval.
bool is_xattr_refused(Errc error) {
  return is_refused(error) || error == Errc::einval || error == Errc::e2big || error == Errc::erange ||
         error == Errc::enospc;
}

bool is_acl(std::string_view name) { return name == kAccessAcl || name == kDefaultAcl; }

/// The mode that a file may have whose owner is that of `found`: nobody but the owner that
/// the entry has is to lend his rights to whoever runs it.
std::uint16_t safe_mode(const Attr& wanted, const Attr& found) {
  unsigned mode = wanted.mode;
  if (found.uid != wanted.uid) mode &= ~kSetUid;
  if (found.gid != wanted.gid) mode &= ~kSetGid;
  return static_cast<std::uint16_t>(mode);
}

}  // namespace

bool is_refused(Errc error) {
  return error == Errc::eperm || error == Errc::enotsup || error == Errc::eacces;
}

Status Dresser::dress(const CopiedEntry& entry, Node& node) {
  // Each of these may change those behind it.
  if (const Status owned = set_owner(entry, node); !owned) return owned;
  for (const auto& [name, value] : entry.xattrs) {
    if (const Status set = set_xattr(entry.path, node, name, value); !set) return set;
  }
  if (entry.attr.type != FileType::symlink) {
    if (const Status moded = set_mode(entry, node); !moded) return moded;
  }
  return set_times(entry.path, entry.attr, node);
}

Status Dresser::begin(const CopiedEntry& entry, Node& node, Last& last) {
  last.attr = entry.attr;
  if (const Status owned = set_owner(entry, node); !owned) return owned;
  for (const auto& [name, value] : entry.xattrs) {
    // A list could keep us out, or would be that of all that is made in there.
    if (is_acl(name)) {
      last.acls.emplace_back(name, value);
    } else if (const Status set = set_xattr(entry.path, node, name, value); !set) {
      return set;
    }
  }
  return {};
}

Status Dresser::finish(std::string_view path, const Last& last, Node& node) {
  for (const auto& [name, value] : last.acls) {
    if (const Status set = set_xattr(path, node, name, value); !set) return set;
  }
  if (const Status moded = node.set_attr({.mode = last.attr.mode}); !moded) {
    if (!is_refused(moded.error())) return moded;
    lose("mode", moded.error(), path);
  }
  return set_times(path, last.attr, node);
}

bool Dresser::is_dressed(const CopiedEntry& entry, const Attr& found) {
  const Owner wanted{.uid = entry.attr.uid, .gid = entry.attr.gid};
  const Owner has{.uid = found.uid, .gid = found.gid};
  if (found.mtime != entry.attr.mtime || found.mode != safe_mode(entry.attr, found)) return false;
  if (has == wanted) return true;
  // Whether it can have its owner this time is found out with the first such file.
  const auto got = refused_.find(wanted);
  if (got == refused_.end() || got->second != has) return false;
  lose(std::string(kOwner), Errc::eperm, entry.path);
  if (found.mode != entry.attr.mode) lose(std::string(kSetId), Errc::eperm, entry.path);
  return true;
}

Status Dresser::set_owner(const CopiedEntry& entry, Node& node) {
  const Result<Attr> found = node.attr();
  if (!found) return fail(found.error());
  const Attr& wanted = entry.attr;
  if (found->uid == wanted.uid && found->gid == wanted.gid) return {};
  const Status owned = node.set_attr({.uid = wanted.uid, .gid = wanted.gid});
  if (owned || !is_owner_refused(owned.error())) return owned;
  // A group that one is a member of can be given without being root.
  const bool grouped =
      found->uid != wanted.uid && found->gid != wanted.gid && node.set_attr({.gid = wanted.gid}).has_value();
  if (found->uid == ::geteuid()) {
    refused_[{.uid = wanted.uid, .gid = wanted.gid}] = {.uid = found->uid,
                                                        .gid = grouped ? wanted.gid : found->gid};
  }
  lose(std::string(kOwner), owned.error(), entry.path);
  return {};
}

Status Dresser::set_xattr(std::string_view path, Node& node, const std::string& name,
                          const std::string& value) {
  const Status set = node.set_xattr(name, value, XattrMode::any);
  if (set || !is_xattr_refused(set.error())) return set;
  lose("attribute " + quoted(name), set.error(), path);
  return {};
}

Status Dresser::set_mode(const CopiedEntry& entry, Node& node) {
  const Result<Attr> found = node.attr();
  if (!found) return fail(found.error());
  const std::uint16_t mode = safe_mode(entry.attr, *found);
  if (mode != entry.attr.mode) lose(std::string(kSetId), Errc::eperm, entry.path);
  const Status moded = node.set_attr({.mode = mode});
  if (moded || !is_refused(moded.error())) return moded;
  lose("mode", moded.error(), entry.path);
  return {};
}

Status Dresser::set_times(std::string_view path, const Attr& attr, Node& node) {
  const Status timed = node.set_attr({.atime = attr.atime, .mtime = attr.mtime});
  if (!timed && !is_refused(timed.error())) return timed;
  if (!timed) {
    lose("time", timed.error(), path);
    return {};
  }
  // A file system that cannot hold a time takes the nearest one, without a word.
  const Result<Attr> found = node.attr();
  if (!found) return fail(found.error());
  if (found->mtime != attr.mtime) lose("time", Errc::erange, path);
  return {};
}

}  // namespace wasifs
