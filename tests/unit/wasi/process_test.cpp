// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

#include "guest.h"

namespace wasifs::test {
namespace {

constexpr u32 kOut = Guest::kOut;

struct Made {
  std::shared_ptr<FakeHost> host = std::make_shared<FakeHost>();
  wasi::ContextOptions options = Guest::whole_tree();
  Made() { options.host = host; }
};

TEST(WasiProcess, ArgumentsAndEnvironmentAreStoredAsC) {
  Made made;
  made.options.args = {"prog", "", "--flag"};
  made.options.env = {"A=1", "EMPTY="};
  Guest guest(memory_tree(), made.options);
  ASSERT_EQ(guest.call("args_sizes_get", {kOut, kOut + 4}), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 3U);
  EXPECT_EQ(guest.get<u32>(kOut + 4), 13U);
  ASSERT_EQ(guest.call("args_get", {2048, 3000}), Errno::success);
  EXPECT_EQ(guest.get<u32>(2048), 3000U);
  EXPECT_EQ(guest.get<u32>(2052), 3005U);
  EXPECT_EQ(guest.get<u32>(2056), 3006U);
  EXPECT_EQ(guest.text(3000, 13), std::string_view("prog\0\0--flag\0", 13));
  ASSERT_EQ(guest.call("environ_sizes_get", {kOut, kOut + 4}), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 2U);
  EXPECT_EQ(guest.get<u32>(kOut + 4), 11U);
  ASSERT_EQ(guest.call("environ_get", {2048, 3000}), Errno::success);
  EXPECT_EQ(guest.text(3000, 11), std::string_view("A=1\0EMPTY=\0", 11));
  EXPECT_EQ(guest.call("args_get", {65'536 - 8, 3000}), Errno::fault);
  EXPECT_EQ(guest.call("args_get", {2048, 65'536 - 12}), Errno::fault);
}

TEST(WasiProcess, NoArgumentsAreNone) {
  Guest guest;
  ASSERT_EQ(guest.call("args_sizes_get", {kOut, kOut + 4}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 0U);
  EXPECT_EQ(guest.call("args_get", {0, 0}), Errno::success);
}

TEST(WasiProcess, ClocksAreTheHosts) {
  Made made;
  Guest guest(memory_tree(), made.options);
  for (u32 clock = 0; clock < 4; ++clock) {
    ASSERT_EQ(guest.call("clock_time_get", {clock, 1, kOut}), Errno::success);
    EXPECT_EQ(guest.get<u64>(kOut), 1'000U + clock);
    ASSERT_EQ(guest.call("clock_res_get", {clock, kOut}), Errno::success);
    EXPECT_EQ(guest.get<u64>(kOut), 1U + clock);
  }
  EXPECT_EQ(guest.call("clock_time_get", {4, 0, kOut}), Errno::inval);
  EXPECT_EQ(guest.call("clock_res_get", {4, kOut}), Errno::inval);
}

TEST(WasiProcess, RandomBytesAndYielding) {
  Made made;
  Guest guest(memory_tree(), made.options);
  ASSERT_EQ(guest.call("random_get", {kOut, 3}), Errno::success);
  EXPECT_EQ(guest.text(kOut, 4), std::string_view("\7\7\7\0", 4));
  EXPECT_EQ(guest.call("sched_yield", {}), Errno::success);
  EXPECT_EQ(made.host->yields, 1);
}

TEST(WasiProcess, ExitIsAResultAndNotAJump) {
  Guest guest;
  EXPECT_FALSE(guest.context->exit_code());
  const std::size_t index = *wasi::find_function(Abi::preview1, "proc_exit");
  const u64 args[1] = {0x8000'0001};
  const wasi::CallResult result = guest.context->call(Abi::preview1, index, guest.memory, args);
  EXPECT_EQ(result.exit_code, 0x8000'0001U);
  EXPECT_EQ(guest.context->exit_code(), 0x8000'0001U);
  EXPECT_EQ(guest.call("proc_raise", {6}), Errno::nosys);
}

TEST(WasiProcess, SocketsAreRefused) {
  Guest guest;
  EXPECT_EQ(guest.call("sock_accept", {3, 0, kOut}), Errno::notsock);
  EXPECT_EQ(guest.call("sock_recv", {0, 0, 0, 0, kOut, kOut}), Errno::notsock);
  EXPECT_EQ(guest.call("sock_send", {1, 0, 0, 0, kOut}), Errno::notsock);
  EXPECT_EQ(guest.call("sock_shutdown", {3, 0}), Errno::notsock);
  EXPECT_EQ(guest.call("sock_shutdown", {9, 0}), Errno::badf);
}

TEST(WasiStreams, BytesAreReadAndKept) {
  std::string out;
  Made made;
  made.options.stdio = {wasi::stream_of_bytes("some input"), wasi::stream_to_bytes(&out, 8), nullptr};
  Guest guest(memory_tree(), made.options);
  EXPECT_EQ(guest.read(0, 4), "some");
  EXPECT_EQ(guest.read(0), " input");
  EXPECT_EQ(guest.read(0), "");
  guest.write(1, "12345");
  const u32 iov = guest.iovecs({"6789"});
  EXPECT_EQ(guest.call("fd_write", {1, iov, 1, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 3U);
  EXPECT_EQ(guest.call("fd_write", {1, iov, 1, kOut}), Errno::nospc);
  EXPECT_EQ(out, "12345678");
  guest.write(2, "discarded");
  EXPECT_EQ(guest.call("fd_write", {0, iov, 1, kOut}), Errno::badf);
  EXPECT_EQ(guest.call("fd_read", {1, iov, 1, kOut}), Errno::badf);
}

TEST(WasiStreams, NothingGivenIsEmpty) {
  Guest guest;
  EXPECT_EQ(guest.read(0), "");
  EXPECT_EQ(guest.call("fd_read", {0, guest.iovecs({}), 0, kOut}), Errno::success);
}

TEST(WasiStreams, CallbacksServeAndMayBeMissing) {
  Made made;
  std::string written;
  made.options.stdio = {wasi::stream_of_callbacks(
                            [](std::span<std::byte> to) -> Result<std::size_t> {
                              to[0] = std::byte{'x'};
                              return std::size_t{1};
                            },
                            nullptr),
                        wasi::stream_of_callbacks(nullptr,
                                                  [&](std::span<const std::byte> in) -> Result<std::size_t> {
                                                    if (written.size() >= 4) return fail(Errc::epipe);
                                                    written.append(reinterpret_cast<const char*>(in.data()),
                                                                   2);
                                                    return std::size_t{2};
                                                  }),
                        nullptr};
  Guest guest(memory_tree(), made.options);
  EXPECT_EQ(guest.read(0, 5), "x") << "what is there, and no waiting for more";
  const u32 iov = guest.iovecs({"ab", "cd", "ef"});
  EXPECT_EQ(guest.call("fd_write", {1, iov, 3, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 4U) << "what was taken before it failed";
  EXPECT_EQ(guest.call("fd_write", {1, iov, 1, kOut}), Errno::pipe);
  EXPECT_EQ(guest.call("fd_write", {0, iov, 1, kOut}), Errno::badf);
  EXPECT_EQ(guest.call("fd_read", {1, iov, 1, kOut}), Errno::badf);
}

TEST(WasiStreams, WhatAnEmbedderThrowsStaysOutOfTheEngine) {
  Made made;
  made.options.stdio[0] = wasi::stream_of_callbacks(
      [](std::span<std::byte>) -> Result<std::size_t> { throw std::bad_alloc(); }, nullptr);
  made.options.stdio[1] = wasi::stream_of_callbacks(
      nullptr, [](std::span<const std::byte>) -> Result<std::size_t> { throw std::runtime_error("x"); });
  Guest guest(memory_tree(), made.options);
  const u32 iov = guest.iovecs({"x"});
  EXPECT_EQ(guest.call("fd_read", {0, iov, 1, kOut}), Errno::nomem);
  EXPECT_EQ(guest.call("fd_write", {1, iov, 1, kOut}), Errno::io);
}

TEST(WasiStreams, AreNoFiles) {
  Guest guest;
  const u32 iov = guest.iovecs({"x"});
  EXPECT_EQ(guest.call("fd_seek", {0, 0, 1, kOut}), Errno::spipe);
  EXPECT_EQ(guest.call("fd_pread", {0, iov, 1, 0, kOut}), Errno::spipe);
  EXPECT_EQ(guest.call("fd_readdir", {0, kOut, 10, 0, kOut}), Errno::notdir);
  EXPECT_EQ(guest.call("fd_fdstat_get", {0, kOut}), Errno::success);
  EXPECT_EQ(guest.get<std::uint8_t>(kOut), 0U);
  EXPECT_EQ(guest.get<u64>(kOut + 8) & (1 << 2 | 1 << 5), 0U) << "neither seek nor tell";
  EXPECT_EQ(guest.call("fd_filestat_get", {2, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 8), 2U);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 0U);
  EXPECT_EQ(guest.call("fd_close", {0}), Errno::success);
  EXPECT_EQ(guest.call("fd_read", {0, iov, 1, kOut}), Errno::badf);
}

TEST(WasiStreams, ATerminalIsACharacterDevice) {
  class Terminal final : public wasi::Stream {
    bool is_terminal() const override { return true; }
  };
  Made made;
  made.options.stdio[1] = std::make_shared<Terminal>();
  Guest guest(memory_tree(), made.options);
  EXPECT_EQ(guest.call("fd_fdstat_get", {1, kOut}), Errno::success);
  EXPECT_EQ(guest.get<std::uint8_t>(kOut), 2U);
  EXPECT_EQ(guest.call("fd_filestat_get", {1, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 2U);
  const u32 iov = guest.iovecs({"x"});
  EXPECT_EQ(guest.call("fd_write", {1, iov, 1, kOut}), Errno::badf);
  EXPECT_EQ(guest.call("fd_read", {1, iov, 1, kOut}), Errno::badf);
}

/// Both ends of a pipe of the host.
struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  std::array<int, 2> ends{-1, -1};
};

TEST(WasiStreams, DescriptorsOfTheHostAreReadWrittenAndNotWaitedForWhereThatIsAskedFor) {
  Pipe pipe;
  wasi::ContextOptions options = Guest::whole_tree();
  options.stdio = {wasi::stream_of_fd(pipe.ends[0]), wasi::stream_of_fd(pipe.ends[1]),
                   wasi::stream_of_fd(-1)};
  Guest guest(memory_tree(), std::move(options));
  ASSERT_EQ(guest.call("fd_fdstat_set_flags", {0, kNonblock}), Errno::success);
  const u32 iov = guest.iovecs({"....."});
  EXPECT_EQ(guest.call("fd_read", {0, iov, 1, kOut}), Errno::again);
  guest.write(1, "text");
  EXPECT_EQ(guest.read(0), "text");
  EXPECT_EQ(guest.call("fd_write", {2, iov, 1, kOut}), Errno::badf);
  ::close(std::exchange(pipe.ends[1], -1));
  EXPECT_EQ(guest.read(0), "") << "the end is told, also without waiting";
}

TEST(WasiStreams, APipeThatNobodyReadsIsAnErrorAndNoSignal) {
  Pipe pipe;
  ::close(std::exchange(pipe.ends[0], -1));
  wasi::ContextOptions options = Guest::whole_tree();
  options.stdio[1] = wasi::stream_of_fd(pipe.ends[1]);
  Guest guest(memory_tree(), std::move(options));
  const u32 iov = guest.iovecs({"x"});
  EXPECT_EQ(guest.call("fd_write", {1, iov, 1, kOut}), Errno::pipe);
  sigset_t pending;
  ASSERT_EQ(::sigpending(&pending), 0);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
  sigset_t blocked;
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &blocked), 0);
  EXPECT_EQ(::sigismember(&blocked, SIGPIPE), 0) << "the mask is as it was";
}

TEST(WasiStreams, ADescriptorThatOthersHaveMadeNonBlockingIsWaitedFor) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.ends[0], F_SETFL, O_NONBLOCK), 0);
  wasi::ContextOptions options = Guest::whole_tree();
  options.stdio[0] = wasi::stream_of_fd(pipe.ends[0]);
  Guest guest(memory_tree(), std::move(options));
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(::write(pipe.ends[1], "late", 4), 4);
  });
  EXPECT_EQ(guest.read(0), "late");
  writer.join();
  ASSERT_EQ(guest.call("fd_fdstat_set_flags", {0, kNonblock}), Errno::success);
  EXPECT_EQ(guest.call("fd_read", {0, guest.iovecs({"x"}), 1, kOut}), Errno::again);
}

TEST(WasiStreams, WhatInterruptsTheWaitingIsToldToTheGuest) {
  class Interrupted final : public wasi::Host {
    Status wait(std::span<Waited> /*fds*/, std::optional<u64> /*timeout*/) override {
      return fail(Errc::eintr);
    }
  };
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.ends[0], F_SETFL, O_NONBLOCK), 0);
  wasi::ContextOptions options = Guest::whole_tree();
  options.stdio[0] = wasi::stream_of_fd(pipe.ends[0]);
  options.host = std::make_shared<Interrupted>();
  Guest guest(memory_tree(), std::move(options));
  const u32 iov = guest.iovecs({"x"});
  EXPECT_EQ(guest.call("fd_read", {0, iov, 1, kOut}), Errno::intr);
  ASSERT_EQ(guest.call("fd_fdstat_set_flags", {0, kNonblock}), Errno::success);
  EXPECT_EQ(guest.call("fd_read", {0, iov, 1, kOut}), Errno::intr);
}

TEST(WasiSystemHost, ClocksAdvanceAndRandomNumbersDiffer) {
  wasi::Host host;
  for (const wasi::Clock clock : {wasi::Clock::realtime, wasi::Clock::monotonic, wasi::Clock::process_cputime,
                                  wasi::Clock::thread_cputime}) {
    const u64 first = *host.now(clock);
    EXPECT_GE(*host.now(clock), first);
    EXPECT_GT(*host.resolution(clock), 0U);
  }
  EXPECT_GT(*host.now(wasi::Clock::realtime), u64{1'700'000'000} * 1'000'000'000);
  EXPECT_EQ(host.now(static_cast<wasi::Clock>(9)), fail(Errc::einval));
  EXPECT_EQ(host.resolution(static_cast<wasi::Clock>(9)), fail(Errc::einval));
  // Longer than getrandom(2) gives at once.
  std::vector<std::byte> first(100'000);
  std::vector<std::byte> second(100'000);
  ASSERT_TRUE(host.random(first));
  ASSERT_TRUE(host.random(second));
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::ranges::any_of(std::span(first).last(100), [](std::byte each) {
    return each != std::byte{0};
  })) << "filled to its end";
  host.yield();
}

TEST(WasiSystemHost, WaitsForDescriptorsAndNotLessThanTheTimeout) {
  wasi::Host host;
  Pipe pipe;
  std::array<wasi::Host::Waited, 2> waited{{{.fd = pipe.ends[0]}, {.fd = pipe.ends[1], .write = true}}};
  ASSERT_TRUE(host.wait(waited, std::nullopt));
  EXPECT_FALSE(waited[0].ready);
  EXPECT_TRUE(waited[1].ready);
  const u64 start = *host.now(wasi::Clock::monotonic);
  ASSERT_TRUE(host.wait(std::span(waited).first(1), 20'000'000));
  EXPECT_GE(*host.now(wasi::Clock::monotonic) - start, 20'000'000U);
  EXPECT_FALSE(waited[0].ready);
  ::close(std::exchange(pipe.ends[1], -1));
  ASSERT_TRUE(host.wait(std::span(waited).first(1), ~u64{0}));
  EXPECT_TRUE(waited[0].ready);
  EXPECT_TRUE(waited[0].hang_up);
}

}  // namespace
}  // namespace wasifs::test
