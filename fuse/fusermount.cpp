// SPDX-License-Identifier: Apache-2.0
#include "fuse/fusermount.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

extern char** environ;

namespace wasifs::fuse {

namespace {

constexpr const char* kProgram = "fusermount3";
constexpr std::string_view kSocketVariable = "_FUSE_COMMFD=";

struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
};

Pair make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  return {.ours = UniqueFd(ends[0]), .theirs = UniqueFd(ends[1])};
}

Pair make_socket() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
  return {.ours = UniqueFd(ends[0]), .theirs = UniqueFd(ends[1])};
}

/// This process's environment with the number of the helper's socket.
std::vector<char*> environment_with(std::string& socket) {
  std::vector<char*> variables;
  for (char** each = environ; *each != nullptr; ++each) {
    if (!std::string_view(*each).starts_with(kSocketVariable)) variables.push_back(*each);
  }
  if (!socket.empty()) variables.push_back(socket.data());
  variables.push_back(nullptr);
  return variables;
}

/// Starts the helper with `error` as its standard error and `socket` (or -1)
/// left open. 0: it did not start.
pid_t start(std::vector<std::string> arguments, int error, int socket) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string variable;
  if (socket >= 0) variable = std::string(kSocketVariable) + std::to_string(socket);
  std::vector<char*> environment = environment_with(variable);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // With auto_unmount it lives as long as we do, and must not hold our caller's
  // pipes open.
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
  // A descriptor duplicated onto itself loses its close-on-exec flag.
  if (socket >= 0) posix_spawn_file_actions_adddup2(&actions, socket, socket);
  pid_t pid = 0;
  if (::posix_spawnp(&pid, kProgram, &actions, nullptr, argv.data(), environment.data()) != 0) pid = 0;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

/// What comes through the pipe until its other end closes, as one line.
std::string read_complaint(int fd) {
  constexpr std::size_t kEnough = 4096;
  std::string text;
  std::array<char, 512> buffer{};
  while (text.size() < kEnough) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  while (text.ends_with('\n')) text.pop_back();
  for (char& c : text) {
    if (c == '\n') c = ';';
  }
  const std::string prefix = std::string(kProgram) + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The descriptor that the helper sends with one byte; none if it just closes.
UniqueFd receive_descriptor(int socket) {
  char byte = 0;
  iovec piece{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  const cmsghdr* header = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

FusermountResult not_started(std::string why) {
  FusermountResult result;
  result.complaint = std::move(why);
  return result;
}

}  // namespace

FusermountResult fusermount_mount(const std::string& point, const std::string& options, bool auto_unmount) {
  Pair error = make_pipe();
  Pair socket = make_socket();
  if (!error.ours || !socket.ours) return not_started("out of file descriptors");
  const pid_t pid = start({kProgram, "-o", options, "--", point}, error.theirs.get(), socket.theirs.get());
  if (pid == 0) return not_started("fusermount3 was not found");
  error.theirs.reset();
  socket.theirs.reset();

  FusermountResult result;
  result.device = receive_descriptor(socket.ours.get());
  if (result.device && auto_unmount) {
    // It stays until the socket closes, so there is no end to wait for.
    result.status = 0;
    result.socket = std::move(socket.ours);
    return result;
  }
  result.complaint = read_complaint(error.ours.get());
  result.status = wait_for(pid);
  return result;
}

FusermountResult fusermount_unmount(const std::string& point, bool lazy) {
  Pair error = make_pipe();
  if (!error.ours) return not_started("out of file descriptors");
  std::vector<std::string> arguments{kProgram, "-u"};
  if (lazy) arguments.emplace_back("-z");
  arguments.emplace_back("--");
  arguments.push_back(point);
  const pid_t pid = start(std::move(arguments), error.theirs.get(), -1);
  if (pid == 0) return not_started("fusermount3 was not found");
  error.theirs.reset();
  FusermountResult result;
  result.complaint = read_complaint(error.ours.get());
  result.status = wait_for(pid);
  return result;
}

}  // namespace wasifs::fuse
