// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fuse/session.h"
#include "support/temp_dir.h"
#include "wasifs/tree.h"

namespace wasifs::test {

/// Why no FUSE mount can be made here, e.g. "/dev/fuse: No such file or
/// directory"; nullopt where one can.
[[nodiscard]] std::optional<std::string> fuse_unavailable();

/// True if something is mounted at exactly `path`.
[[nodiscard]] bool is_mounted(const std::string& path);

/// Polls until `condition` holds; false if it does not within ten seconds.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// An empty directory to mount on. At the end of the scope whatever is mounted
/// there is detached, dead or alive, and the directory removed.
class MountPoint {
 public:
  MountPoint();
  MountPoint(const MountPoint&) = delete;
  MountPoint& operator=(const MountPoint&) = delete;
  ~MountPoint();

  [[nodiscard]] std::string path() const { return dir_ / "mnt"; }
  /// The full path of `name` in the mounted tree.
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return path() + "/" + std::string(name);
  }

 private:
  TempDir dir_;
};

/// A Tree mounted and served by a thread of this process.
class TreeMount {
 public:
  /// Throws std::runtime_error with the diagnostic if it cannot be mounted.
  explicit TreeMount(std::shared_ptr<const Tree> tree, const std::string& options = "",
                     bool sole_writer = false);
  TreeMount(const TreeMount&) = delete;
  TreeMount& operator=(const TreeMount&) = delete;
  ~TreeMount();

  [[nodiscard]] std::string path() const { return point_.path(); }
  [[nodiscard]] std::string operator/(std::string_view name) const { return point_ / name; }
  /// Asks the session to end, without waiting.
  void stop() { session_->stop(); }
  /// Waits for serve() to return and gives what it returned.
  int join();

 private:
  MountPoint point_;
  std::optional<fuse::Session> session_;
  int result_ = -1;
  std::thread server_;
};

/// What the view that is mounted at `path` tells of itself in `user.wasifs.status`, as
/// JSON. Throws where it tells nothing.
[[nodiscard]] std::string view_status(const std::string& path);

constexpr unsigned kNobody = 65534;
/// Runs `body` in a process of its own as an ordinary user; what it returns, or -1.
[[nodiscard]] int as_nobody(const std::function<int()>& body);

/// A program that has run to its end.
struct Finished {
  int status = -1;  ///< exit status, or 128 + the signal that killed it
  std::string out;
  std::string err;
};

/// Runs `argv` (argv[0] looked up in $PATH) to its end, with an empty standard
/// input. `executable` is what to start where argv[0] is to be something else.
[[nodiscard]] Finished run_program(const std::vector<std::string>& argv, const std::string& executable = "");

/// run_program() of `sh -c SCRIPT` with `directory` as its working directory.
[[nodiscard]] Finished run_shell(const std::string& script, const std::string& directory = "/");

/// run_program() of the wasifs program built beside the tests.
[[nodiscard]] Finished run_wasifs(std::vector<std::string> arguments);

/// The processes whose command line contains `word`.
[[nodiscard]] std::vector<pid_t> processes_with(const std::string& word);

/// A program running beside the test; killed, by its id, at the end of the scope.
class Background {
 public:
  explicit Background(const std::vector<std::string>& argv);
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Waits up to ten seconds for the end: the status as in Finished, or nullopt.
  [[nodiscard]] std::optional<int> wait();

 private:
  pid_t pid_;
};

}  // namespace wasifs::test

/// Skips the running test, loudly, where FUSE cannot be used.
#define WASIFS_NEED_FUSE()                                                              \
  if (const auto fuse_problem = ::wasifs::test::fuse_unavailable()) {                   \
    GTEST_SKIP() << "FUSE MISSING: " << *fuse_problem << "; this test mounts for real"; \
  }                                                                                     \
  static_assert(true)
