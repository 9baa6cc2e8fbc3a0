// SPDX-License-Identifier: Apache-2.0
#include "fuse/workers.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "fuse/handler.h"
#include "fuse/libfuse.h"
#include "fuse/protocol.h"
#include "fuse/request_io.h"
#include "fuse/signals.h"
#include "fuse/unique_fd.h"

namespace wasifs::fuse {

namespace {

/// Another descriptor of the connection; none where the kernel gives none.
UniqueFd clone_device(int device) {
  UniqueFd clone(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  auto number = static_cast<std::uint32_t>(device);
  if (clone && ::ioctl(clone.get(), FUSE_DEV_IOC_CLONE, &number) != 0) clone.reset();
  return clone;
}

/// How many threads wait for a request at a time, with those that come back from one.
constexpr unsigned kMostIdle = 2;

/// What libfuse reads a request into.
struct RequestBuffer {
  RequestBuffer() = default;
  RequestBuffer(const RequestBuffer&) = delete;
  RequestBuffer& operator=(const RequestBuffer&) = delete;
  ~RequestBuffer() { std::free(raw.mem); }
  fuse_buf raw{};
};

}  // namespace

Workers::Workers(fuse_session& session, Context& context, unsigned most)
    : session_(session), context_(context), most_(std::max(most, 1U)) {}

int Workers::run() {
  {
    const std::scoped_lock hold(lock_);
    serving_.push_back(::pthread_self());
    started_ = 1;
  }
  ++idle_;
  serve();
  // Nobody is started any more: whoever would has seen that the session is over.
  for (;;) {
    std::vector<std::thread> threads;
    {
      const std::scoped_lock hold(lock_);
      threads.swap(threads_);
    }
    if (threads.empty()) return error_;
    for (std::thread& thread : threads) thread.join();
  }
}

void Workers::serve() {
  const UniqueFd device = clone_device(fuse_session_fd(&session_));
  const ServingThread serving(device ? device.get() : fuse_session_fd(&session_), idle_);
  context_.hand_over.join();
  RequestBuffer buffer;
  while (fuse_session_exited(&session_) == 0) {
    const int length = fuse_session_receive_buf(&session_, &buffer.raw);
    if (length == -EINTR || length == -EAGAIN) continue;
    if (length <= 0) {
      if (length < 0) error_ = -length;
      break;
    }
    if (ServingThread::begin() == 0) call_another();
    answer_request(session_, context_, buffer.raw);
    if (ServingThread::end() > kMostIdle) rest();
  }
  context_.hand_over.leave();
  // For the others as well.
  fuse_session_exit(&session_);
  const std::scoped_lock hold(lock_);
  called_.notify_all();
  std::erase(serving_, ::pthread_self());
}

void Workers::call_another() {
  const std::scoped_lock hold(lock_);
  if (fuse_session_exited(&session_) != 0) return;
  if (resting_ > calls_) {
    ++calls_;
    called_.notify_one();
  } else if (started_ < most_) {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (const std::system_error& error) {
      // Those that there are go on; the next request tries again.
      spdlog::warn("cannot start another thread: {}", error.what());
      return;
    }
    serving_.push_back(threads_.back().native_handle());
    ++started_;
  } else {
    return;
  }
  idle_.fetch_add(1, std::memory_order_relaxed);
}

void Workers::rest() {
  std::unique_lock hold(lock_);
  // Others may have stopped waiting meanwhile.
  if (idle_.fetch_sub(1, std::memory_order_relaxed) <= kMostIdle) {
    idle_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  ++resting_;
  // Whoever calls counts it as waiting.
  called_.wait(hold, [this] { return calls_ != 0 || fuse_session_exited(&session_) != 0; });
  if (calls_ != 0) --calls_;
  --resting_;
}

void Workers::end() noexcept {
  fuse_session_exit(&session_);
  const std::scoped_lock hold(lock_);
  called_.notify_all();
  for (const pthread_t thread : serving_) WakeSignal::send(thread);
}

}  // namespace wasifs::fuse
