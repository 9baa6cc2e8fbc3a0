// SPDX-License-Identifier: Apache-2.0
#include <linux/limits.h>
#include <sys/xattr.h>

#include "fs/host/host_node.h"

// Extended attributes (xattr(7)). O_PATH descriptors are refused by fgetxattr and
// its kin, so the object is reached by the descriptor's path in /proc.
namespace wasifs::host {

namespace {

/// As a C string. erange: as Linux says for a name of no or too many bytes.
Result<std::string> checked(std::string_view name) {
  if (name.empty() || name.size() > XATTR_NAME_MAX) return fail(Errc::erange);
  if (name.find('\0') != std::string_view::npos) return fail(Errc::einval);
  return std::string(name);
}

/// What `call(buffer, size)` fills in: most answers are short; the others are
/// fetched with the largest buffer that Linux ever fills, so two calls do, even
/// while the answer grows.
template <class Call>
Result<std::string> fetch(std::size_t largest, Call&& call) {
  constexpr std::size_t kUsual = 512;
  std::string value(kUsual, '\0');
  ssize_t length = call(value.data(), value.size());
  if (length < 0 && errno == ERANGE) {
    value.resize(largest);
    length = call(value.data(), value.size());
  }
  if (length < 0) return fail_errno();
  value.resize(static_cast<std::size_t>(length));
  return value;
}

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

Result<std::string> HostNode::get_xattr(std::string_view name) {
  const auto key = checked(name);
  if (!key) return fail(key.error());
  const ProcPath path(fd_.get());
  return fetch(XATTR_SIZE_MAX, [&](char* buffer, std::size_t size) {
    return ::getxattr(path.c_str(), key->c_str(), buffer, size);
  });
}

Result<std::vector<std::string>> HostNode::list_xattrs() {
  const ProcPath path(fd_.get());
  const auto list = fetch(XATTR_LIST_MAX, [&](char* buffer, std::size_t size) {
    return ::listxattr(path.c_str(), buffer, size);
  });
  if (!list) return fail(list.error());
  std::vector<std::string> names;
  for (std::size_t at = 0; at < list->size();) {
    names.emplace_back(list->c_str() + at);
    at += names.back().size() + 1;
  }
  return names;
}

Status HostNode::set_xattr(std::string_view name, std::string_view value, XattrMode mode) {
  if (read_only()) return fail(Errc::erofs);
  const auto key = checked(name);
  if (!key) return fail(key.error());
  const ProcPath path(fd_.get());
  return to_status(::setxattr(path.c_str(), key->c_str(), value.data(), value.size(), set_flags(mode)));
}

Status HostNode::remove_xattr(std::string_view name) {
  if (read_only()) return fail(Errc::erofs);
  const auto key = checked(name);
  if (!key) return fail(key.error());
  const ProcPath path(fd_.get());
  return to_status(::removexattr(path.c_str(), key->c_str()));
}

}  // namespace wasifs::host
