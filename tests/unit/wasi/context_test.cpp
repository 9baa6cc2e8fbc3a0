// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <thread>

#include "guest.h"

namespace wasifs::test {
namespace {

using wasi::Context;
using wasi::ContextOptions;
using wasi::PathPolicy;

constexpr u32 kOut = Guest::kOut;

std::string error_of(ContextOptions options, std::shared_ptr<const Tree> tree = memory_tree()) {
  const auto made = Context::create(std::move(tree), std::move(options));
  return made ? "" : made.error().text();
}

TEST(WasiContext, WhatCannotBeStartedWithIsToldByName) {
  EXPECT_EQ(error_of({.args = {std::string("a\0b", 3)}}), "error: argument \"a\\x00b\" holds a NUL");
  EXPECT_EQ(error_of({.env = {std::string("A=\0", 3)}}), "error: variable \"A=\\x00\" holds a NUL");
  EXPECT_EQ(error_of({.env = {"=x"}}), "error: variable \"=x\" is not NAME=VALUE");
  EXPECT_EQ(error_of({.env = {"x"}}), "error: variable \"x\" is not NAME=VALUE");
  EXPECT_EQ(error_of({.cwd = "x"}), "error: working directory \"x\" is not an absolute path");
  EXPECT_EQ(error_of({}, nullptr), "error: there is no tree");
  EXPECT_EQ(error_of({.preopens = {{.alias = "d", .path = "/none", .rights = kAllRights}}}),
            "error: preopen \"d\": \"/none\" cannot be opened: No such file or directory");
  EXPECT_EQ(error_of({.preopens = {{.alias = "d", .path = "/", .rights = {}}}}),
            "error: preopen \"d\": \"/\" has no rights");
  EXPECT_EQ(error_of({.max_fds = 2}),
            "error: max_fds is 2, which is less than the streams and preopens that the guest starts with");
  auto tree = memory_tree();
  Guest(tree).make_file("f", "");
  EXPECT_EQ(error_of({.preopens = {{.alias = "f", .path = "/f", .rights = kAllRights}}}, tree),
            "error: preopen \"f\": \"/f\" is not a directory");
}

TEST(WasiContext, TakesWhatAPreparedRootSays) {
  RunSpec run;
  run.argv = {"prog", "arg"};
  run.env = {{.name = "A", .value = "b=c"}};
  run.cwd = "/home";
  run.preopens = {{.alias = "data", .path = "/data", .rights = kAllRights}};
  const ContextOptions options = ContextOptions::of(run);
  EXPECT_EQ(options.args, run.argv);
  EXPECT_EQ(options.env, std::vector<std::string>{"A=b=c"});
  EXPECT_EQ(options.cwd, "/home");
  ASSERT_EQ(options.preopens.size(), 1U);
  EXPECT_EQ(options.preopens[0].path, "/data");
}

TEST(WasiContext, PreopensAreNumberedInTheirOrder) {
  auto tree = memory_tree();
  {
    Guest guest(tree);
    EXPECT_EQ(guest.path_call("path_create_directory", "b"), Errno::success);
    guest.make_file("b/inside", "");
  }
  Guest guest(tree, {.preopens = {{.alias = "first", .path = "/", .rights = kAllRights},
                                  {.alias = "second", .path = "/b", .rights = kAllRights},
                                  {.alias = "first", .path = "/", .rights = kAllRights}}});
  const auto name = [&](u32 fd) {
    EXPECT_EQ(guest.call("fd_prestat_get", {fd, kOut}), Errno::success);
    const u32 length = guest.get<u32>(kOut + 4);
    EXPECT_EQ(guest.call("fd_prestat_dir_name", {fd, kOut, length}), Errno::success);
    return guest.text(kOut, length);
  };
  EXPECT_EQ(name(3), "first");
  EXPECT_EQ(name(4), "second");
  EXPECT_EQ(name(5), "first");
  EXPECT_EQ(guest.call("fd_prestat_get", {6, kOut}), Errno::badf);
  EXPECT_NE(guest.open("inside", 0, kFdRead, 0, 4), 0U);
  // Nothing above a preopen is the guest's to know, its number neither.
  EXPECT_EQ(guest.call("fd_readdir", {4, 2048, 60, 0, kOut}), Errno::success);
  EXPECT_EQ(guest.get<u64>(2048 + 8), guest.get<u64>(2048 + 25 + 8));
}

TEST(WasiContext, TheLayoutOfWasmerAnswersForTheStreams) {
  ContextOptions options = Guest::whole_tree();
  options.layout = wasi::Layout::wasmer;
  Guest guest(memory_tree(), std::move(options));
  for (u32 fd = 0; fd < 3; ++fd) {
    EXPECT_EQ(guest.call("fd_prestat_get", {fd, kOut}), Errno::success);
    EXPECT_EQ(guest.get<u64>(kOut), 0U);
    EXPECT_EQ(guest.call("fd_prestat_dir_name", {fd, kOut, 0}), Errno::success);
  }
  const u32 file = guest.open("f", kCreat, kEveryRight);
  EXPECT_EQ(guest.call("fd_prestat_get", {file, kOut}), Errno::badf);
  EXPECT_EQ(guest.call("fd_renumber", {file, 0}), Errno::success);
  EXPECT_EQ(guest.call("fd_prestat_get", {0, kOut}), Errno::badf);
}

/// A guest under the policy of wasix, with directories to move about in.
class WasiWasix : public ::testing::Test {
 protected:
  WasiWasix() {
    auto tree = memory_tree();
    {
      Guest maker(tree);
      for (const char* path : {"a", "a/b", "home"}) {
        EXPECT_EQ(maker.path_call("path_create_directory", path), Errno::success);
      }
      maker.make_file("a/file", "in a");
      maker.make_file("home/file", "at home");
    }
    ContextOptions options = Guest::whole_tree();
    options.preopens.push_back({.alias = ".", .path = "/home", .rights = kAllRights});
    options.paths = PathPolicy::wasix;
    options.cwd = "/home";
    guest.emplace(tree, std::move(options));
  }
  std::string content(std::string_view path, u32 dir = 3) {
    u32 fd = 0;
    const Errno opened = guest->open_into(&fd, path, 0, kFdRead, 0, dir);
    return opened == Errno::success ? guest->read(fd) : std::string(name_of(opened));
  }
  Errno chdir(std::string_view path) {
    return guest->call(Abi::wasix, "chdir", {guest->put(path), path.size()});
  }
  std::string getcwd() {
    guest->set<u32>(kOut, 100);
    EXPECT_EQ(guest->call(Abi::wasix, "getcwd", {2048, kOut}), Errno::success);
    EXPECT_EQ(guest->get<std::uint8_t>(2048 + guest->get<u32>(kOut)), 0);
    return guest->text(2048, guest->get<u32>(kOut));
  }

