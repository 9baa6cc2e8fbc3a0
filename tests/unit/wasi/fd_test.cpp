// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "guest.h"

namespace wasifs::test {
namespace {

constexpr u32 kOut = Guest::kOut;
constexpr u32 kSet = 0, kCur = 1, kEnd = 2;

class WasiFd : public ::testing::Test {
 protected:
  Errno seek(u32 fd, std::int64_t offset, u32 whence) {
    return guest.call("fd_seek", {fd, static_cast<u64>(offset), whence, kOut});
  }
  u64 size_of(u32 fd) {
    EXPECT_EQ(guest.call("fd_filestat_get", {fd, kOut}), Errno::success);
    return guest.get<u64>(kOut + 32);
  }
  u64 base_rights(u32 fd) {
    EXPECT_EQ(guest.call("fd_fdstat_get", {fd, kOut}), Errno::success);
    return guest.get<u64>(kOut + 8);
  }

  Guest guest;
};

TEST_F(WasiFd, TheCursorMovesByWhatWasReadAndWritten) {
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  guest.write(fd, "hello world");
  EXPECT_EQ(guest.call("fd_tell", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 11U);
  EXPECT_EQ(guest.read(fd), "");
  EXPECT_EQ(seek(fd, 6, kSet), Errno::success);
  EXPECT_EQ(guest.read(fd, 3), "wor");
  EXPECT_EQ(guest.read(fd, 10), "ld");
}

TEST_F(WasiFd, SeekKnowsTheThreeOriginsAndRefusesWhatLiesOutside) {
  guest.make_file("f", "0123456789");
  const u32 fd = guest.open("f");
  EXPECT_EQ(seek(fd, 4, kSet), Errno::success);
  EXPECT_EQ(seek(fd, 3, kCur), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 7U);
  EXPECT_EQ(seek(fd, -2, kEnd), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 8U);
  EXPECT_EQ(seek(fd, -9, kCur), Errno::inval);
  EXPECT_EQ(seek(fd, INT64_MIN, kSet), Errno::inval);
  EXPECT_EQ(seek(fd, INT64_MAX, kCur), Errno::inval);
  EXPECT_EQ(seek(fd, 0, 3), Errno::inval);
  EXPECT_EQ(seek(fd, 0, kCur), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 8U);
  EXPECT_EQ(guest.call("fd_seek", {fd, 5, kSet, 0xffff'ffff}), Errno::fault);
  EXPECT_EQ(guest.call("fd_tell", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 8U);
}

TEST_F(WasiFd, PreadAndPwriteLeaveTheCursorAlone) {
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  EXPECT_EQ(guest.call("fd_pwrite", {fd, guest.iovecs({"abc"}), 1, 5, kOut}), Errno::success);
  EXPECT_EQ(size_of(fd), 8U);
  EXPECT_EQ(guest.call("fd_tell", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 0U);
  const u32 iov = guest.iovecs({"....."});
  EXPECT_EQ(guest.call("fd_pread", {fd, iov, 1, 6, kOut}), Errno::success);
  EXPECT_EQ(guest.text(guest.get<u32>(iov), guest.get<u32>(kOut)), "bc");
  EXPECT_EQ(guest.call("fd_pread", {fd, iov, 1, u64{1} << 63, kOut}), Errno::inval);
  EXPECT_EQ(guest.call("fd_pwrite", {fd, iov, 1, ~u64{0}, kOut}), Errno::inval);
}

TEST_F(WasiFd, AppendingIgnoresTheCursorAndCanBeSwitched) {
  guest.make_file("f", "one");
  const u32 fd = guest.open("f", 0, kEveryRight, kAppend);
  EXPECT_EQ(seek(fd, 0, kSet), Errno::success);
  guest.write(fd, "two");
  EXPECT_EQ(guest.call("fd_tell", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut), 6U);
  EXPECT_EQ(guest.call("fd_fdstat_get", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest.get<std::uint16_t>(kOut + 2), kAppend);
  EXPECT_EQ(guest.call("fd_fdstat_set_flags", {fd, 0}), Errno::success);
  EXPECT_EQ(seek(fd, 0, kSet), Errno::success);
  guest.write(fd, "ONE");
  EXPECT_EQ(guest.call("fd_fdstat_set_flags", {fd, kAppend}), Errno::success);
  guest.write(fd, "!");
  EXPECT_EQ(guest.file("f"), "ONEtwo!");
  EXPECT_EQ(guest.call("fd_fdstat_set_flags", {fd, 32}), Errno::inval);
}

TEST_F(WasiFd, WritesThatMustBeDurableAreSynchronised) {
  for (const u32 flag : {2U, 8U, 16U, 2U | 16U}) {
    const u32 fd = guest.open("f", kCreat, kEveryRight, flag);
    guest.write(fd, "x");
    EXPECT_EQ(guest.call("fd_close", {fd}), Errno::success);
  }
  const u32 fd = guest.open("f", 0, kEveryRight);
  EXPECT_EQ(guest.call("fd_sync", {fd}), Errno::success);
  EXPECT_EQ(guest.call("fd_datasync", {fd}), Errno::success);
  EXPECT_EQ(guest.call("fd_sync", {3}), Errno::success);
  EXPECT_EQ(guest.call("fd_datasync", {3}), Errno::success);
  EXPECT_EQ(guest.call("fd_sync", {99}), Errno::badf);
}

TEST_F(WasiFd, TheSizeIsSetAndSpaceAllocated) {
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  EXPECT_EQ(guest.call("fd_filestat_set_size", {fd, 100}), Errno::success);
  EXPECT_EQ(size_of(fd), 100U);
  EXPECT_EQ(guest.call("fd_allocate", {fd, 90, 20}), Errno::success);
  EXPECT_EQ(size_of(fd), 110U);
  EXPECT_EQ(guest.call("fd_allocate", {fd, 0, 50}), Errno::success);
  EXPECT_EQ(size_of(fd), 110U);
  EXPECT_EQ(guest.call("fd_allocate", {fd, 0, 0}), Errno::inval);
  EXPECT_EQ(guest.call("fd_filestat_set_size", {fd, u64{1} << 63}), Errno::fbig);
  EXPECT_EQ(guest.call("fd_filestat_set_size", {fd, 3}), Errno::success);
  EXPECT_EQ(size_of(fd), 3U);
}

TEST_F(WasiFd, AdviceIsCheckedAndTaken) {
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  EXPECT_EQ(guest.call("fd_advise", {fd, 0, 10, 5}), Errno::success);
  EXPECT_EQ(guest.call("fd_advise", {fd, 0, 10, 6}), Errno::inval);
  EXPECT_EQ(guest.call("fd_advise", {fd, ~u64{0}, 0, 0}), Errno::inval);
  EXPECT_EQ(guest.call("fd_advise", {fd, 10, File::kMaxSize, 0}), Errno::inval);
  EXPECT_EQ(guest.call("fd_advise", {9, 0, 0, 0}), Errno::badf);
}

TEST_F(WasiFd, FilestatHasWhatTheTreeSays) {
  guest.make_file("f", "12345");
  ASSERT_EQ(guest.call("path_link", {3, 0, guest.put("f"), 1, 3, guest.put("g"), 1}), Errno::success);
  const u32 fd = guest.open("f", 0, kEveryRight);
  ASSERT_EQ(guest.call("fd_filestat_set_times", {fd, 1'000'000'001, 2'000'000'002, 1 | 4}), Errno::success);
  ASSERT_EQ(guest.call("fd_filestat_get", {fd, kOut}), Errno::success);
  const Attr attr = *guest.tree->attr(*guest.tree->resolve("/f"));
  EXPECT_EQ(guest.get<u64>(kOut), 1U);
  EXPECT_EQ(guest.get<u64>(kOut + 8), attr.ino);
  EXPECT_EQ(guest.get<u64>(kOut + 16), 4U);
  EXPECT_EQ(guest.get<u64>(kOut + 24), 2U);
  EXPECT_EQ(guest.get<u64>(kOut + 32), 5U);
  EXPECT_EQ(guest.get<u64>(kOut + 40), 1'000'000'001U);
  EXPECT_EQ(guest.get<u64>(kOut + 48), 2'000'000'002U);
  EXPECT_EQ(attr.mtime, (Time{.sec = 2, .nsec = 2}));
}

TEST_F(WasiFd, TimesThatWasiCannotSayAreTheNearestThatItCan) {
  guest.make_file("f", "");
  const VNode node = *guest.tree->resolve("/f");
  const u32 fd = guest.open("f");
  SetAttr change;
  change.atime = Time{.sec = -5, .nsec = 1};
  change.mtime = Time{.sec = INT64_MAX, .nsec = 0};
  ASSERT_TRUE(guest.tree->set_attr(node, change));
  ASSERT_EQ(guest.call("fd_filestat_get", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 40), 0U);
  EXPECT_EQ(guest.get<u64>(kOut + 48), UINT64_MAX);
}

TEST_F(WasiFd, NowIsTheHostsAndContradictionsAreRefused) {
  wasi::ContextOptions options = Guest::whole_tree();
  auto host = std::make_shared<FakeHost>();
  host->time = 3'000'000'004;
  options.host = host;
  Guest other(memory_tree(), std::move(options));
  const u32 fd = other.open("f", kCreat, kEveryRight);
  EXPECT_EQ(other.call("fd_filestat_set_times", {fd, 0, 0, 2 | 8}), Errno::success);
  const Attr attr = *other.tree->attr(*other.tree->resolve("/f"));
  EXPECT_EQ(attr.atime, (Time{.sec = 3, .nsec = 4}));
  EXPECT_EQ(attr.mtime, (Time{.sec = 3, .nsec = 4}));
  EXPECT_EQ(other.call("fd_filestat_set_times", {fd, 0, 0, 1 | 2}), Errno::inval);
  EXPECT_EQ(other.call("fd_filestat_set_times", {fd, 0, 0, 4 | 8}), Errno::inval);
  EXPECT_EQ(other.call("fd_filestat_set_times", {fd, 0, 0, 16}), Errno::inval);
  EXPECT_EQ(other.call("fd_filestat_set_times", {0, 0, 0, 1}), Errno::notcapable);
}

TEST_F(WasiFd, TheLowestFreeNumberIsGiven) {
  const u32 first = guest.open("a", kCreat, kEveryRight);
  const u32 second = guest.open("b", kCreat, kEveryRight);
  const u32 third = guest.open("c", kCreat, kEveryRight);
  EXPECT_EQ(first, 4U);
  EXPECT_EQ(third, 6U);
  EXPECT_EQ(guest.call("fd_close", {second}), Errno::success);
  EXPECT_EQ(guest.call("fd_close", {second}), Errno::badf);
  EXPECT_EQ(guest.call("fd_close", {first}), Errno::success);
  EXPECT_EQ(guest.open("a"), 4U);
  EXPECT_EQ(guest.open("a"), 5U);
  EXPECT_EQ(guest.open("a"), 7U);
}

TEST_F(WasiFd, RenumberMovesAndCloses) {
  guest.make_file("a", "A");
  guest.make_file("b", "B");
  const u32 a = guest.open("a");
  const u32 b = guest.open("b");
  EXPECT_EQ(guest.call("fd_renumber", {a, b}), Errno::success);
  EXPECT_EQ(guest.read(b), "A");
  EXPECT_EQ(guest.call("fd_close", {a}), Errno::badf);
  EXPECT_EQ(guest.call("fd_renumber", {b, 50}), Errno::badf);
  EXPECT_EQ(guest.call("fd_renumber", {50, b}), Errno::badf);
  EXPECT_EQ(guest.call("fd_renumber", {b, b}), Errno::success);
  EXPECT_EQ(guest.open("a"), a);
}

TEST_F(WasiFd, RightsOnlyShrinkAndHold) {
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  const u64 base = base_rights(fd);
  EXPECT_EQ(base & (kFdRead | kFdWrite), kFdRead | kFdWrite);
  EXPECT_EQ(base & (1 << 14), 0U) << "a file is not listed";
  EXPECT_EQ(guest.call("fd_fdstat_set_rights", {fd, kFdRead, 0}), Errno::success);
  EXPECT_EQ(base_rights(fd), kFdRead);
  EXPECT_EQ(guest.call("fd_fdstat_set_rights", {fd, base, 0}), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_fdstat_set_rights", {fd, kFdRead, 1}), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_fdstat_set_rights", {77, 0, 0}), Errno::badf);
  const u32 iov = guest.iovecs({"x"});
  EXPECT_EQ(guest.call("fd_write", {fd, iov, 1, kOut}), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_pread", {fd, iov, 1, 0, kOut}), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_read", {fd, iov, 1, kOut}), Errno::success);
  EXPECT_EQ(guest.call("fd_fdstat_set_rights", {fd, 0, 0}), Errno::success);
  EXPECT_EQ(guest.call("fd_read", {fd, iov, 1, kOut}), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_tell", {fd, kOut}), Errno::notcapable);
}

TEST_F(WasiFd, EachCallNeedsItsRight) {
  // Without a right the call fails, with that one alone it does not.
  const std::map<std::string_view, std::pair<u64, std::vector<u64>>> calls{
      {"fd_datasync", {1 << 0, {}}},
      {"fd_read", {1 << 1, {0, 0, kOut}}},
      {"fd_fdstat_set_flags", {1 << 3, {0}}},
      {"fd_sync", {1 << 4, {}}},
      {"fd_tell", {1 << 5, {kOut}}},
      {"fd_write", {1 << 6, {0, 0, kOut}}},
      {"fd_advise", {1 << 7, {0, 0, 0}}},
      {"fd_allocate", {1 << 8, {0, 1}}},
      {"fd_filestat_get", {1 << 21, {kOut}}},
      {"fd_filestat_set_size", {1 << 22, {1}}},
      {"fd_filestat_set_times", {1 << 23, {1, 1, 1}}},
  };
  for (const auto& [name, needs] : calls) {
    std::vector<u64> args{0};
    args.insert(args.end(), needs.second.begin(), needs.second.end());
    const std::size_t index = *wasi::find_function(Abi::preview1, name);
    for (const bool given : {true, false}) {
      const u32 fd = guest.open("f", kCreat, kEveryRight);
      const u64 rights = given ? needs.first : base_rights(fd) & ~needs.first;
      ASSERT_EQ(guest.call("fd_fdstat_set_rights", {fd, rights, 0}), Errno::success) << name;
      args[0] = fd;
      EXPECT_EQ(guest.context->call(Abi::preview1, index, guest.memory, args).error,
                given ? Errno::success : Errno::notcapable)
          << name;
    }
  }
}

TEST_F(WasiFd, WhatIsOpenIsNoMoreThanMaxFds) {
  wasi::ContextOptions options = Guest::whole_tree();
  options.max_fds = 6;
  Guest few(memory_tree(), std::move(options));
  EXPECT_EQ(few.open("a", kCreat, kEveryRight), 4U);
  EXPECT_EQ(few.open("a"), 5U);
  u32 fd = 0;
  EXPECT_EQ(few.open_into(&fd, "new", kCreat, kEveryRight), Errno::mfile);
  EXPECT_FALSE(few.tree->resolve("/new")) << "nothing is made for a descriptor that is not to be had";
  EXPECT_EQ(few.call(Abi::wasix, "fd_dup", {5, kOut}), Errno::mfile);
  EXPECT_EQ(few.call("fd_close", {4}), Errno::success);
  EXPECT_EQ(few.open("a"), 4U);
}

TEST_F(WasiFd, DirectoriesAreNoFiles) {
  ASSERT_EQ(guest.path_call("path_create_directory", "d"), Errno::success);
  const u32 fd = guest.open("d", kDirectory);
  const u32 iov = guest.iovecs({"x"});
  EXPECT_EQ(guest.call("fd_read", {fd, iov, 1, kOut}), Errno::notcapable);
  EXPECT_EQ(seek(fd, 0, kSet), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_filestat_set_size", {fd, 0}), Errno::notcapable);
  EXPECT_EQ(guest.call("fd_readdir", {fd, kOut, 100, 0, 512}), Errno::success);
  EXPECT_EQ(guest.call("fd_readdir", {guest.open("f", kCreat, kEveryRight), kOut, 100, 0, 512}),
            Errno::notdir);
}

struct Listed {
  u64 next = 0;
  u64 ino = 0;
  std::string name;
  int type = 0;
};

/// All of a directory, read with buffers of `size` bytes.
std::vector<Listed> list(Guest& guest, u32 fd, u32 size) {
  std::vector<Listed> all;
  constexpr u32 kBuffer = 2048;
  for (u64 cookie = 0;;) {
    EXPECT_EQ(guest.call("fd_readdir", {fd, kBuffer, size, cookie, kOut}), Errno::success);
    const u32 used = guest.get<u32>(kOut);
    u32 at = kBuffer;
    while (at + 24 <= kBuffer + used) {
      const u32 length = guest.get<u32>(at + 16);
      if (at + 24 + length > kBuffer + used) break;
      all.push_back({.next = guest.get<u64>(at),
                     .ino = guest.get<u64>(at + 8),
                     .name = guest.text(at + 24, length),
                     .type = guest.get<std::uint8_t>(at + 20)});
      cookie = all.back().next;
      at += 24 + length;
    }
    if (used < size) return all;
    if (all.size() > 1000 || at == kBuffer) return {};  // no progress
  }
}

TEST_F(WasiFd, EveryNameIsListedOnceWhateverTheBuffer) {
  ASSERT_EQ(guest.path_call("path_create_directory", "d"), Errno::success);
  for (int i = 0; i < 20; ++i) guest.make_file("d/file-" + std::to_string(i), "");
  ASSERT_EQ(guest.path_call("path_create_directory", "d/sub"), Errno::success);
  for (const u32 size : {31U, 32U, 33U, 64U, 100U, 1000U, 2000U}) {
    const u32 fd = guest.open("d", kDirectory);
    const std::vector<Listed> all = list(guest, fd, size);
    ASSERT_EQ(all.size(), 23U) << size;
    EXPECT_EQ(all[0].name, ".");
    EXPECT_EQ(all[1].name, "..");
    EXPECT_EQ(all[0].ino, guest.tree->attr(*guest.tree->resolve("/d"))->ino);
    EXPECT_EQ(all[1].ino, guest.tree->attr(guest.tree->root())->ino);
    std::map<std::string, int> types;
    for (const Listed& each : all) types[each.name] = each.type;
    EXPECT_EQ(types.size(), 23U);
    EXPECT_EQ(types["sub"], 3);
    EXPECT_EQ(types["file-7"], 4);
    EXPECT_EQ(guest.call("fd_close", {fd}), Errno::success);
  }
}

TEST_F(WasiFd, AListingGoesOnBehindItsCookieAndCookie0LooksAgain) {
  ASSERT_EQ(guest.path_call("path_create_directory", "d"), Errno::success);
  for (const char* name : {"d/a", "d/b", "d/c"}) guest.make_file(name, "");
  const u32 fd = guest.open("d", kDirectory);
  const std::vector<Listed> all = list(guest, fd, 1000);
  ASSERT_EQ(all.size(), 5U);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    ASSERT_EQ(guest.call("fd_readdir", {fd, 2048, 1000, all[i].next, kOut}), Errno::success);
    EXPECT_EQ(guest.get<u64>(2048 + 8), all[i + 1].ino);
  }
  guest.make_file("d/late", "");
  EXPECT_EQ(list(guest, fd, 1000).size(), 6U);
  for (const u64 cookie : {u64{99'999}, u64{1} << 62, ~u64{0}}) {
    EXPECT_EQ(guest.call("fd_readdir", {fd, 2048, 1000, cookie, kOut}), Errno::success) << cookie;
    EXPECT_EQ(guest.get<u32>(kOut), 0U) << cookie;
  }
}

TEST_F(WasiFd, AnEntryThatDoesNotFitIsCutOffWhereTheBufferEnds) {
  guest.make_file("long-name-of-a-file", "");
  EXPECT_EQ(guest.call("fd_readdir", {3, 2048, 30, 2, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 30U);
  EXPECT_EQ(guest.get<u32>(2048 + 16), 19U);
  EXPECT_EQ(guest.text(2048 + 24, 6), "long-n");
  EXPECT_EQ(guest.call("fd_readdir", {3, 2048, 0, 0, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 0U);
}

TEST_F(WasiFd, PreopensTellTheirNames) {
  ASSERT_EQ(guest.call("fd_prestat_get", {3, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u32>(kOut), 0U);
  EXPECT_EQ(guest.get<u32>(kOut + 4), 1U);
  EXPECT_EQ(guest.call("fd_prestat_dir_name", {3, kOut, 1}), Errno::success);
  EXPECT_EQ(guest.text(kOut, 1), "/");
  EXPECT_EQ(guest.call("fd_prestat_dir_name", {3, kOut, 0}), Errno::nametoolong);
  EXPECT_EQ(guest.call("fd_prestat_get", {4, kOut}), Errno::badf);
  EXPECT_EQ(guest.call("fd_prestat_get", {0, kOut}), Errno::badf);
  EXPECT_EQ(guest.call("fd_prestat_get", {guest.open("f", kCreat, kEveryRight), kOut}), Errno::badf);
}

TEST_F(WasiFd, AnUnlinkedFileLivesUntilItIsClosed) {
  const u32 fd = guest.open("f", kCreat, kEveryRight);
  EXPECT_EQ(guest.path_call("path_unlink_file", "f"), Errno::success);
  guest.write(fd, "still here");
  EXPECT_EQ(seek(fd, 0, kSet), Errno::success);
  EXPECT_EQ(guest.read(fd), "still here");
  EXPECT_EQ(guest.call("fd_filestat_get", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(kOut + 24), 0U);
}

}  // namespace
}  // namespace wasifs::test
