// SPDX-License-Identifier: Apache-2.0
#include "fs/host/xattrs.h"

#include <linux/limits.h>
#include <sys/xattr.h>

#include "fs/host/syscalls.h"

namespace wasifs::host {

namespace {

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

}  // namespace

Status check_xattr_name(std::string_view name) {
  if (name.empty() || name.size() > XATTR_NAME_MAX) return fail(Errc::erange);
  if (name.find('\0') != std::string_view::npos) return fail(Errc::einval);
  return {};
}

Result<std::string> read_xattr(int fd, std::string_view name) {
  if (const Status valid = check_xattr_name(name); !valid) return fail(valid.error());
  const std::string key(name);
  const ProcPath path(fd);
  return fetch(XATTR_SIZE_MAX, [&](char* buffer, std::size_t size) {
    return ::getxattr(path.c_str(), key.c_str(), buffer, size);
  });
}

Result<std::vector<std::string>> read_xattr_names(int fd) {
  const ProcPath path(fd);
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

}  // namespace wasifs::host
