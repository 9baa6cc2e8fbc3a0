// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fuse/options.h"
#include "wasifs/error.h"
#include "wasifs/tree.h"

namespace wasifs::fuse {

/// A Tree mounted on the host.
///
/// mount() makes the mount and starts no thread, so a process may fork between
/// mount() and serve(); the side that does not serve calls abandon(). All
/// methods but stop() are for one thread.
class Session {
 public:
  struct Settings {
    std::string source;       ///< shown as what is mounted, unless the options have fsname=
    std::string mount_point;  ///< of a directory that exists
    Options options;
  };

  /// Which signals end serve().
  enum class Signals : bool {
    left_alone,  ///< none: an embedder calls stop()
    /// SIGINT, SIGTERM and SIGHUP; the caller holds a BlockedSignals. SIGPIPE is
    /// ignored from then on.
    stop,
  };

  /// Every failure is a Trouble::mount: no such mount point, not a directory,
  /// no /dev/fuse, refused by the kernel or by fusermount3.
  [[nodiscard]] static Outcome<Session> mount(std::shared_ptr<const Tree> tree, Settings settings);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  /// Unmounts what was never served.
  ~Session();

  /// Answers the kernel until the file system is unmounted, by whomever. Calls
  /// `on_ready` once, from a thread of its own, when a first request from
  /// outside was answered. Gives 0, or an errno where the kernel's end broke.
  /// May be called once.
  [[nodiscard]] int serve(const std::function<void()>& on_ready, Signals signals);

  /// Makes serve() return: unmounts; where files are still open, writes back
  /// what mappings hold, and detaches the mount from the tree of mounts, so that
  /// those files answer ENOTCONN from then on. A second call does not wait for
  /// the first. Thread-safe; returns at once.
  void stop() noexcept;

  /// Leaves mount and serving to another process that has a copy (after a fork).
  void abandon() noexcept;

  /// Absolute, without symlinks.
  [[nodiscard]] const std::string& mount_point() const;

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wasifs::fuse
