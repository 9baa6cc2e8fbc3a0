// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compose/mount_table.h"
#include "fs/memory/memory_fs.h"
#include "wasifs/tree.h"
#include "wasifs/wasi.h"

namespace wasifs::wasi {

// GoogleTest prints an errno by its name.
inline void PrintTo(Errno error, std::ostream* out) { *out << name_of(error); }

}  // namespace wasifs::wasi

namespace wasifs::test {

using wasi::Abi;
using wasi::Errno;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

inline constexpr Rights kAllRights{.read = true, .write = true, .create = true};
inline constexpr u64 kEveryRight = (u64{1} << 30) - 1;
// Numbers of the witx, written down once more: a test must not take them from what it tests.
inline constexpr u64 kFdRead = 1 << 1;
inline constexpr u64 kFdWrite = 1 << 6;
inline constexpr u32 kCreat = 1, kDirectory = 2, kExcl = 4, kTrunc = 8;
inline constexpr u32 kAppend = 1, kNonblock = 4;
inline constexpr u32 kFollow = 1;

/// A tree over one memory file system.
[[nodiscard]] std::shared_ptr<const Tree> memory_tree();

/// Clocks that stand still, random numbers that are known, waiting that takes no time.
class FakeHost final : public wasi::Host {
 public:
  Result<u64> now(wasi::Clock clock) override { return time + static_cast<u64>(clock); }
  Result<u64> resolution(wasi::Clock clock) override { return 1 + static_cast<u64>(clock); }
  Status random(std::span<std::byte> out) override;
  void yield() override { ++yields; }
  Status wait(std::span<Waited> fds, std::optional<u64> timeout) override;

  u64 time = 1'000;
  int yields = 0;
  std::vector<std::optional<u64>> waits;  ///< the timeouts that were waited for
  int ready_fd = -1;                      ///< what is found ready
};

/// A guest without an engine: 64 KiB of memory, and host functions called by name.
/// Descriptor 3 is "/" unless the options say otherwise.
class Guest {
 public:
  explicit Guest(std::shared_ptr<const Tree> tree = memory_tree(),
                 wasi::ContextOptions options = whole_tree());

  /// Preopens "/" with all rights.
  [[nodiscard]] static wasi::ContextOptions whole_tree();

  Errno call(Abi abi, std::string_view name, std::initializer_list<u64> args);
  Errno call(std::string_view name, std::initializer_list<u64> args) {
    return call(Abi::preview1, name, args);
  }

  // The guest's memory. Strings are put at ever new places.
  [[nodiscard]] u32 put(std::string_view text);
  [[nodiscard]] std::string text(u32 address, std::size_t length) const;
  template <class T>
  [[nodiscard]] T get(u32 address) const {
    T value;
    std::memcpy(&value, memory.data() + address, sizeof value);
    return value;
  }
  template <class T>
  void set(u32 address, T value) {
    std::memcpy(memory.data() + address, &value, sizeof value);
  }
  /// An array of iovecs, one for each text, in place.
  [[nodiscard]] u32 iovecs(std::initializer_list<std::string_view> texts);

  // The calls that tests need all the time; what fails is a failed test.
  [[nodiscard]] Errno open_into(u32* fd, std::string_view path, u32 oflags = 0,
                                u64 rights = kEveryRight & ~kFdWrite, u32 fdflags = 0, u32 dir = 3,
                                u32 dirflags = kFollow);
  [[nodiscard]] u32 open(std::string_view path, u32 oflags = 0, u64 rights = kEveryRight & ~kFdWrite,
                         u32 fdflags = 0, u32 dir = 3);
  void write(u32 fd, std::string_view content);
  [[nodiscard]] std::string read(u32 fd, u32 length = 1000);
  void make_file(std::string_view path, std::string_view content);
  [[nodiscard]] std::string file(std::string_view path);
  /// A function that takes a descriptor and one path.
  Errno path_call(std::string_view name, std::string_view path, u32 dir = 3);

  /// Where out parameters go: 1 KiB that nothing else uses.
  static constexpr u32 kOut = 1024;

  std::shared_ptr<const Tree> tree;
  std::vector<std::byte> memory = std::vector<std::byte>(64 * 1024);
  std::unique_ptr<wasi::Context> context;

 private:
  u32 free_ = 4096;
};

}  // namespace wasifs::test
