// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <mutex>
#include <utility>

#include "wasifs/wasi_host.h"

namespace wasifs::wasi {

Result<std::size_t> Stream::read(std::span<std::byte>) { return fail(Errc::ebadf); }
Result<std::size_t> Stream::write(std::span<const std::byte>) { return fail(Errc::ebadf); }

namespace {

/// While it lives, writing to a pipe that nobody reads is an error and no signal,
/// whatever the process does about SIGPIPE. What was pending before stays so.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const int error = errno;
    if (error == EPIPE && !was_pending_) {
      const timespec at_once{};
      while (::sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }

 private:
  sigset_t sigpipe_;
  sigset_t before_;
  bool was_pending_;
};

class FdStream final : public Stream {
 public:
  explicit FdStream(int fd) : fd_(fd), terminal_(::isatty(fd) == 1) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    return again_while_interrupted([&] { return ::read(fd_, out.data(), out.size()); });
  }
  Result<std::size_t> write(std::span<const std::byte> in) override {
    return again_while_interrupted([&] {
      const NoSigpipe guard;
      return ::write(fd_, in.data(), in.size());
    });
  }
  bool is_terminal() const override { return terminal_; }
  int poll_fd() const override { return fd_; }

 private:
  template <class Call>
  static Result<std::size_t> again_while_interrupted(Call call) {
    for (;;) {
      const ssize_t done = call();
      if (done >= 0) return static_cast<std::size_t>(done);
      if (errno != EINTR) return fail_errno();
    }
  }

  int fd_;
  bool terminal_;
};

class BytesSource final : public Stream {
 public:
  explicit BytesSource(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(out.size(), bytes_.size() - offset_);
    if (count != 0) std::memcpy(out.data(), bytes_.data() + offset_, count);
    offset_ += count;
    return count;
  }

 private:
  std::mutex mutex_;
  const std::string bytes_;
  std::size_t offset_ = 0;
};

class BytesSink final : public Stream {
 public:
  BytesSink(std::string* bytes, std::size_t limit) : bytes_(bytes), limit_(limit) {}

  Result<std::size_t> write(std::span<const std::byte> in) override {
    const std::lock_guard lock(mutex_);
    const std::size_t room = limit_ - std::min(limit_, bytes_->size());
    if (room == 0 && !in.empty()) return fail(Errc::enospc);
    const std::size_t count = std::min(room, in.size());
    bytes_->append(reinterpret_cast<const char*>(in.data()), count);
    return count;
  }

 private:
  std::mutex mutex_;
  std::string* const bytes_;
  const std::size_t limit_;
};

class CallbackStream final : public Stream {
 public:
  using Read = std::function<Result<std::size_t>(std::span<std::byte>)>;
  using Write = std::function<Result<std::size_t>(std::span<const std::byte>)>;
  CallbackStream(Read read, Write write) : read_(std::move(read)), write_(std::move(write)) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    return read_ ? read_(out) : Result<std::size_t>(fail(Errc::ebadf));
  }
  Result<std::size_t> write(std::span<const std::byte> in) override {
    return write_ ? write_(in) : Result<std::size_t>(fail(Errc::ebadf));
  }

 private:
  Read read_;
  Write write_;
};

}  // namespace

StreamPtr stream_of_fd(int fd) { return std::make_shared<FdStream>(fd); }
StreamPtr stream_of_bytes(std::string bytes) { return std::make_shared<BytesSource>(std::move(bytes)); }
StreamPtr stream_to_bytes(std::string* bytes, std::size_t limit) {
  return std::make_shared<BytesSink>(bytes, limit);
}
StreamPtr stream_of_callbacks(std::function<Result<std::size_t>(std::span<std::byte>)> read,
                              std::function<Result<std::size_t>(std::span<const std::byte>)> write) {
  return std::make_shared<CallbackStream>(std::move(read), std::move(write));
}

}  // namespace wasifs::wasi
