// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wasifs/error.h"
#include "wasifs/export.h"

namespace wasifs::wasi {

/// One of a guest's standard streams, implemented here or by the embedder.
/// Thread-safe: a guest's threads may use one at the same time.
class WASIFS_API Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// What is there, at most `out.size()` bytes; 0 at the end. May wait. ebadf by
  /// default: not a stream to read from.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> out);
  /// Takes some of `in`, at least one byte of it unless it is empty. ebadf by default.
  [[nodiscard]] virtual Result<std::size_t> write(std::span<const std::byte> in);

  /// The guest's isatty().
  [[nodiscard]] virtual bool is_terminal() const { return false; }
  /// A descriptor of the host that poll(2) can wait for; -1: always ready.
  [[nodiscard]] virtual int poll_fd() const { return -1; }
};
using StreamPtr = std::shared_ptr<Stream>;

/// A descriptor of the host, which stays the caller's and must outlive the stream.
[[nodiscard]] WASIFS_API StreamPtr stream_of_fd(int fd);
/// Reads `bytes`, then ends.
[[nodiscard]] WASIFS_API StreamPtr stream_of_bytes(std::string bytes);
/// Appends what is written to `*bytes`, which must outlive the stream; only this
/// stream's own calls are in order with each other. enospc, and nothing is taken,
/// once there are `limit` bytes.
[[nodiscard]] WASIFS_API StreamPtr stream_to_bytes(std::string* bytes,
                                                   std::size_t limit = std::size_t{1} << 30);
/// Calls back for each read or write; either may be null (ebadf).
[[nodiscard]] WASIFS_API StreamPtr
stream_of_callbacks(std::function<Result<std::size_t>(std::span<std::byte>)> read,
                    std::function<Result<std::size_t>(std::span<const std::byte>)> write);

/// The clocks of WASI, by their numbers.
enum class Clock : std::uint8_t { realtime = 0, monotonic = 1, process_cputime = 2, thread_cputime = 3 };

/// What a guest asks of the machine beside files. The default implementation is
/// the system's; override what a test or an embedder wants to decide itself.
/// Thread-safe.
class WASIFS_API Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host() = default;

  /// Nanoseconds; of realtime, since 1970. einval: there is no such clock.
  [[nodiscard]] virtual Result<std::uint64_t> now(Clock clock);
  [[nodiscard]] virtual Result<std::uint64_t> resolution(Clock clock);
  /// Fills `out` with unpredictable bytes. eio.
  [[nodiscard]] virtual Status random(std::span<std::byte> out);
  virtual void yield();

  struct Waited {
    int fd = -1;  ///< of the host
    bool write = false;
    bool ready = false;    ///< set by wait()
    bool hang_up = false;  ///< likewise
  };
  /// Waits until one of `fds` is ready or `timeout` nanoseconds have passed, and not
  /// less than that, signals or not; absent: without end. An error is the guest's,
  /// for instance eintr where an embedder interrupts it.
  [[nodiscard]] virtual Status wait(std::span<Waited> fds, std::optional<std::uint64_t> timeout);
};

}  // namespace wasifs::wasi
