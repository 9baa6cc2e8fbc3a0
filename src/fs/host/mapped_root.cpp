// SPDX-License-Identifier: Apache-2.0
#include "fs/host/mapped_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/path.h"

namespace wasifs::host {

namespace {

Diagnostic trouble(const std::string& path, const std::string& what, std::string hint = {}) {
  return trouble_with(host_directory(path), what, std::move(hint));
}

/// The next step for a path that leads nowhere: a symlink to nothing is the
/// case that people do not see.
std::string hint_for_missing(const std::string& path) {
  std::array<char, 4096> text;
  const ssize_t length = ::readlink(path.c_str(), text.data(), text.size());
  if (length < 0) return "create it, or correct the path";
  return "it is a symlink to " + quoted({text.data(), static_cast<std::size_t>(length)}) +
         ", which does not exist";
}

Outcome<UniqueFd> open_root(const std::string& path) {
  if (path.find('\0') != std::string::npos)
    return fail(trouble(path, "cannot exist: the path has a NUL byte"));
  UniqueFd fd(retry([&] { return ::open(path.c_str(), O_PATH | O_CLOEXEC); }));
  if (fd) return fd;
  const int error = errno;
  if (error == ENOENT || error == ENOTDIR)
    return fail(trouble(path, "does not exist", hint_for_missing(path)));
  return fail(trouble(path, "cannot be opened: " + message(static_cast<Errc>(error))));
}

std::string_view name_of(FileType type) {
  switch (type) {
    case FileType::char_device:
      return "a character device";
    case FileType::block_device:
      return "a block device";
    case FileType::fifo:
      return "a fifo";
    case FileType::socket:
      return "a socket";
    case FileType::symlink:
      return "a symlink";
    case FileType::directory:
      return "a directory";
    case FileType::regular:
      return "a regular file";
  }
  std::unreachable();
}

/// What the layer cannot do without, asked for here so that it is missed with a
/// message and not by every operation.
Outcome<void> check_host(const std::string& path, const UniqueFd& root) {
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const UniqueFd probe(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how)));
  if (!probe) {
    return fail(
        trouble(path, "cannot be contained: openat2: " + message(static_cast<Errc>(errno)),
                "mapping host directories needs Linux 5.6 or later, and a sandbox that allows openat2(2)"));
  }
  if (::access(ProcPath(root.get()).c_str(), F_OK) != 0) {
    return fail(trouble(path, "cannot be served: /proc/self/fd: " + message(static_cast<Errc>(errno)),
                        "mount a proc file system at /proc"));
  }
  return {};
}

Outcome<void> check_readable(const std::string& path, const UniqueFd& root) {
  const auto opened = reopen(root.get(), O_RDONLY);
  if (opened) return {};
  return fail(trouble(path, "is not readable: " + message(opened.error()),
                      opened.error() == Errc::eacces ? "check the permissions of it" : ""));
}

}  // namespace

std::string host_directory(const std::string& path) { return "host directory " + quoted(path); }

Diagnostic trouble_with(const std::string& subject, const std::string& what, std::string hint) {
  return {.trouble = Trouble::source, .message = subject + " " + what, .hint = std::move(hint)};
}

Outcome<MappedRoot> open_mapped(const std::string& path) {
  auto root = open_root(path);
  if (!root) return fail(std::move(root.error()));
  const auto stat = stat_fd(root->get(), STATX_TYPE | STATX_INO);
  if (!stat) return fail(trouble(path, "cannot be examined: " + message(stat.error())));
  const FileType type = type_of(*stat);
  if (type != FileType::directory && type != FileType::regular) {
    return fail(trouble(path, "is " + std::string(name_of(type)), "map a directory or a regular file"));
  }
  if (auto able = check_host(path, *root); !able) return fail(std::move(able.error()));
  if (auto readable = check_readable(path, *root); !readable) return fail(std::move(readable.error()));
  return MappedRoot{.fd = std::move(*root), .id = id_of(*stat), .type = type};
}

}  // namespace wasifs::host
