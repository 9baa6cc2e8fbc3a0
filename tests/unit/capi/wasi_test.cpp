// SPDX-License-Identifier: Apache-2.0
// WASI host functions through the table of the C ABI.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <initializer_list>
#include <string>
#include <thread>
#include <vector>

#include "handles.h"
#include "wasifs/wasi_errno.h"

namespace wasifs::test {
namespace {

constexpr int kP1 = WASIFS_WASI_PREVIEW1;

int number(wasi::Errno error) { return static_cast<int>(error); }

/// A guest: a context and 64 KiB of memory that it can reach.
class Guest {
 public:
  explicit Guest(const RootHandle& root, const wasifs_wasi_options* options = nullptr) {
    wasifs_wasi* wasi = nullptr;
    wasifs_error* error = nullptr;
    EXPECT_EQ(wasifs_wasi_new(root.get(), options, &wasi, &error), 0) << wasifs_error_text(error);
    wasifs_error_free(error);
    wasi_.reset(wasi);
  }

  std::int32_t call(const char* name, std::initializer_list<std::uint64_t> args, int abi = kP1) {
    const int index = wasifs_wasi_find_function(abi, name, WASIFS_NUL);
    EXPECT_GE(index, 0) << name;
    return wasifs_wasi_call(wasi_.get(), abi, static_cast<std::size_t>(index), memory.data(), memory.size(),
                            args.begin(), args.size());
  }
  /// Puts a text at `address`; gives its length.
  std::uint64_t put(std::uint32_t address, std::string_view text) {
    std::memcpy(memory.data() + address, text.data(), text.size());
    return text.size();
  }
  void put32(std::uint32_t address, std::uint32_t value) {
    std::memcpy(memory.data() + address, &value, sizeof(value));
  }
  [[nodiscard]] std::uint32_t get32(std::uint32_t address) const {
    std::uint32_t value = 0;
    std::memcpy(&value, memory.data() + address, sizeof(value));
    return value;
  }
  [[nodiscard]] std::string text(std::uint32_t address) const {
    return reinterpret_cast<const char*>(memory.data() + address);
  }
  std::int32_t write(std::uint32_t fd, std::string_view content) {
    put32(0, 64);
    put32(4, static_cast<std::uint32_t>(put(64, content)));
    return call("fd_write", {fd, 0, 1, 8});
  }
  /// What one read of `fd` gives, "errno N" where it fails.
  std::string read(std::uint32_t fd) {
    put32(0, 64);
    put32(4, 32);
    const std::int32_t error = call("fd_read", {fd, 0, 1, 8});
    if (error != 0) return "errno " + std::to_string(error);
    return {reinterpret_cast<const char*>(memory.data() + 64), get32(8)};
  }
  [[nodiscard]] wasifs_wasi* get() const { return wasi_.get(); }

  std::vector<unsigned char> memory = std::vector<unsigned char>(65536);