  std::optional<Guest> guest;
};

TEST_F(WasiWasix, AbsolutePathsStartAtTheRootWhateverTheDescriptor) {
  EXPECT_EQ(content("/a/file"), "in a");
  EXPECT_EQ(content("/a/file", 4), "in a");
  EXPECT_EQ(content("/../../a/file", 4), "in a");
}

TEST_F(WasiWasix, DotsLeadUpToTheRootAndNoFurther) {
  const u32 dir = guest->open("a/b", kDirectory);
  EXPECT_EQ(content("../file", dir), "in a");
  EXPECT_EQ(content("../../home/file", dir), "at home");
  EXPECT_EQ(content("../../../../home/file", dir), "at home");
  EXPECT_EQ(content("../a/file", 4), "in a");
  EXPECT_EQ(guest->path_call("path_remove_directory", "a/b"), Errno::success);
  EXPECT_EQ(content("../file", dir), "noent") << "of a directory that is gone nothing is above";
}

TEST_F(WasiWasix, ADotAndASlashMeanTheWorkingDirectory) {
  EXPECT_EQ(content("./file"), "at home");
  EXPECT_EQ(content("file", 4), "at home");
  EXPECT_EQ(chdir("/a"), Errno::success);
  EXPECT_EQ(content("./file"), "in a");
  EXPECT_EQ(content("./file", 4), "in a");
  const u32 dir = guest->open("home", kDirectory);
  EXPECT_EQ(content("./file", dir), "at home") << "of another directory it is that directory";
}

TEST_F(WasiWasix, TheWorkingDirectoryIsToldAndChanged) {
  EXPECT_EQ(getcwd(), "/home");
  EXPECT_EQ(chdir("../a/b"), Errno::success);
  EXPECT_EQ(getcwd(), "/a/b");
  EXPECT_EQ(chdir(".."), Errno::success);
  EXPECT_EQ(getcwd(), "/a");
  EXPECT_EQ(chdir("none"), Errno::noent);
  EXPECT_EQ(chdir("file"), Errno::notdir);
  EXPECT_EQ(chdir(""), Errno::noent);
  EXPECT_EQ(getcwd(), "/a");
  guest->set<u32>(kOut, 1);
  EXPECT_EQ(guest->call(Abi::wasix, "getcwd", {2048, kOut}), Errno::overflow);
  EXPECT_EQ(guest->get<u32>(kOut), 2U) << "how much it takes";
  EXPECT_EQ(guest->call(Abi::wasix, "getcwd", {2048, kOut}), Errno::success);
  EXPECT_EQ(guest->text(2048, 2), "/a");
  EXPECT_EQ(chdir("/"), Errno::success);
  EXPECT_EQ(getcwd(), "/");
}

TEST_F(WasiWasix, AStrictGuestHasNoWorkingDirectoryToLeaveItsPreopensBy) {
  Guest strict;
  EXPECT_EQ(strict.call(Abi::wasix, "chdir", {strict.put("/"), 1}), Errno::notcapable);
}

TEST_F(WasiWasix, DuplicatesShareTheCursorAndAreNoPreopens) {
  const u32 fd = guest->open("a/file");
  ASSERT_EQ(guest->call(Abi::wasix, "fd_dup", {fd, kOut}), Errno::success);
  const u32 copy = guest->get<u32>(kOut);
  EXPECT_NE(copy, fd);
  EXPECT_EQ(guest->read(fd, 2), "in");
  EXPECT_EQ(guest->read(copy), " a");
  EXPECT_EQ(guest->call("fd_close", {fd}), Errno::success);
  EXPECT_EQ(guest->read(copy), "");
  ASSERT_EQ(guest->call(Abi::wasix, "fd_dup2", {copy, 20, 1, kOut}), Errno::success);
  EXPECT_EQ(guest->get<u32>(kOut), 20U);
  ASSERT_EQ(guest->call(Abi::wasix, "fd_dup2", {copy, 20, 0, kOut}), Errno::success);
  EXPECT_EQ(guest->get<u32>(kOut), 21U);
  const auto flags = [&](u32 of) {
    EXPECT_EQ(guest->call(Abi::wasix, "fd_fdflags_get", {of, kOut}), Errno::success);
    return guest->get<std::uint16_t>(kOut);
  };
  EXPECT_EQ(flags(20), 1);
  EXPECT_EQ(flags(21), 0);
  EXPECT_EQ(guest->call(Abi::wasix, "fd_fdflags_set", {21, 1}), Errno::success);
  EXPECT_EQ(flags(21), 1);
  EXPECT_EQ(guest->call(Abi::wasix, "fd_fdflags_set", {21, 2}), Errno::inval);
  EXPECT_EQ(guest->call(Abi::wasix, "fd_fdflags_set", {99, 1}), Errno::badf);
  EXPECT_EQ(guest->call(Abi::wasix, "fd_fdflags_get", {99, kOut}), Errno::badf);
  EXPECT_EQ(guest->call(Abi::wasix, "fd_dup", {99, kOut}), Errno::badf);
  EXPECT_EQ(guest->call(Abi::wasix, "fd_dup", {3, kOut}), Errno::success);
  EXPECT_EQ(guest->call("fd_prestat_get", {guest->get<u32>(kOut), kOut}), Errno::badf);
  // Below the 20 that was asked for there is room.
  EXPECT_EQ(guest->open("a/file"), copy + 1);
}

TEST_F(WasiWasix, PathOpen2TakesFlagsOfTheDescriptor) {
  const auto open2 = [&](u32 flags) {
    return guest->call(Abi::wasix, "path_open2",
                       {3, 0, guest->put("a/file"), 6, 0, kFdRead, 0, 0, flags, kOut});
  };
  ASSERT_EQ(open2(1), Errno::success);
  const u32 fd = guest->get<u32>(kOut);
  EXPECT_EQ(guest->call(Abi::wasix, "fd_fdflags_get", {fd, kOut}), Errno::success);
  EXPECT_EQ(guest->get<std::uint16_t>(kOut), 1);
  EXPECT_EQ(open2(2), Errno::inval);
}

TEST(WasiUnstable, HasItsOwnWhence) {
  Guest guest;
  guest.make_file("f", "0123456789");
  const u32 fd = guest.open("f");
  const auto seek = [&](u64 offset, u32 whence) {
    EXPECT_EQ(guest.call(Abi::unstable, "fd_seek", {fd, offset, whence, kOut}), Errno::success);
    return guest.get<u64>(kOut);
  };
  EXPECT_EQ(seek(4, 2), 4U) << "set";
  EXPECT_EQ(seek(3, 0), 7U) << "cur";
  EXPECT_EQ(seek(static_cast<u64>(-1), 1), 9U) << "end";
}

TEST(WasiUnstable, HasItsOwnFilestat) {
  Guest guest;
  guest.make_file("f", "0123456789");
  ASSERT_EQ(guest.call("path_filestat_set_times", {3, 0, guest.put("f"), 1, 41, 42, 1 | 4}), Errno::success);
  guest.set<u64>(kOut + 56, 0x5a5a);
  ASSERT_EQ(guest.call(Abi::unstable, "path_filestat_get", {3, 0, guest.put("f"), 1, kOut}), Errno::success);
  EXPECT_EQ(guest.get<std::uint8_t>(kOut + 16), 4);
  EXPECT_EQ(guest.get<u32>(kOut + 20), 1U) << "nlink";
  EXPECT_EQ(guest.get<u64>(kOut + 24), 10U) << "size";
  EXPECT_EQ(guest.get<u64>(kOut + 32), 41U);
  EXPECT_EQ(guest.get<u64>(kOut + 40), 42U);
  EXPECT_EQ(guest.get<u64>(kOut + 56), 0x5a5aU) << "nothing is written behind it";
}

TEST(WasiTrace, TellsEachCallWithItsPaths) {
  struct Seen {
    std::string function, path, path2;
    Errno result;
    std::vector<u64> args;
    std::optional<u32> exit;
  };
  std::vector<Seen> seen;
  ContextOptions options = Guest::whole_tree();
  options.trace = [&](const wasi::TraceEvent& event) {
    EXPECT_EQ(event.abi, Abi::preview1);
    EXPECT_EQ(event.args.size(), event.function->params.size());
    seen.push_back({std::string(event.function->name),
                    std::string(event.path),
                    std::string(event.path2),
                    event.result,
                    {event.args.begin(), event.args.end()},
                    event.exit_code});
  };
  Guest guest(memory_tree(), std::move(options));
  EXPECT_EQ(guest.call("path_rename", {3, guest.put("from"), 4, 3, guest.put("to"), 2}), Errno::noent);
  EXPECT_EQ(guest.call("fd_close", {3}), Errno::success);
  EXPECT_EQ(guest.call("proc_exit", {5}), Errno::success);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].function, "path_rename");
  EXPECT_EQ(seen[0].path, "from");
  EXPECT_EQ(seen[0].path2, "to");
  EXPECT_EQ(seen[0].result, Errno::noent);
  EXPECT_EQ(seen[1].function, "fd_close");
  EXPECT_EQ(seen[1].path, "");
  EXPECT_EQ(seen[1].args, std::vector<u64>{3});
  EXPECT_EQ(seen[1].exit, std::nullopt);
  EXPECT_EQ(seen[2].exit, 5U);
}

