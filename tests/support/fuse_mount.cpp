// SPDX-License-Identifier: Apache-2.0
#include "support/fuse_mount.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "fuse/kernel_mount.h"
#include "fuse/mount_info.h"

extern char** environ;

namespace wasifs::test {

namespace {

constexpr std::chrono::seconds kPatience(10);

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    read = fuse::UniqueFd(ends[0]);
    write = fuse::UniqueFd(ends[1]);
  }
  fuse::UniqueFd read;
  fuse::UniqueFd write;
};

/// `out` and `err`: descriptors, or -1 to share this process's.
pid_t spawn(std::vector<std::string> argv, const std::string& executable, int out, int err) {
  std::vector<char*> words;
  for (std::string& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (out >= 0) ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  if (err >= 0) ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  pid_t pid = 0;
  const char* file = executable.empty() ? words[0] : executable.c_str();
  const int error = ::posix_spawnp(&pid, file, &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), "spawn " + argv[0]);
  return pid;
}

int exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

/// Reads both to their ends at once, so that neither can fill up and block.
void drain(int first, std::string& first_text, int second, std::string& second_text) {
  std::array<pollfd, 2> waits{{{first, POLLIN, 0}, {second, POLLIN, 0}}};
  const std::array<std::string*, 2> texts{&first_text, &second_text};
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < waits.size(); ++i) {
      if (waits[i].fd < 0 || waits[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      const ssize_t got = ::read(waits[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
      } else {
        waits[i].fd = -1;
      }
    }
  }
}

}  // namespace

std::optional<std::string> fuse_unavailable() {
  const fuse::UniqueFd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device) return std::string("/dev/fuse: ") + std::strerror(errno);
  return std::nullopt;
}

bool is_mounted(const std::string& path) { return fuse::find_mount(path).has_value(); }

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

MountPoint::MountPoint() {
  dir_.make_dirs("mnt");
  // Other users than the test's come through here.
  std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
}

MountPoint::~MountPoint() {
  while (is_mounted(path()) && fuse::unmount(path(), fuse::Detach::at_once)) {
  }
}

TreeMount::TreeMount(std::shared_ptr<const Tree> tree, const std::string& options, bool sole_writer) {
  const std::array lists{options};
  auto parsed = fuse::parse_options(lists, fuse::default_options(::geteuid() == 0), false);
  if (!parsed) throw std::runtime_error(parsed.error().text());
  parsed->view.sole_writer = sole_writer;
  auto session = fuse::Session::mount(
      std::move(tree), {.source = "wasifs-test", .mount_point = point_.path(), .options = *parsed});
  if (!session) throw std::runtime_error(session.error().text());
  session_ = std::move(*session);
  server_ = std::thread([this] { result_ = session_->serve({}, fuse::Session::Signals::left_alone); });
}

TreeMount::~TreeMount() {
  session_->stop();
  join();
}

int TreeMount::join() {
  if (server_.joinable()) server_.join();
  return result_;
}

std::string view_status(const std::string& path) {
  std::array<char, 8192> value{};
  const ssize_t length = ::getxattr(path.c_str(), "user.wasifs.status", value.data(), value.size());
  const auto status = nlohmann::json::parse(value.data(), value.data() + std::max<ssize_t>(length, 0));
  return status.at("views").at(0).dump();
}

int as_nobody(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(100);
    ::_exit(body());
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

Finished run_program(const std::vector<std::string>& argv, const std::string& executable) {
  Pipe out;
  Pipe err;
  const pid_t pid = spawn(argv, executable, out.write.get(), err.write.get());
  out.write.reset();
  err.write.reset();
  Finished result;
  drain(out.read.get(), result.out, err.read.get(), result.err);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = exit_status(status);
  return result;
}

Finished run_shell(const std::string& script, const std::string& directory) {
  return run_program({"sh", "-c", "cd \"$1\" && shift && " + script, "sh", directory});
}

Finished run_wasifs(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), WASIFS_PROGRAM);
  return run_program(arguments);
}

std::vector<pid_t> processes_with(const std::string& word) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    // Not by the buffer's iterators: they throw where the process ends meanwhile.
    std::ostringstream line;
    line << file.rdbuf();
    if (line.str().find(word) != std::string::npos) found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

Background::Background(const std::vector<std::string>& argv) : pid_(spawn(argv, "", -1, -1)) {}

Background::~Background() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<int> Background::wait() {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return std::nullopt;
  pid_ = -1;
  return exit_status(status);
}

}  // namespace wasifs::test
