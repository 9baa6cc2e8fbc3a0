// SPDX-License-Identifier: Apache-2.0
#include <sys/xattr.h>

#include "fs/host/host_node.h"
#include "fs/host/xattrs.h"

namespace wasifs::host {

namespace {

int set_flags(XattrMode mode) {
  switch (mode) {
    case XattrMode::any:
      return 0;
    case XattrMode::create:
      return XATTR_CREATE;
    case XattrMode::replace:
      return XATTR_REPLACE;
  }
  std::unreachable();
}

}  // namespace

Result<std::string> HostNode::get_xattr(std::string_view name) { return read_xattr(fd_.get(), name); }

Result<std::vector<std::string>> HostNode::list_xattrs() { return read_xattr_names(fd_.get()); }

Status HostNode::set_xattr(std::string_view name, std::string_view value, XattrMode mode) {
  if (read_only()) return fail(Errc::erofs);
  if (const Status valid = check_xattr_name(name); !valid) return valid;
  const std::string key(name);
  const ProcPath path(fd_.get());
  return to_status(::setxattr(path.c_str(), key.c_str(), value.data(), value.size(), set_flags(mode)));
}

Status HostNode::remove_xattr(std::string_view name) {
  if (read_only()) return fail(Errc::erofs);
  if (const Status valid = check_xattr_name(name); !valid) return valid;
  const std::string key(name);
  const ProcPath path(fd_.get());
  return to_status(::removexattr(path.c_str(), key.c_str()));
}

}  // namespace wasifs::host
