// SPDX-License-Identifier: Apache-2.0
#include "fs/host/host_fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/path.h"
#include "fs/host/host_node.h"
#include "fs/host/layer.h"
#include "fs/host/mapped_root.h"

namespace wasifs {

using host::host_directory;
using host::open_mapped;
using host::reopen;
using host::retry;
using host::stat_fd;
using host::trouble_with;
using host::UniqueFd;

// The root is held for as long as there is a Filesystem, and goes before the
// table that it is in.
struct HostFilesystem::State : host::Layer {
  using Layer::Layer;
  Ref<host::HostNode> root;
  Ref<host::HostNode> work;
  UniqueFd work_lock;
  UniqueFd root_lock;
};

namespace {

Diagnostic trouble(const std::string& path, const std::string& what, std::string hint = {}) {
  return trouble_with(host_directory(path), what, std::move(hint));
}

Diagnostic work_trouble(const std::string& path, const std::string& what, std::string hint = {}) {
  return trouble_with("work directory " + quoted(path), what, std::move(hint));
}

/// umount(8) is done before the process that served the mount is, so what is in use
/// now may be free in a moment.
bool lock_soon(int fd) {
  constexpr int kTries = 100;
  constexpr auto kPause = std::chrono::milliseconds(20);
  for (int tried = 0;; ++tried) {
    if (retry([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == 0) return true;
    if (errno != EWOULDBLOCK || tried == kTries) return false;
    std::this_thread::sleep_for(kPause);
  }
}

struct Work {
  UniqueFd fd;
  UniqueFd lock;
  UniqueFd root_lock;
};

Outcome<UniqueFd> lock_directory(const std::string& subject, const UniqueFd& fd) {
  auto lock = reopen(fd.get(), O_RDONLY | O_DIRECTORY);
  if (!lock) return fail(trouble_with(subject, "is not readable: " + message(lock.error())));
  if (lock_soon(lock->get())) return std::move(*lock);
  if (errno != EWOULDBLOCK)
    return fail(trouble_with(subject, "cannot be locked: " + message(static_cast<Errc>(errno))));
  return fail(trouble_with(subject, "is in use",
                           "unmount what uses it (`wasifs status` lists mounts), or name another upper"));
}

/// A directory that nodes of `root` can be renamed to, and back, and that is no part
/// of what shows.
Outcome<Work> open_work(const std::string& path, const std::string& shown, const UniqueFd& root) {
  Work work;
  work.fd = UniqueFd(retry([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
  if (!work.fd) {
    return fail(work_trouble(path, "cannot be opened: " + message(static_cast<Errc>(errno))));
  }
  const auto mine = stat_fd(work.fd.get(), STATX_TYPE | STATX_INO);
  const auto its = stat_fd(root.get(), STATX_TYPE | STATX_INO);
  if (!mine || !its)
    return fail(work_trouble(path, "cannot be examined: " + message((mine ? its : mine).error())));
  if (host::id_of(*mine).dev != host::id_of(*its).dev) {
    return fail(
        work_trouble(path, "is on another file system than the upper", "name a directory next to the upper"));
  }
  const std::string outer = host::path_of_fd(root.get());
  const std::string inner = host::path_of_fd(work.fd.get());
  if (is_at_or_below(inner, outer) || is_at_or_below(outer, inner)) {
    return fail(work_trouble(path, "must not lie inside the upper, nor hold it",
                             "name a directory next to the upper"));
  }
  auto lock = lock_directory("work directory " + quoted(path), work.fd);
  if (!lock) return fail(std::move(lock.error()));
  work.lock = std::move(*lock);
  auto root_lock = lock_directory(host_directory(shown), root);
  if (!root_lock) return fail(std::move(root_lock.error()));
  work.root_lock = std::move(*root_lock);
  return work;
}

}  // namespace

HostFilesystem::HostFilesystem(std::shared_ptr<State> state) : state_(std::move(state)) {}
HostFilesystem::~HostFilesystem() = default;

Outcome<std::shared_ptr<HostFilesystem>> HostFilesystem::open(const std::string& path, Options options) {
  auto mapped = open_mapped(path);
  if (!mapped) return fail(std::move(mapped.error()));
  std::optional<Work> work;
  if (!options.work.empty()) {
    if (mapped->type != FileType::directory)
      return fail(trouble(path, "is no directory", "an upper must be one"));
    auto opened = open_work(options.work, path, mapped->fd);
    if (!opened) return fail(std::move(opened.error()));
    work = std::move(*opened);
  }
  auto state = std::make_shared<State>(path, options, mapped->id.dev);
  auto node = host::HostNode::from_fd(*state, std::move(mapped->fd));
  if (!node) return fail(trouble(path, "cannot be examined: " + message(node.error())));
  state->root = std::move(*node);
  if (work) {
    auto beside = host::HostNode::from_fd(*state, std::move(work->fd));
    if (!beside) return fail(work_trouble(options.work, "cannot be examined: " + message(beside.error())));
    state->work = std::move(*beside);
    state->work_lock = std::move(work->lock);
    state->root_lock = std::move(work->root_lock);
  }
  return std::shared_ptr<HostFilesystem>(new HostFilesystem(std::move(state)));
}

NodeRef HostFilesystem::root() { return state_->root; }

NodeRef HostFilesystem::work() const { return state_->work; }

Result<StatFs> HostFilesystem::statfs() { return state_->root->statfs(); }

Traits HostFilesystem::traits() const {
  return {.immutable = false, .shared = true, .persistent = true, .overlay_marks = true};
}

std::string HostFilesystem::path_of(Node& node) {
  auto* const mine = dynamic_cast<host::HostNode*>(&node);
  if (mine == nullptr || !mine->belongs_to(*state_)) return {};
  return mine->path_below(*state_->root);
}

std::string HostFilesystem::describe() const { return "host " + quoted(state_->path); }

}  // namespace wasifs