TEST(WasiThreads, ThreadsOfAGuestShareItsDescriptors) {
  Guest guest;
  constexpr int kThreads = 4;
  constexpr int kRounds = 200;
  const u32 log = guest.open("log", kCreat, kEveryRight, kAppend);
  guest.memory.resize(256 * 1024);
  std::vector<std::thread> threads;
  for (u32 number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      // Each thread has a part of the memory to itself.
      const u32 base = 64 * 1024 + number * 4096;
      guest.set<u32>(base, base + 64);
      guest.set<u32>(base + 4, 8);
      std::memset(guest.memory.data() + base + 64, 'a' + static_cast<int>(number), 8);
      const std::string path = "file" + std::to_string(number);
      std::memcpy(guest.memory.data() + base + 128, path.data(), path.size());
      for (int round = 0; round < kRounds; ++round) {
        EXPECT_EQ(guest.call("fd_write", {log, base, 1, base + 32}), Errno::success);
        EXPECT_EQ(guest.call("path_open", {3, 0, base + 128, path.size(), kCreat, kEveryRight & ~(1U << 14),
                                           0, 0, base + 40}),
                  Errno::success);
        const u32 fd = guest.get<u32>(base + 40);
        EXPECT_EQ(guest.call("fd_write", {fd, base, 1, base + 32}), Errno::success);
        EXPECT_EQ(guest.call("fd_close", {fd}), Errno::success);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const VNode node = *guest.tree->resolve("/log");
  EXPECT_EQ(guest.tree->attr(node)->size, u64{kThreads} * kRounds * 8);
  // Every append is whole.
  std::string all(kThreads * kRounds * 8, '\0');
  EXPECT_EQ((*guest.tree->open(node, {}))->read_at(0, std::as_writable_bytes(std::span(all))), all.size());
  for (std::size_t at = 0; at < all.size(); at += 8) {
    EXPECT_EQ(all.substr(at, 8), std::string(8, all[at]));
  }
}

}  // namespace
}  // namespace wasifs::test
