// SPDX-License-Identifier: Apache-2.0
// What a guest says about its memory is not trusted.
#include <algorithm>

#include "guest.h"

namespace wasifs::test {
namespace {

constexpr u64 kTop = 0xffff'ffff;

TEST(WasiMemory, AnAddressOutsideIsAFaultAndNothingIsWritten) {
  Guest guest;
  guest.make_file("f", "content");
  const std::vector<std::byte> before = guest.memory;
  const u32 size = static_cast<u32>(guest.memory.size());
  for (const u64 out : {u64{size}, u64{size - 3}, kTop, kTop - 3, u64{0x8000'0000}}) {
    EXPECT_EQ(guest.call("args_sizes_get", {out, 0}), Errno::fault);
    EXPECT_EQ(guest.call("fd_fdstat_get", {3, out}), Errno::fault);
    EXPECT_EQ(guest.call("fd_filestat_get", {3, out}), Errno::fault);
    EXPECT_EQ(guest.call("fd_prestat_get", {3, out}), Errno::fault);
    EXPECT_EQ(guest.call("clock_time_get", {0, 0, out}), Errno::fault);
    EXPECT_EQ(guest.call("clock_res_get", {0, out}), Errno::fault);
    EXPECT_EQ(guest.call("random_get", {out, 4}), Errno::fault);
    EXPECT_EQ(guest.call("fd_write", {1, out, 1, Guest::kOut}), Errno::fault);
    EXPECT_EQ(guest.call("path_filestat_get", {3, 0, out, 4, Guest::kOut}), Errno::fault);
    EXPECT_EQ(guest.call("fd_readdir", {3, out, 8, 0, Guest::kOut}), Errno::fault);
    EXPECT_EQ(guest.call("poll_oneoff", {out, Guest::kOut, 1, Guest::kOut}), Errno::fault);
    EXPECT_EQ(guest.call(Abi::wasix, "getcwd", {0, out}), Errno::fault);
  }
  EXPECT_EQ(guest.memory, before);
}

TEST(WasiMemory, AStructThatEndsAtTheLastByteFits) {
  Guest guest;
  const u32 size = static_cast<u32>(guest.memory.size());
  EXPECT_EQ(guest.call("fd_fdstat_get", {3, size - 24}), Errno::success);
  EXPECT_EQ(guest.call("fd_fdstat_get", {3, size - 23}), Errno::fault);
  EXPECT_EQ(guest.call("fd_filestat_get", {3, size - 64}), Errno::success);
  EXPECT_EQ(guest.call("fd_filestat_get", {3, size - 63}), Errno::fault);
  EXPECT_EQ(guest.call(Abi::unstable, "fd_filestat_get", {3, size - 56}), Errno::success);
  EXPECT_EQ(guest.call(Abi::unstable, "fd_filestat_get", {3, size - 55}), Errno::fault);
}

TEST(WasiMemory, SumsAreNotComputedIn32Bits) {
  Guest guest;
  guest.make_file("f", "content");
  const u32 fd = guest.open("f");
  // 0xfffffff0 + 0x20 wraps to 0x10, which would lie within.
  const u32 iov = guest.put(std::string(8, '\0'));
  guest.set<u32>(iov, 0xffff'fff0);
  guest.set<u32>(iov + 4, 0x20);
  EXPECT_EQ(guest.call("fd_read", {fd, iov, 1, Guest::kOut}), Errno::fault);
  // 0x20000001 iovecs of 8 bytes are 8 bytes modulo 2^32.
  EXPECT_EQ(guest.call("fd_read", {fd, iov, 0x2000'0001, Guest::kOut}), Errno::fault);
  // So many subscriptions are 48 bytes modulo 2^32, too.
  EXPECT_EQ(guest.call("poll_oneoff", {iov, Guest::kOut, 0x1000'0001, Guest::kOut}), Errno::inval);
  EXPECT_EQ(guest.call("path_open", {3, 0, 0xffff'ff00, 0x200, 0, 0, 0, 0, Guest::kOut}), Errno::fault);
}

TEST(WasiMemory, AGuestWithoutMemoryFaults) {
  Guest guest;
  const std::size_t index = *wasi::find_function(Abi::preview1, "random_get");
  const u64 args[2] = {0, 1};
  EXPECT_EQ(guest.context->call(Abi::preview1, index, {}, args).error, Errno::fault);
  const u64 nothing[2] = {0, 0};
  EXPECT_EQ(guest.context->call(Abi::preview1, index, {}, nothing).error, Errno::success);
}

TEST(WasiMemory, NoBytesLieAnywhere) {
  Guest guest;
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  const u32 iov = guest.put(std::string(8, '\0'));
  guest.set<u32>(iov, 0xffff'ffff);
  guest.set<u32>(iov + 4, 0);
  EXPECT_EQ(guest.call("fd_write", {fd, iov, 1, Guest::kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(Guest::kOut), 0U);
  EXPECT_EQ(guest.call("fd_write", {fd, 0xffff'fff0, 0, Guest::kOut}), Errno::success);
}

TEST(WasiMemory, UpperHalvesOfArgumentsOf32BitsAreIgnored) {
  Guest guest;
  EXPECT_EQ(guest.call("fd_fdstat_get", {0xdead'beef'0000'0003, u64{0x1234'0000'0000} | Guest::kOut}),
            Errno::success);
}

TEST(WasiIoVectors, ManyBuffersAreReadAndWrittenInOrder) {
  Guest guest;
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  const u32 ten = guest.iovecs({"a", "bb", "", "ccc", "d", "e", "f", "g", "h", "i"});
  ASSERT_EQ(guest.call("fd_write", {fd, ten, 10, Guest::kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(Guest::kOut), 12U);
  EXPECT_EQ(guest.file("f"), "abbcccdefghi");
  const u32 two = guest.iovecs({"xxxx", "yyyyyyyyyyyyyyyy"});
  ASSERT_EQ(guest.call("fd_pread", {fd, two, 2, 1, Guest::kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(Guest::kOut), 11U);
  EXPECT_EQ(guest.text(guest.get<u32>(two), 4), "bbcc");
  EXPECT_EQ(guest.text(guest.get<u32>(two + 8), 8), "cdefghiy");
}

TEST(WasiIoVectors, MoreThanAFileTakesAtOnceIsWrittenInPieces) {
  Guest guest;
  guest.memory.resize(256 * 1024);
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  const u32 iov = guest.put(std::string(16, '\0'));
  for (u32 i = 0; i < 2; ++i) {
    guest.set<u32>(iov + i * 8, 64 * 1024);
    guest.set<u32>(iov + i * 8 + 4, 100'000);
  }
  ASSERT_EQ(guest.call("fd_write", {fd, iov, 2, Guest::kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(Guest::kOut), 200'000U);
  EXPECT_EQ(guest.tree->attr(*guest.tree->resolve("/f"))->size, 200'000U);
}

TEST(WasiIoVectors, OfTooManyTheFirstAreTakenAndTheTransferIsShort) {
  Guest guest;
  guest.memory.resize(1 << 20);
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  const u32 table = 512 * 1024;
  for (u32 i = 0; i < 1100; ++i) guest.set<u32>(table + i * 8 + 4, 1);
  EXPECT_EQ(guest.call("fd_write", {fd, table, 1100, Guest::kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(Guest::kOut), 1024U);
  std::fill(guest.memory.begin() + table, guest.memory.end(), std::byte{0});
  for (u32 i = 0; i < 4; ++i) guest.set<u32>(table + i * 8 + 4, 1 << 20);
  EXPECT_EQ(guest.call("fd_write", {fd, table, 4, Guest::kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(Guest::kOut), 4U << 20);
}

TEST(WasiIoVectors, NoMoreThan2GiBAreTakenAtOnce) {
  // Each is all of the memory; together they are more than a count of 32 bits can say.
  wasi::ContextOptions options = Guest::whole_tree();
  u64 seen = 0;
  options.stdio[1] =
      wasi::stream_of_callbacks(nullptr, [&](std::span<const std::byte> in) -> Result<std::size_t> {
        seen += in.size();
        return in.size();
      });
  Guest guest(memory_tree(), std::move(options));
  guest.memory.resize(16 << 20);
  for (u32 i = 0; i < 1000; ++i) guest.set<u32>(4096 + i * 8 + 4, 16 << 20);
  EXPECT_EQ(guest.call("fd_write", {1, 4096, 1000, Guest::kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(Guest::kOut), 0x7fff'ffffU);
  EXPECT_EQ(seen, 0x7fff'ffffU);
}

}  // namespace
}  // namespace wasifs::test
