// SPDX-License-Identifier: Apache-2.0
#include "cli/mount_request.h"

#include <fcntl.h>
#include <sched.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <ostream>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "cli/source.h"
#include "fuse/kernel_mount.h"
#include "fuse/options.h"
#include "fuse/session.h"
#include "fuse/signals.h"

namespace wasifs::cli {

namespace {

using fuse::Session;

std::unexpected<Diagnostic> trouble(Trouble kind, std::string text, std::string hint = {}) {
  return fail(Diagnostic{.trouble = kind, .message = std::move(text), .hint = std::move(hint)});
}

std::string errno_text() { return message(static_cast<Errc>(errno)); }

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Outcome<void> check_ready_fd(const std::optional<int>& fd) {
  if (fd && ::fcntl(*fd, F_GETFD) < 0) {
    return trouble(Trouble::usage, "--ready-fd: " + std::to_string(*fd) + " is no open file descriptor");
  }
  return {};
}

void tell_ready(const std::optional<int>& fd) {
  if (!fd) return;
  write_all(*fd, "READY\n");
  ::close(*fd);
}

/// Goes on in another mount namespace (mount -N).
Outcome<void> enter_namespace(const std::string& name) {
  const bool is_process = std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; });
  const std::string path = is_process ? "/proc/" + name + "/ns/mnt" : name;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool entered = fd >= 0 && ::setns(fd, CLONE_NEWNS) == 0;
  const std::string why = errno_text();
  if (fd >= 0) ::close(fd);
  if (!entered)
    return trouble(Trouble::mount, "cannot enter mount namespace " + wasifs::quoted(name) + ": " + why);
  return {};
}

/// From here on nobody reads what the daemon prints: the system log does.
void leave_terminal() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
  if (null > STDERR_FILENO) ::close(null);
}

[[noreturn]] void serve_as_daemon(Session& session, const std::optional<int>& ready_fd, int parent) {
  ::setsid();
  if (::chdir("/") != 0) ::_exit(static_cast<int>(Trouble::mount));
  spdlog::set_default_logger(spdlog::syslog_logger_mt("syslog", "wasifs", LOG_PID, LOG_DAEMON));
  const int status = session.serve(
      [&] {
        leave_terminal();
        tell_ready(ready_fd);
        write_all(parent, "R");
        ::close(parent);
      },
      Session::Signals::stop);
  // The parent's streams and objects are copies here; only their owner ends them.
  ::_exit(status == 0 ? 0 : static_cast<int>(Trouble::mount));
}

/// Waits for the child's word that the mount serves.
Outcome<int> await_daemon(pid_t child, int from_child) {
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(from_child, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1) return 0;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const std::string how = WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                                              : "ended with status " + std::to_string(WEXITSTATUS(status));
  return trouble(Trouble::mount, "the daemon " + how + " before the mount served",
                 "run it with -f to see why");
}

Outcome<int> serve_in_background(Session session, const MountRequest& request, Io& io) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return trouble(Trouble::mount, "pipe: " + errno_text());
  io.out.flush();
  io.err.flush();
  const pid_t child = ::fork();
  if (child < 0) return trouble(Trouble::mount, "cannot start the daemon: " + errno_text());
  if (child == 0) {
    ::close(ends[0]);
    serve_as_daemon(session, request.ready_fd, ends[1]);
  }
  ::close(ends[1]);
  session.abandon();
  Outcome<int> result = await_daemon(child, ends[0]);
  ::close(ends[0]);
  return result;
}

Outcome<int> serve_here(Session session, const MountRequest& request) {
  const int status = session.serve([&] { tell_ready(request.ready_fd); }, Session::Signals::stop);
  if (status == 0) return 0;
  return trouble(Trouble::mount, "serving " + wasifs::quoted(session.mount_point()) +
                                     " ended: " + message(static_cast<Errc>(status)));
}

}  // namespace

Outcome<int> run_mount(const MountRequest& request, Io& io) {
  Outcome<fuse::Options> options =
      fuse::parse_options(request.options, fuse::default_options(::geteuid() == 0), request.sloppy);
  if (!options) return fail(options.error());
  options->view.sole_writer = true;
  if (const Outcome<void> checked = check_ready_fd(request.ready_fd); !checked) return fail(checked.error());
  if (options->remount) {
    if (request.fake) return 0;
    const Outcome<void> changed = fuse::remount(request.mount_point, *options);
    return changed ? Outcome<int>(0) : fail(changed.error());
  }

  ComposeOptions compose = request.compose;
  compose.keep_changes = !request.fake;
  const Outcome<PreparedRoot> root = open_runnable(io, request.source, compose);
  if (!root) return fail(root.error());
  if (request.fake) return 0;
  if (request.mount_namespace) {
    if (const Outcome<void> entered = enter_namespace(*request.mount_namespace); !entered) {
      return fail(entered.error());
    }
  }
  // A stop signal between mounting and serving waits until it can be obeyed.
  const fuse::BlockedSignals blocked;
  Outcome<Session> session = Session::mount(
      root->tree, {.source = request.source, .mount_point = request.mount_point, .options = *options});
  if (!session) return fail(session.error());
  if (request.foreground) return serve_here(std::move(*session), request);
  return serve_in_background(std::move(*session), request, io);
}

}  // namespace wasifs::cli
