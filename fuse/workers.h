// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

struct fuse_session;

namespace wasifs::fuse {

struct Context;

/// The threads that answer the requests of a session. There is always one that waits
/// for the next, as long as there may be more of them: what a slow layer is asked for
/// holds up nobody else. Not many wait, though: the kernel would have them take turns,
/// and each would find the caches cold. The others rest. Each reads from a descriptor of
/// its own, without the others' lock in the kernel.
class Workers {
 public:
  /// At most `most` threads, at least one.
  Workers(fuse_session& session, Context& context, unsigned most);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() = default;

  /// Answers requests, on this thread too, until the kernel ends the connection or
  /// end() is called. Gives 0, or the errno of what broke. To be called once.
  [[nodiscard]] int run();

  /// Makes run() return though the kernel has still users for us: threads that wait for
  /// a request give up. One that is about to wait may miss it, so this is to be called
  /// again until run() has returned. Thread-safe; the caller holds a WakeSignal.
  void end() noexcept;

 private:
  void serve();
  /// Sees to it that somebody waits for the next request.
  void call_another();
  /// Returns when this thread is needed, or all is over.
  void rest();

  fuse_session& session_;
  Context& context_;
  const unsigned most_;
  std::atomic<unsigned> idle_{0};  ///< threads that wait, or are about to
  std::atomic<int> error_{0};
  std::mutex lock_;  ///< guards what follows
  std::condition_variable called_;
  unsigned resting_ = 0;
  unsigned calls_ = 0;  ///< that nobody who rests has followed yet
  std::vector<pthread_t> serving_;
  std::vector<std::thread> threads_;
  unsigned started_ = 0;
};

}  // namespace wasifs::fuse
