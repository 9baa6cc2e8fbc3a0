// SPDX-License-Identifier: Apache-2.0
#include "fuse/session.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "fuse/adapter.h"
#include "fuse/handler.h"
#include "fuse/kernel_mount.h"
#include "fuse/libfuse.h"
#include "fuse/mount_info.h"
#include "fuse/read_ahead.h"
#include "fuse/request_io.h"
#include "fuse/signals.h"
#include "fuse/trouble.h"
#include "fuse/workers.h"

namespace wasifs::fuse {

namespace {

struct SessionDeleter {
  void operator()(fuse_session* session) const { fuse_session_destroy(session); }
};

/// libfuse's own complaints go where ours go.
void log_libfuse(fuse_log_level level, const char* format, va_list arguments) {
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  while (text.ends_with('\n')) text.remove_suffix(1);
  spdlog::log(level <= FUSE_LOG_ERR ? spdlog::level::err : spdlog::level::info, "libfuse: {}", text);
}

Outcome<std::string> check_mount_point(const std::string& given) {
  const std::string name = "mount point " + quote(given);
  if (is_dead_mount(given)) {
    return mount_trouble(name + " is taken by a mount whose daemon is dead",
                         "run \"wasifs unmount " + given + "\" first");
  }
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(given.c_str(), nullptr), &::free);
  struct stat status{};
  if (real == nullptr || ::stat(real.get(), &status) != 0) {
    const Errc error = static_cast<Errc>(errno);
    if (error == Errc::enoent) return mount_trouble(name + " does not exist", "make the directory first");
    return mount_trouble(name + " is unusable: " + message(error));
  }
  if (!S_ISDIR(status.st_mode)) return mount_trouble(name + " is not a directory");
  return std::string(real.get());
}

unsigned default_threads() { return std::clamp(2 * std::thread::hardware_concurrency(), 8U, 64U); }

std::unique_ptr<fuse_session, SessionDeleter> make_session(Context& context, const Options& options) {
  std::vector<std::string> words{"wasifs"};
  // The kernel knows it from the mount; libfuse wants it in its answer to INIT.
  if (options.max_read) words.push_back("-omax_read=" + std::to_string(*options.max_read));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  fuse_args arguments = FUSE_ARGS_INIT(static_cast<int>(argv.size()), argv.data());
  std::unique_ptr<fuse_session, SessionDeleter> session(
      fuse_session_new(&arguments, &operations(), sizeof(fuse_lowlevel_ops), &context));
  fuse_opt_free_args(&arguments);
  return session;
}

}  // namespace

/// Lock order: `lock` is the only one here and is held for moments; nothing is
/// unmounted or joined under it.
struct Session::State {
  Settings settings;
  std::string point;
  std::unique_ptr<Context> context;
  std::unique_ptr<fuse_session, SessionDeleter> session;
  UniqueFd auto_unmount;
  std::optional<std::uint64_t> mount_id;
  bool mounted = false;

  std::mutex lock;
  std::condition_variable ended;
  std::optional<Workers> workers;  ///< while serve() is in its loop
  bool over = false;               ///< the loop has returned, or will never start
  std::vector<std::thread> stoppers;

  ~State();
  /// True if what lies on the mount point is what we mounted.
  [[nodiscard]] bool on_top() const;
  void stop_gently();
  void end_loop();
  void finish_loop();
};

bool Session::State::on_top() const {
  // The number of a mount that is gone is soon that of another, which is not ours.
  return !context->unmounted && mount_id && mount_id_of(point) == mount_id;
}

/// Makes the loop return even though the kernel has still users for us.
void Session::State::end_loop() {
  // While the loop still answers what the kernel would wait for.
  context->invalidator->detach();
  std::unique_lock hold(lock);
  while (!over) {
    fuse_session_exit(session.get());
    if (workers) workers->end();
    ended.wait_for(hold, std::chrono::milliseconds(10));
  }
}

