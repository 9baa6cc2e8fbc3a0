// SPDX-License-Identifier: Apache-2.0

// Two guests on one root call WASI host functions at random, through the C ABI. The
// bytes are decoded to calls: mostly a descriptor that is open where the function
// takes one and addresses that lie in memory, and now and then anything at all.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "wasifs/wasifs.h"

namespace {

constexpr std::size_t kMaxCalls = 64;
constexpr std::size_t kMaxMemory = 2048;
constexpr std::int32_t kLastErrno = 76;  // notcapable
constexpr std::array kAbis = {WASIFS_WASI_PREVIEW1, WASIFS_WASI_UNSTABLE, WASIFS_WASI_WASIX};

/// Paths that lie in the guest's memory from 256 on, 16 bytes apart.
constexpr std::array<std::string_view, 16> kPaths = {"a",     "d",          "d/b",  "l",      "loop", "new",
                                                     "d/new", "../a",       "/m/a", "d/../a", ".",    "..",
                                                     "a/",    "d/dangling", "d/",   ""};
constexpr std::size_t kPathAt = 256;
/// Lists of two iovecs lie from 128 on, 16 bytes apart.
constexpr std::size_t kIovecAt = 128;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The input, a piece after the other; zeros behind its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const std::size_t taken = std::min(width, size_);
    std::memcpy(&value, data_, taken);
    data_ += taken;
    size_ -= taken;
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

/// A guest's memory, of exactly its size so that an access past it is noticed.
class Memory {
 public:
  explicit Memory(Bytes& input)
      : size_(input.number(2) % (kMaxMemory + 1)), bytes_(new std::uint8_t[size_]()) {
    for (std::size_t i = 0; i < kPaths.size(); ++i) {
      put(kPathAt + 16 * i, kPaths[i].data(), kPaths[i].size());
    }
    for (std::uint32_t i = 0; i < 8; ++i) {
      const std::array<std::uint32_t, 4> iovecs = {512 + 64 * i, 16 * i, 1024, 32};
      put(kIovecAt + 16 * i, iovecs.data(), sizeof(iovecs));
    }
  }
  void put(std::size_t address, const void* from, std::size_t length) {
    if (address <= size_ && length <= size_ - address) std::memcpy(bytes_.get() + address, from, length);
  }
  void poke(Bytes& input) {
    const std::size_t address = input.number(2);
    const std::uint64_t value = input.number(8);
    put(address, &value, sizeof(value));
  }
  [[nodiscard]] std::uint8_t* data() { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> bytes_;
};

/// One argument of a call; most are sensible for some parameter.
std::uint64_t argument(Bytes& input) {
  const std::uint8_t kind = input.byte();
  const std::uint8_t value = input.byte();
  switch (kind % 8) {
    case 0:
      return value % 10;  // a descriptor
    case 1:
      return kPathAt + 16U * (value % kPaths.size());
    case 2:
      return kIovecAt + 16U * (value % 8);
    case 3:
      return value % 16;  // a length, flags
    case 4:
      return 512 + 4U * value;  // room for results
    case 5:
      return std::uint64_t{1} << (value % 64);
    case 6:
      return UINT64_MAX - value % 16;
    default:
      return input.number(8);
  }
}

void write_file(const wasifs_root* root, const char* path, std::string_view content) {
  require(wasifs_write_file(root, path, WASIFS_NUL, content.data(), content.size()) == 0);
}

wasifs_root* make_root() {
  wasifs_fs* fs = nullptr;
  wasifs_builder* builder = nullptr;
  wasifs_root* root = nullptr;
  require(wasifs_fs_memory(1 << 18, 64, &fs) == 0 && wasifs_builder_new(&builder) == 0);
  require(wasifs_builder_set_empty_base(builder) == 0);
  require(wasifs_builder_add_mount(builder, "/m", WASIFS_NUL, fs, WASIFS_ACCESS_RW) == 0);
  require(wasifs_builder_build(builder, &root, nullptr) == 0);
  wasifs_builder_free(builder);
  wasifs_fs_free(fs);
  require(wasifs_make_dir(root, "/m/d", WASIFS_NUL, 0755) == 0);
  write_file(root, "/m/a", "the content of a");
  write_file(root, "/m/d/b", "");
  require(wasifs_symlink(root, "d/b", 3, "/m/l", WASIFS_NUL) == 0);
  require(wasifs_symlink(root, "loop", 4, "/m/loop", WASIFS_NUL) == 0);
  require(wasifs_symlink(root, "none", 4, "/m/d/dangling", WASIFS_NUL) == 0);
  return root;
}

// What the machine is to a guest: always the same, and nothing ever waits.
int tell_time(void* user, std::uint32_t clock, std::uint64_t* nanoseconds) {
  *nanoseconds = ++*static_cast<std::uint64_t*>(user);
  return clock < 4 ? 0 : 28;
}
int fill(void* /*user*/, void* buffer, std::size_t size) {
  std::memset(buffer, 0x5a, size);
  return 0;
}
int wait_not(void* /*user*/, wasifs_wait_fd* fds, std::size_t count, std::uint64_t timeout) {
  for (std::size_t i = 0; i < count; ++i) fds[i].ready = static_cast<int>(timeout % 2);
  return 0;
}
int read_some(void* /*user*/, void* buffer, std::size_t size, std::size_t* done) {
  *done = std::min<std::size_t>(size, 3);
  std::memset(buffer, 'i', *done);
  return 0;
}
int write_some(void* /*user*/, const void* data, std::size_t size, std::size_t* done) {
  std::array<char, 5> taken{};
  *done = std::min(size, taken.size());
  std::memcpy(taken.data(), data, *done);
  return 0;
}
void check_event(void* /*user*/, const wasifs_wasi_event* event) {
  require(event->result <= static_cast<std::uint32_t>(kLastErrno) && event->arg_count <= 16);
}

wasifs_wasi* make_guest(const wasifs_root* root, std::uint8_t choice, std::uint64_t& clock) {
  constexpr std::array<const char*, 2> kArgs = {"prog", ""};
  constexpr std::array<wasifs_preopen, 2> kPreopens = {
      {{.alias = "/", .path = "/m", .read = 1, .write = 1, .create = 1},
       {.alias = "d", .path = "/m/d", .read = 1, .write = 0, .create = 0}}};
  wasifs_wasi_options options = WASIFS_INIT(wasifs_wasi_options);
  options.flags = choice % 8;
  options.args = kArgs.data();
  options.arg_count = kArgs.size();
  options.preopens = kPreopens.data();
  options.preopen_count = kPreopens.size();
  options.max_fds = 12;
  options.stdio[0].kind = (choice & 8) != 0 ? WASIFS_STREAM_BYTES : WASIFS_STREAM_CALLBACK;
  options.stdio[0].data = "typed";
  options.stdio[0].size = 5;
  options.stdio[0].read = read_some;
  options.stdio[1].kind = (choice & 16) != 0 ? WASIFS_STREAM_BYTES : WASIFS_STREAM_CALLBACK;
  options.stdio[1].write = write_some;
  options.clock = tell_time;
  options.random = fill;
  options.wait = wait_not;
  options.trace = check_event;
  options.user = &clock;
  wasifs_wasi* wasi = nullptr;
  require(wasifs_wasi_new(root, &options, &wasi, nullptr) == 0);
  return wasi;
}

void call(wasifs_wasi* wasi, Memory& memory, Bytes& input) {
  const int abi = kAbis[input.byte() % kAbis.size()];
  const std::size_t index = input.byte() % (wasifs_wasi_function_count(abi) + 1);
  const wasifs_wasi_function* function = wasifs_wasi_function_at(abi, index);
  const std::size_t count = function == nullptr ? 1 : std::strlen(function->params);
  std::array<std::uint64_t, 16> args{};
  require(count <= args.size());
  for (std::size_t i = 0; i < count; ++i) args[i] = argument(input);
  const std::int32_t result =
      wasifs_wasi_call(wasi, abi, index, memory.data(), memory.size(), args.data(), count);
  const bool exits = function != nullptr && function->returns == 0;
  require(result == WASIFS_WASI_EXITED ? exits : result >= 0 && result <= kLastErrno);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input(data, size);
  std::uint64_t clock = 0;
  wasifs_root* root = make_root();
  const std::uint8_t choice = input.byte();
  const std::array guests = {make_guest(root, choice, clock), make_guest(root, choice / 8, clock)};
  wasifs_root_free(root);
  Memory memory(input);
  for (std::size_t calls = 0; calls < kMaxCalls && !input.empty(); ++calls) {
    const std::uint8_t step = input.byte();
    if (step % 4 == 3) {
      memory.poke(input);
    } else {
      call(guests[step % 2], memory, input);
    }
  }
  for (wasifs_wasi* wasi : guests) wasifs_wasi_free(wasi);
  return 0;
}
