// SPDX-License-Identifier: Apache-2.0
#include "fuse/ask.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "fuse/unique_fd.h"

namespace wasifs::fuse {

namespace {

using Clock = std::chrono::steady_clock;

/// The longest value that the kernel gives out (XATTR_SIZE_MAX).
constexpr std::size_t kMaxValue = std::size_t{64} << 10;

/// What the asking process sends first: 0 and the value follows, or an errno.
using Verdict = std::int32_t;

/// All that the asking process does. In a copy of a process with threads only
/// async-signal-safe functions may be called, and no memory allocated.
[[noreturn]] void ask(const MountEntry& mount, const std::string& name, int out, std::vector<char>& buffer) {
  // What it holds open would stay open with it if it hung.
  if (::dup2(out, 0) < 0 || ::close_range(1, ~0U, 0) != 0 || ::chdir("/") != 0) ::_exit(1);
  struct statx status{};
  constexpr int kFlags = AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
  Verdict verdict = 0;
  ssize_t length = 0;
  if (::statx(AT_FDCWD, mount.point.c_str(), kFlags, STATX_MNT_ID, &status) != 0) {
    verdict = errno;
  } else if ((status.stx_mask & STATX_MNT_ID) != 0 && status.stx_mnt_id != mount.id) {
    verdict = ESTALE;
  } else if (length =
                 ::getxattr(mount.point.c_str(), name.c_str(), buffer.data() + sizeof verdict, kMaxValue);
             length < 0) {
    verdict = errno;
    length = 0;
  }
  std::memcpy(buffer.data(), &verdict, sizeof verdict);
  const char* next = buffer.data();
  for (std::size_t left = sizeof verdict + static_cast<std::size_t>(length); left != 0;) {
    const ssize_t written = ::write(0, next, left);
    if (written <= 0) ::_exit(1);
    next += written;
    left -= static_cast<std::size_t>(written);
  }
  ::_exit(0);
}

/// All that comes until the other end is closed; nullopt: it was not in time.
std::optional<std::string> read_all(int fd, Clock::time_point deadline) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return std::nullopt;
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return text;
    if (ready <= 0) continue;
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

/// Waits a moment for the end of a process that was told to end.
void reap(pid_t child) {
  for (int tries = 0; tries < 50; ++tries) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

Answer ask_mount(const MountEntry& mount, const std::string& name, std::chrono::milliseconds patience) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {.error = static_cast<Errc>(errno)};
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  std::vector<char> buffer(sizeof(Verdict) + kMaxValue);  // in the copy it is too late for this
  const pid_t child = ::fork();
  if (child < 0) return {.error = static_cast<Errc>(errno)};
  if (child == 0) ask(mount, name, theirs.get(), buffer);
  theirs.reset();
  const std::optional<std::string> told = read_all(ours.get(), Clock::now() + patience);
  ::kill(child, SIGKILL);
  reap(child);
  if (!told) return {.kind = Answer::Kind::silent};
  Verdict verdict = 0;
  if (told->size() < sizeof verdict) return {.error = Errc::eio};
  std::memcpy(&verdict, told->data(), sizeof verdict);
  if (verdict == 0) return {.kind = Answer::Kind::value, .value = told->substr(sizeof verdict)};
  if (verdict == ENOTCONN || verdict == ECONNABORTED) return {.kind = Answer::Kind::dead};
  if (verdict == ESTALE || verdict == ENOENT) return {.kind = Answer::Kind::hidden};
  return {.error = static_cast<Errc>(verdict)};
}

}  // namespace wasifs::fuse