 private:
  WasiHandle wasi_;
};

wasifs_wasi_options no_options() { return WASIFS_INIT(wasifs_wasi_options); }

/// The text of the error that a context with these options ends with.
std::string refusal(const RootHandle& root, const wasifs_wasi_options& options) {
  wasifs_wasi* wasi = nullptr;
  wasifs_error* error = nullptr;
  EXPECT_EQ(wasifs_wasi_new(root.get(), &options, &wasi, &error), EINVAL);
  EXPECT_EQ(wasi, nullptr);
  const ErrorHandle told(error);
  return wasifs_error_text(error);
}

TEST(CWasiTest, TheTableTellsWhatToImport) {
  EXPECT_EQ(wasifs_wasi_find_abi("wasi_snapshot_preview1", WASIFS_NUL), WASIFS_WASI_PREVIEW1);
  EXPECT_EQ(wasifs_wasi_find_abi("wasi_unstable", 13), WASIFS_WASI_UNSTABLE);
  EXPECT_EQ(wasifs_wasi_find_abi("wasix_32v1", WASIFS_NUL), WASIFS_WASI_WASIX);
  EXPECT_EQ(wasifs_wasi_find_abi("env", WASIFS_NUL), -1);
  EXPECT_EQ(wasifs_wasi_find_abi(nullptr, 1), -1);
  EXPECT_EQ(wasifs_wasi_function_count(kP1), 46U);
  for (const int abi : {WASIFS_WASI_PREVIEW1, WASIFS_WASI_UNSTABLE, WASIFS_WASI_WASIX}) {
    for (std::size_t i = 0; i < wasifs_wasi_function_count(abi); ++i) {
      const wasifs_wasi_function* function = wasifs_wasi_function_at(abi, i);
      ASSERT_NE(function, nullptr);
      EXPECT_EQ(std::string(function->params).find_first_not_of("iI"), std::string::npos);
      EXPECT_EQ(wasifs_wasi_find_function(abi, function->name, WASIFS_NUL), static_cast<int>(i));
    }
    EXPECT_EQ(wasifs_wasi_function_at(abi, wasifs_wasi_function_count(abi)), nullptr);
  }
  const auto exit = static_cast<std::size_t>(wasifs_wasi_find_function(kP1, "proc_exit", 9));
  EXPECT_EQ(wasifs_wasi_function_at(kP1, exit)->returns, 0);
  for (const int abi : {-1, 3}) {
    EXPECT_EQ(wasifs_wasi_function_count(abi), 0U);
    EXPECT_EQ(wasifs_wasi_function_at(abi, 0), nullptr);
    EXPECT_EQ(wasifs_wasi_find_function(abi, "fd_write", WASIFS_NUL), -1);
  }
  EXPECT_EQ(wasifs_wasi_find_function(kP1, nullptr, 1), -1);
  EXPECT_EQ(wasifs_wasi_find_function(kP1, "fd_sing", WASIFS_NUL), -1);
}

TEST(CWasiTest, WithoutOptionsAGuestHasWhatTheRootSays) {
  const BuilderHandle builder = empty_builder();
  ASSERT_EQ(wasifs_builder_add_arg(builder.get(), "prog", WASIFS_NUL), 0);
  ASSERT_EQ(wasifs_builder_add_env(builder.get(), "A", 1, "1", 1), 0);
  const RootHandle root = build(builder);
  Guest guest(root);
  EXPECT_EQ(guest.call("args_sizes_get", {0, 4}), 0);
  EXPECT_EQ(guest.get32(0), 1U);
  EXPECT_EQ(guest.call("environ_get", {0, 64}), 0);
  EXPECT_EQ(guest.text(64), "A=1");
  EXPECT_EQ(guest.call("fd_prestat_get", {3, 0}), 0) << "the default preopens";
}

TEST(CWasiTest, OptionsReplaceWhatTheRootSays) {
  const RootHandle root = root_with(memory_fs());
  const std::array args = {"p", "q"};
  const std::array<const char*, 1> env = {"B=2"};
  const std::array<wasifs_preopen, 1> preopens = {
      {{.alias = "/work", .path = "/m", .read = 1, .write = 0, .create = 1}}};
  wasifs_wasi_options options = no_options();
  options.args = args.data();
  options.arg_count = args.size();
  options.env = env.data();
  options.env_count = env.size();
  options.preopens = preopens.data();
  options.preopen_count = preopens.size();
  options.max_fds = 5;
  Guest guest(root, &options);
  EXPECT_EQ(guest.call("args_sizes_get", {0, 4}), 0);
  EXPECT_EQ(guest.get32(0), 2U);
  EXPECT_EQ(guest.call("fd_prestat_dir_name", {3, 64, 5}), 0);
  EXPECT_EQ(guest.text(64), "/work");
  EXPECT_EQ(guest.call("fd_prestat_get", {4, 0}), number(wasi::Errno::badf));
  const std::uint64_t all = 0x1fffffff;
  const std::uint64_t length = guest.put(64, "note");
  const auto open = [&] { return guest.call("path_open", {3, 0, 64, length, 1, all & 0x46, 0, 0, 0}); };
  EXPECT_EQ(open(), 0) << "create implies write";
  EXPECT_EQ(open(), number(wasi::Errno::mfile)) << "max_fds";
  EXPECT_EQ(guest.write(4, "from a guest"), 0);
  EXPECT_EQ(read_file(root, "/m/note"), "from a guest");
}

TEST(CWasiTest, AnEmptyArrayReplacesToo) {
  const BuilderHandle builder = empty_builder();
  ASSERT_EQ(wasifs_builder_add_arg(builder.get(), "prog", WASIFS_NUL), 0);
  const RootHandle root = build(builder);
  const char* const none[] = {nullptr};
  wasifs_wasi_options options = no_options();
  options.args = none;
  options.no_preopens = 1;
  Guest guest(root, &options);
  EXPECT_EQ(guest.call("args_sizes_get", {0, 4}), 0);
  EXPECT_EQ(guest.get32(0), 0U);
  EXPECT_EQ(guest.call("fd_prestat_get", {3, 0}), number(wasi::Errno::badf));
}

TEST(CWasiTest, OptionsThatCannotBeAreTold) {
  const RootHandle root = root_with(memory_fs());
  wasifs_wasi_options options = no_options();
  options.flags = 8;
  EXPECT_NE(refusal(root, options).find("options.flags"), std::string::npos);
  options = no_options();
  options.arg_count = 1;
  EXPECT_NE(refusal(root, options).find("options.args"), std::string::npos);
  options = no_options();
  options.env_count = 1;
  EXPECT_NE(refusal(root, options).find("options.env"), std::string::npos);
  options = no_options();
  options.preopen_count = 1;
  EXPECT_NE(refusal(root, options).find("options.preopens"), std::string::npos);
  std::array<wasifs_preopen, 1> preopens{};
  options.preopens = preopens.data();
  EXPECT_NE(refusal(root, options).find("must not hold a NULL"), std::string::npos);
  preopens[0].alias = preopens[0].path = "/";
  EXPECT_NE(refusal(root, options).find("must allow something"), std::string::npos);
  options = no_options();
  options.stdio[0].kind = 9;
  EXPECT_NE(refusal(root, options).find("options.stdio"), std::string::npos);
  options.stdio[0] = {
      .kind = WASIFS_STREAM_FD, .fd = -1, .data = {}, .size = {}, .read = {}, .write = {}, .user = {}};
  EXPECT_NE(refusal(root, options).find("no descriptor"), std::string::npos);
  options.stdio[0].kind = WASIFS_STREAM_BYTES;
  options.stdio[0].size = 4;
  EXPECT_NE(refusal(root, options).find("no data"), std::string::npos);
  options = no_options();
  options.struct_size = 0;
  EXPECT_NE(refusal(root, options).find("struct_size"), std::string::npos);
  wasifs_wasi* wasi = nullptr;
  EXPECT_EQ(wasifs_wasi_new(nullptr, nullptr, &wasi, nullptr), EINVAL);
  EXPECT_EQ(wasifs_wasi_new(root.get(), nullptr, nullptr, nullptr), EINVAL);
}

TEST(CWasiTest, OptionsOfAnOlderProgramEndWhereItSays) {
  wasifs_wasi_options options = no_options();
  options.struct_size = offsetof(wasifs_wasi_options, stdio);
  options.stdio[1].kind = 99;  // behind what that program knows
  const Guest guest(root_with(memory_fs()), &options);
  EXPECT_NE(guest.get(), nullptr);
}

TEST(CWasiTest, StreamsAreBytes) {
  const RootHandle root = root_with(memory_fs());
  wasifs_wasi_options options = no_options();
  std::string input = "typed";
  options.stdio[0].kind = WASIFS_STREAM_BYTES;
  options.stdio[0].data = input.data();
  options.stdio[0].size = input.size();
  options.stdio[1].kind = WASIFS_STREAM_BYTES;
  Guest guest(root, &options);
  input = "?????";
  EXPECT_EQ(guest.read(0), "typed") << "it was copied";
  EXPECT_EQ(guest.read(0), "");
  EXPECT_EQ(guest.write(1, "one "), 0);
  EXPECT_EQ(guest.write(1, "two"), 0);
  EXPECT_EQ(guest.write(2, "discarded"), 0);
  const void* data = nullptr;
  std::size_t size = 0;
  ASSERT_EQ(wasifs_wasi_output(guest.get(), 1, &data, &size), 0);
  EXPECT_EQ(std::string(static_cast<const char*>(data), size), "one two");
  EXPECT_EQ(wasifs_wasi_output(guest.get(), 2, &data, &size), EINVAL) << "not kept";
  EXPECT_EQ(wasifs_wasi_output(guest.get(), 0, &data, &size), EINVAL);
  EXPECT_EQ(wasifs_wasi_output(guest.get(), 3, &data, &size), EINVAL);
  EXPECT_EQ(wasifs_wasi_output(nullptr, 1, &data, &size), EINVAL);
  EXPECT_EQ(wasifs_wasi_output(guest.get(), 1, nullptr, &size), EINVAL);
  EXPECT_EQ(wasifs_wasi_output(guest.get(), 1, &data, nullptr), EINVAL);
}

TEST(CWasiTest, StreamsAreDescriptorsOfTheHost) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  wasifs_wasi_options options = no_options();
  options.stdio[0].kind = WASIFS_STREAM_FD;
  options.stdio[0].fd = ends[0];
  options.stdio[1].kind = WASIFS_STREAM_FD;
  options.stdio[1].fd = ends[1];
  {
    Guest guest(root_with(memory_fs()), &options);
    EXPECT_EQ(guest.write(1, "through a pipe"), 0);
    EXPECT_EQ(guest.read(0), "through a pipe");
  }
  EXPECT_EQ(close(ends[0]), 0) << "it stayed ours";
  EXPECT_EQ(close(ends[1]), 0);
}

TEST(CWasiTest, StreamsAreCallbacks) {
  struct User {
    std::string written;
    std::size_t extra = 0;
  } user;
  wasifs_wasi_options options = no_options();
  options.stdio[0].kind = WASIFS_STREAM_CALLBACK;
  options.stdio[0].user = &user;
  options.stdio[0].read = [](void* to, void* buffer, std::size_t size, std::size_t* done) {
    std::memset(buffer, 'r', 2);
    *done = 2 + static_cast<User*>(to)->extra * size;
    return 0;
  };
  options.stdio[1].kind = WASIFS_STREAM_CALLBACK;
  options.stdio[1].user = &user;
  options.stdio[1].write = [](void* to, const void* data, std::size_t size, std::size_t* done) {
    static_cast<User*>(to)->written.append(static_cast<const char*>(data), size);
    *done = size;
    return 0;
  };
  options.stdio[2].kind = WASIFS_STREAM_CALLBACK;
  options.stdio[2].write = [](void*, const void*, std::size_t, std::size_t*) { return EPIPE; };
  Guest guest(root_with(memory_fs()), &options);
  EXPECT_EQ(guest.read(0), "rr");
  EXPECT_EQ(guest.write(1, "called back"), 0);
  EXPECT_EQ(user.written, "called back");
  EXPECT_EQ(guest.write(2, "x"), number(wasi::Errno::pipe));
  user.extra = 1;
  EXPECT_EQ(guest.read(0), "errno " + std::to_string(number(wasi::Errno::io)))
      << "more than there is room for";
}

TEST(CWasiTest, ClockRandomAndWaitingAreTheCallers) {
  struct User {
    std::uint64_t waited = 0;
    int error = 0;
  } user;
  wasifs_wasi_options options = no_options();
  options.user = &user;
  options.clock = [](void* to, std::uint32_t clock, std::uint64_t* nanoseconds) {
    *nanoseconds = 1000 + clock;
    return static_cast<User*>(to)->error;
  };
  options.random = [](void*, void* buffer, std::size_t size) {
    std::memset(buffer, 7, size);
    return 0;
  };
  options.wait = [](void* to, wasifs_wait_fd*, std::size_t, std::uint64_t timeout) {
    static_cast<User*>(to)->waited = timeout;
    return 0;
  };
  Guest guest(root_with(memory_fs()), &options);
  EXPECT_EQ(guest.call("clock_time_get", {1, 0, 0}), 0);
  EXPECT_EQ(guest.get32(0), 1001U);
  EXPECT_EQ(guest.call("random_get", {16, 3}), 0);
  EXPECT_EQ(guest.text(16), "\x07\x07\x07");
  // A subscription: a relative timeout of an hour on the monotonic clock.
  guest.put32(128 + 16, 1);
  const std::uint64_t hour = 3'600'000'000'000;
  std::memcpy(guest.memory.data() + 128 + 24, &hour, sizeof(hour));
  EXPECT_EQ(guest.call("poll_oneoff", {128, 256, 1, 512}), 0);
  EXPECT_EQ(user.waited, hour);
  user.error = EPERM;
  EXPECT_EQ(guest.call("clock_time_get", {0, 0, 0}), number(wasi::Errno::perm));
}

TEST(CWasiTest, EachCallIsTraced) {
  struct Call {
    std::string function;
    std::string path;
    std::size_t args;
    std::uint32_t result;
    int exited;
    std::uint32_t code;
  };
  std::vector<Call> calls;
  wasifs_wasi_options options = no_options();
  options.user = &calls;
  options.trace = [](void* to, const wasifs_wasi_event* event) {
    EXPECT_EQ(event->struct_size, sizeof(wasifs_wasi_event));
    EXPECT_EQ(event->abi, kP1);
    static_cast<std::vector<Call>*>(to)->push_back(
        {event->function, std::string(event->path, event->path_len), event->arg_count, event->result,
         event->exited, event->exit_code});
  };
  Guest guest(root_with(memory_fs()), &options);
  EXPECT_EQ(guest.call("path_unlink_file", {3, 64, guest.put(64, "none")}), number(wasi::Errno::noent));
  EXPECT_EQ(guest.call("proc_exit", {42}), WASIFS_WASI_EXITED);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].function, "path_unlink_file");
  EXPECT_EQ(calls[0].path, "none");
  EXPECT_EQ(calls[0].args, 3U);
  EXPECT_EQ(calls[0].result, static_cast<std::uint32_t>(number(wasi::Errno::noent)));
  EXPECT_EQ(calls[0].exited, 0);
  EXPECT_EQ(calls[1].function, "proc_exit");
  EXPECT_EQ(calls[1].exited, 1);
  EXPECT_EQ(calls[1].code, 42U);
}

