// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "wasifs/error.h"
#include "wasifs/types.h"

/// The few system calls that everything in this layer is made of, with the
/// flags that keep it inside the mapped directory in one place.
namespace wasifs::host {

/// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Calls until the answer is something else than "interrupted by a signal".
template <class Call>
auto retry(Call&& call) {
  for (;;) {
    const auto answer = call();
    if (answer != -1 || errno != EINTR) return answer;
  }
}

/// What a call that answers 0 or -1 means.
[[nodiscard]] inline Status to_status(int answer) {
  if (answer == 0) return {};
  return fail_errno();
}

/// One path component as a C string. The check is what containment rests on, so
/// it is made here again although Node's names are valid by contract.
class Component {
 public:
  /// einval, enametoolong: see check_name().
  [[nodiscard]] static Result<Component> from(std::string_view name);
  [[nodiscard]] const char* c_str() const { return text_.data(); }

 private:
  std::array<char, 256> text_;
};

/// The path of a descriptor of ours in /proc: how an object that is held by an
/// O_PATH descriptor is reached by calls that take paths only. The kernel jumps
/// straight to the object, so nothing can be put in between, and where the
/// object is a symlink it is the link itself that is reached.
///
/// The path is spelled out for each call instead of keeping /proc/self/fd open:
/// a kept one would go on meaning the process that opened it after a fork.
class ProcPath {
 public:
  explicit ProcPath(int fd);
  [[nodiscard]] const char* c_str() const { return text_.data(); }

 private:
  std::array<char, 32> text_;
};

/// A device and inode number: what identifies an object of the host.
struct ObjectId {
  dev_t dev = 0;
  std::uint64_t ino = 0;

  bool operator==(const ObjectId&) const = default;
};

struct ObjectIdHash {
  [[nodiscard]] std::size_t operator()(const ObjectId& id) const noexcept;
};

[[nodiscard]] ObjectId id_of(const struct statx& stat);
[[nodiscard]] FileType type_of(const struct statx& stat);
[[nodiscard]] std::uint16_t mode_of(const struct statx& stat);
[[nodiscard]] std::uint64_t rdev_of(const struct statx& stat);

[[nodiscard]] inline Time time_of(const struct statx_timestamp& stamp) {
  return {.sec = stamp.tv_sec, .nsec = static_cast<std::int32_t>(stamp.tv_nsec)};
}

/// Of the file system that the object of `fd` lies in.
[[nodiscard]] Result<StatFs> statfs_fd(int fd);

/// What the descriptor stands for; any descriptor, O_PATH included.
[[nodiscard]] Result<struct statx> stat_fd(int fd, unsigned mask);

/// What `name` in `dir` is, without following it, its type and number only.
[[nodiscard]] Result<struct statx> stat_child(int dir, const char* name);

/// Opens what `path` leads to from `dir`, which it cannot leave, and on which no
/// symlink is followed: openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
/// RESOLVE_NO_MAGICLINKS), O_NOFOLLOW, O_CLOEXEC.
[[nodiscard]] Result<UniqueFd> open_below(int dir, const char* path, int flags);

/// An O_PATH descriptor for the child `name` of `dir`, which may be a symlink
/// itself. See open_below().
[[nodiscard]] inline Result<UniqueFd> open_child(int dir, const char* name) {
  return open_below(dir, name, O_PATH);
}

/// Opens what `fd` stands for anew, with exactly these flags (and O_CLOEXEC). To
/// be used where opening has no side effect: regular files, or with O_PATH.
[[nodiscard]] Result<UniqueFd> reopen(int fd, int flags);

/// What the kernel calls the object of a descriptor; "" where it is longer than a page.
[[nodiscard]] std::string path_of_fd(int fd);

}  // namespace wasifs::host