/// The body of the first stop(): runs in a thread of its own while the loop
/// still serves, since unmounting makes requests.
void Session::State::stop_gently() {
  if (!on_top()) return end_loop();
  if (!unmount(point, Detach::wait_for_users)) {
    if (const UniqueFd root(::open(point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); root) {
      ::syncfs(root.get());
    }
    if (on_top()) static_cast<void>(unmount(point, Detach::at_once));
    return end_loop();
  }
  // With its last mount gone the kernel ends the connection and so the loop,
  // unless another mount namespace still has a copy of the mount.
  std::unique_lock hold(lock);
  constexpr std::chrono::seconds kPatience(2);
  if (ended.wait_for(hold, kPatience, [this] { return over; })) return;
  hold.unlock();
  end_loop();
}

/// After the loop: whatever still waits for an answer gets ENOTCONN from here on.
void Session::State::finish_loop() {
  std::vector<std::thread> threads;
  {
    const std::scoped_lock hold(lock);
    over = true;
    workers.reset();
    threads.swap(stoppers);
  }
  ended.notify_all();
  context->invalidator->detach();
  session.reset();
  for (std::thread& thread : threads) thread.join();
  if (on_top()) static_cast<void>(unmount(point, Detach::at_once));
  mounted = false;
}

Session::State::~State() {
  if (!mounted) return;
  finish_loop();
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Outcome<Session> Session::mount(std::shared_ptr<const Tree> tree, Settings settings) {
  fuse_set_log_func(log_libfuse);
  Outcome<std::string> point = check_mount_point(settings.mount_point);
  if (!point) return fail(point.error());
  if (settings.options.view.writeback && tree->traits().persistent) {
    return mount_trouble("\"writeback\" is for trees that keep all changes in memory, and this one does not",
                         "a crash would lose what was closed but is not on the host yet: leave it out");
  }
  Result<std::unique_ptr<Context>> context = Context::make(*tree, settings.options.view);
  if (!context) return mount_trouble("the root cannot be read: " + message(context.error()));

  auto state = std::make_unique<State>();
  state->point = std::move(*point);
  state->context = std::move(*context);
  state->settings = std::move(settings);
  state->session = make_session(*state->context, state->settings.options);
  if (state->session == nullptr) return mount_trouble("libfuse could not be set up: out of memory");

  Options& options = state->settings.options;
  // Then the kernel says so at the open already, whatever else is asked of us.
  if (tree->traits().read_only) options.flags |= MS_RDONLY;
  const std::string& source = options.fsname.empty() ? state->settings.source : options.fsname;
  Outcome<KernelMount> mounted = mount_fuse(state->point, source, options);
  if (!mounted) return fail(mounted.error());
  state->mounted = true;
  state->auto_unmount = std::move(mounted->auto_unmount);
  state->mount_id = mount_id_of(state->point);

  // libfuse takes the descriptor over and leaves unmounting to us.
  if (fuse_session_custom_io(state->session.get(), &request_io(), mounted->device.get()) != 0) {
    return mount_trouble("libfuse does not take the mounted descriptor");
  }
  static_cast<void>(mounted->device.release());
  return Session(std::move(state));
}

int Session::serve(const std::function<void()>& on_ready, Signals signals) {
  State& state = *state_;
  const WakeSignal wake;
  state.context->invalidator->attach(*state.session, *state.context);
  if (signals == Signals::stop) ::signal(SIGPIPE, SIG_IGN);
  {
    const std::scoped_lock hold(state.lock);
    const unsigned threads = state.settings.options.threads;
    state.workers.emplace(*state.session, *state.context, threads == 0 ? default_threads() : threads);
  }
  // The kernel holds the look back until it has our answer to INIT, so once it
  // is answered the mount serves. Without an answer the end of the session does.
  std::thread ready([&state, &on_ready] {
    struct stat status{};
    if (::stat(state.point.c_str(), &status) != 0) return;
    read_ahead(status.st_dev);
    if (on_ready) on_ready();
  });
  std::optional<SignalWatch> watch;
  if (signals == Signals::stop) watch.emplace([this] { stop(); });

  const int result = state.workers->run();
  watch.reset();
  state.finish_loop();
  ready.join();
  return result;
}

void Session::stop() noexcept {
  State& state = *state_;
  const std::scoped_lock hold(state.lock);
  if (state.over) return;
  const bool first = state.stoppers.empty();
  state.stoppers.emplace_back([&state, first] {
    if (first) return state.stop_gently();
    if (state.on_top()) static_cast<void>(unmount(state.point, Detach::at_once));
    state.end_loop();
  });
}

void Session::abandon() noexcept {
  state_->mounted = false;
  state_->session.reset();
}

const std::string& Session::mount_point() const { return state_->point; }

}  // namespace wasifs::fuse