TEST(CWasiTest, ExitIsAResultAndNotAJump) {
  Guest guest(root_with(memory_fs()));
  EXPECT_EQ(wasifs_wasi_exit_code(guest.get()), 0U);
  EXPECT_EQ(guest.call("proc_exit", {7}), WASIFS_WASI_EXITED);
  EXPECT_EQ(wasifs_wasi_exit_code(guest.get()), 7U);
  EXPECT_EQ(wasifs_wasi_exit_code(nullptr), 0U);
}

TEST(CWasiTest, CallsThatCannotBeAreRefused) {
  Guest guest(root_with(memory_fs()));
  const std::uint64_t args[] = {0, 0};
  const auto call = [&](wasifs_wasi* wasi, int abi, std::size_t index, void* memory, std::size_t size,
                        const std::uint64_t* values) {
    return wasifs_wasi_call(wasi, abi, index, memory, size, values, 2);
  };
  const auto index = static_cast<std::size_t>(wasifs_wasi_find_function(kP1, "args_sizes_get", WASIFS_NUL));
  EXPECT_EQ(call(guest.get(), kP1, index, nullptr, 0, args), number(wasi::Errno::fault));
  EXPECT_EQ(call(guest.get(), kP1, index, nullptr, 8, args), number(wasi::Errno::inval));
  EXPECT_EQ(call(guest.get(), kP1, index, guest.memory.data(), 8, nullptr), number(wasi::Errno::inval));
  EXPECT_EQ(call(nullptr, kP1, index, guest.memory.data(), 8, args), number(wasi::Errno::inval));
  EXPECT_EQ(call(guest.get(), 3, index, guest.memory.data(), 8, args), number(wasi::Errno::nosys));
  EXPECT_EQ(call(guest.get(), kP1, 46, guest.memory.data(), 8, args), number(wasi::Errno::nosys));
  EXPECT_EQ(wasifs_wasi_call(guest.get(), kP1, index, guest.memory.data(), 8, args, 1),
            number(wasi::Errno::nosys));
  wasifs_wasi_free(nullptr);
}

TEST(CWasiTest, GuestsOfManyThreadsShareOneRoot) {
  const RootHandle root = root_with(memory_fs());
  const std::array<wasifs_preopen, 1> preopens = {
      {{.alias = "/", .path = "/m", .read = 1, .write = 1, .create = 1}}};
  wasifs_wasi_options options = no_options();
  options.preopens = preopens.data();
  options.preopen_count = 1;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&root, &options, t] {
      Guest guest(root, &options);
      for (int i = 0; i < 50; ++i) {
        const std::string name = "f" + std::to_string(t) + "-" + std::to_string(i);
        const std::uint64_t length = guest.put(1024, name);
        ASSERT_EQ(guest.call("path_open", {3, 0, 1024, length, 1, 0x46, 0, 0, 512}), 0);
        const std::uint32_t fd = guest.get32(512);
        EXPECT_EQ(guest.write(fd, name), 0);
        EXPECT_EQ(guest.call("fd_close", {fd}), 0);
        EXPECT_EQ(read_file(root, ("/m/" + name).c_str()), name) << "C sees it at once";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(entries(open_dir(root, "/m").get()).size(), 200U);
}

}  // namespace
}  // namespace wasifs::test
