// SPDX-License-Identifier: Apache-2.0
// File systems whose operations are functions of C, in a tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "handles.h"

namespace wasifs::test {
namespace {

constexpr std::uint32_t kReadWrite = WASIFS_OPEN_READ | WASIFS_OPEN_WRITE;

int rename(const RootHandle& root, const char* from, const char* to) {
  return wasifs_rename(root.get(), from, WASIFS_NUL, to, WASIFS_NUL);
}

TEST(OpsTest, WhatIsMissingIsRefused) {
  OpsMemory memory;
  wasifs_fs* fs = nullptr;
  wasifs_fs_ops ops = OpsMemory::ops();
  EXPECT_EQ(wasifs_fs_new(nullptr, &memory, &fs), EINVAL);
  EXPECT_EQ(wasifs_fs_new(&ops, &memory, nullptr), EINVAL);
  ops.struct_size = 0;
  EXPECT_EQ(wasifs_fs_new(&ops, &memory, &fs), EINVAL);
  ops = OpsMemory::ops();
  ops.stat = nullptr;
  EXPECT_EQ(wasifs_fs_new(&ops, &memory, &fs), EINVAL);
  ops = OpsMemory::ops();
  ops.struct_size = offsetof(wasifs_fs_ops, lookup);
  EXPECT_EQ(wasifs_fs_new(&ops, &memory, &fs), EINVAL) << "lookup is behind the struct's end";
  memory.fail_with = ENXIO;
  ops = OpsMemory::ops();
  EXPECT_EQ(wasifs_fs_new(&ops, &memory, &fs), ENXIO) << "what the root's stat answers";
  EXPECT_EQ(memory.destroyed, 0);
  EXPECT_TRUE(memory.forgotten.empty());
}

TEST(OpsTest, IsWrittenThrough) {
  OpsMemory memory;
  const RootHandle root = root_with(ops_fs(memory));
  EXPECT_EQ(write_file(root, "/m/a", "hello"), 0);
  EXPECT_EQ(wasifs_make_dir(root.get(), "/m/d", WASIFS_NUL, 0700), 0);
  EXPECT_EQ(wasifs_symlink(root.get(), "../a", 4, "/m/d/l", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_link(root.get(), "/m/a", WASIFS_NUL, "/m/d/b", WASIFS_NUL), 0);
  EXPECT_EQ(read_file(root, "/m/d/l"), "hello");
  EXPECT_EQ(read_file(root, "/m/d/b"), "hello");
  EXPECT_EQ(stat_of(root, "/m/a").ino, stat_of(root, "/m/d/b").ino);
  EXPECT_EQ(stat_of(root, "/m/a").nlink, 2U);
  EXPECT_EQ(stat_of(root, "/m/d").mode, 0700U) << "the bits of the type are none of the mode";
  EXPECT_EQ(rename(root, "/m/a", "/m/c"), 0);
  EXPECT_EQ(wasifs_unlink(root.get(), "/m/d/b", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_remove_dir(root.get(), "/m/d", WASIFS_NUL), ENOTEMPTY);
  EXPECT_EQ(wasifs_unlink(root.get(), "/m/d/l", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_remove_dir(root.get(), "/m/d", WASIFS_NUL), 0);
  EXPECT_EQ(read_file(root, "/m/a"), "errno " + std::to_string(ENOENT));
  EXPECT_EQ(entries(open_dir(root, "/m").get()).size(), 1U);
  EXPECT_EQ(memory.nodes.at(memory.nodes.at(1).children.at("c")).content, "hello");
}

TEST(OpsTest, ShortTransfersAreGoneOnWith) {
  OpsMemory memory;
  memory.chunk = 3;
  const RootHandle root = root_with(ops_fs(memory));
  EXPECT_EQ(write_file(root, "/m/a", "0123456789"), 0);
  EXPECT_EQ(read_file(root, "/m/a"), "0123456789");
}

TEST(OpsTest, AFullFileSystemTakesWhatFits) {
  OpsMemory memory;
  memory.max_content = 4;
  const RootHandle root = root_with(ops_fs(memory));
  ASSERT_EQ(write_file(root, "/m/a", ""), 0);
  const FileHandle file = open_file(root, "/m/a", kReadWrite);
  std::size_t done = 0;
  EXPECT_EQ(wasifs_file_write(file.get(), 0, "012345", 6, &done), 0);
  EXPECT_EQ(done, 4U);
  EXPECT_EQ(wasifs_file_write(file.get(), 4, "45", 2, &done), ENOSPC);
}

TEST(OpsTest, AppendingIsAtomic) {
  OpsMemory memory;
  memory.chunk = 1;
  const RootHandle root = root_with(ops_fs(memory));
  ASSERT_EQ(write_file(root, "/m/a", ""), 0);
  const FileHandle file = open_file(root, "/m/a", WASIFS_OPEN_WRITE | WASIFS_OPEN_APPEND);
  std::vector<std::thread> threads;
  for (const char* word : {"aaaa", "bbbb", "cccc"}) {
    threads.emplace_back([&file, word] {
      std::size_t done = 0;
      for (int i = 0; i < 50; ++i) EXPECT_EQ(wasifs_file_write(file.get(), 0, word, 4, &done), 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string content = read_file(root, "/m/a");
  ASSERT_EQ(content.size(), 600U);
  for (std::size_t i = 0; i < content.size(); i += 4) {
    EXPECT_EQ(content.substr(i, 4), std::string(4, content[i])) << "torn at " << i;
  }
}

TEST(OpsTest, ChangesStayInMemoryWhereTheMountCopies) {
  OpsMemory memory;
  const std::uint64_t a = memory.add(1, "a", {.content = "lower", .children = {}});
  const RootHandle root = root_with(ops_fs(memory), WASIFS_ACCESS_COW);
  EXPECT_EQ(read_file(root, "/m/a"), "lower");
  const std::uint64_t ino = stat_of(root, "/m/a").ino;
  EXPECT_EQ(write_file(root, "/m/a", "upper"), 0);
  EXPECT_EQ(write_file(root, "/m/b", "new"), 0);
  EXPECT_EQ(read_file(root, "/m/a"), "upper");
  EXPECT_EQ(stat_of(root, "/m/a").ino, ino);
  EXPECT_EQ(wasifs_unlink(root.get(), "/m/a", WASIFS_NUL), 0);
  EXPECT_EQ(entries(open_dir(root, "/m").get()).size(), 1U);
  EXPECT_EQ(memory.nodes.at(a).content, "lower");
  EXPECT_EQ(memory.nodes.size(), 2U);
}

TEST(OpsTest, AReadOnlyMountRefusesChanges) {
  OpsMemory memory;
  memory.add(1, "a", {.content = "x", .children = {}});
  const RootHandle root = root_with(ops_fs(memory), WASIFS_ACCESS_RO);
  EXPECT_EQ(read_file(root, "/m/a"), "x");
  EXPECT_EQ(write_file(root, "/m/a", "y"), EROFS);
  EXPECT_EQ(wasifs_unlink(root.get(), "/m/a", WASIFS_NUL), EROFS);
}

TEST(OpsTest, MissingOperationsRefuse) {
  OpsMemory memory;
  memory.add(1, "a", {.content = "x", .children = {}});
  memory.add(1, "l", {.type = WASIFS_TYPE_SYMLINK, .content = "a", .children = {}});
  memory.add(1, "d", {.type = WASIFS_TYPE_DIRECTORY, .content = {}, .children = {}});
  wasifs_fs_ops all = OpsMemory::ops();
  wasifs_fs_ops few{};
  few.struct_size = sizeof(few);
  few.stat = all.stat;
  few.lookup = all.lookup;
  wasifs_dir* dir = nullptr;
  {
    const RootHandle root = root_with(ops_fs(memory, few));
    EXPECT_EQ(read_file(root, "/m/a"), "errno " + std::to_string(ENOSYS));
    EXPECT_EQ(read_file(root, "/m/l"), "errno " + std::to_string(ENOSYS));
    EXPECT_EQ(wasifs_open_dir(root.get(), "/m", WASIFS_NUL, &dir), ENOSYS);
    EXPECT_EQ(write_file(root, "/m/a", "y"), EROFS);
    EXPECT_EQ(write_file(root, "/m/b", "y"), EROFS);
    EXPECT_EQ(wasifs_unlink(root.get(), "/m/a", WASIFS_NUL), EROFS);
    EXPECT_EQ(wasifs_remove_dir(root.get(), "/m/d", WASIFS_NUL), EROFS);
    EXPECT_EQ(rename(root, "/m/a", "/m/b"), EROFS);
    EXPECT_EQ(wasifs_link(root.get(), "/m/a", WASIFS_NUL, "/m/b", WASIFS_NUL), EROFS);
    wasifs_stat to = WASIFS_INIT(wasifs_stat);
    EXPECT_EQ(wasifs_set_stat_path(root.get(), "/m/a", WASIFS_NUL, 1, WASIFS_SET_MODE, &to), EROFS);
  }
  EXPECT_EQ(memory.destroyed, 0) << "there is no such operation";
}

TEST(OpsTest, WhatTheOperationsAnswerIsWhatTheCallerGets) {
  OpsMemory memory;
  memory.add(1, "a", {.content = "x", .children = {}});
  const RootHandle root = root_with(ops_fs(memory));
  const FileHandle file = open_file(root, "/m/a", kReadWrite);
  const DirHandle dir = open_dir(root, "/m");
  char byte = 0;
  std::size_t done = 0;
  memory.fail_with = EDQUOT;
  EXPECT_EQ(wasifs_file_read(file.get(), 0, &byte, 1, &done), EDQUOT);
  EXPECT_EQ(wasifs_file_write(file.get(), 0, &byte, 1, &done), EDQUOT);
  EXPECT_EQ(wasifs_file_sync(file.get(), 0), EDQUOT);
  memory.fail_with = -1;
  EXPECT_EQ(wasifs_file_read(file.get(), 0, &byte, 1, &done), EIO) << "no errno";
}

/// An operation that tells what cannot be, instead of the memory's own.
TEST(OpsTest, AnswersThatCannotBeAreAnIoError) {
  OpsMemory memory;
  memory.add(1, "a", {.content = "x", .children = {}});
  wasifs_fs_ops ops = OpsMemory::ops();
  ops.read = [](void*, std::uint64_t, std::uint64_t, void*, std::size_t size, std::size_t* done) {
    *done = size + 1;
    return 0;
  };
  ops.read_dir = [](void*, std::uint64_t, std::uint64_t, wasifs_dir_sink emit, void* sink) {
    return emit(sink, "a/b", 3, 2, WASIFS_TYPE_REGULAR, 1) == 0 ? 0 : ENXIO;
  };
  const RootHandle root = root_with(ops_fs(memory, ops));
  EXPECT_EQ(read_file(root, "/m/a"), "errno " + std::to_string(EIO));
  const auto take = [](void*, const char*, std::size_t, std::uint64_t, std::uint32_t, std::uint64_t) {
    return 1;
  };
  EXPECT_EQ(wasifs_dir_read(open_dir(root, "/m").get(), 0, take, nullptr), EIO);
  memory.nodes.at(2).type = 9;
  EXPECT_EQ(read_file(root, "/m/a"), "errno " + std::to_string(EIO)) << "no such type";
}

TEST(OpsTest, ANodeIsForgottenOnceWhenNobodyHoldsIt) {
  OpsMemory memory;
  {
    const RootHandle root = root_with(ops_fs(memory));
    ASSERT_EQ(write_file(root, "/m/a", "hello"), 0);
    const std::uint64_t a = memory.nodes.at(1).children.at("a");
    FileHandle file = open_file(root, "/m/a", kReadWrite);
    memory.forgotten.clear();
    EXPECT_EQ(read_file(root, "/m/a"), "hello");
    EXPECT_TRUE(memory.forgotten.empty()) << "the open file holds it";
    ASSERT_EQ(wasifs_unlink(root.get(), "/m/a", WASIFS_NUL), 0);
    std::array<char, 5> buffer{};
    std::size_t done = 0;
    EXPECT_EQ(wasifs_file_read(file.get(), 0, buffer.data(), buffer.size(), &done), 0);
    EXPECT_EQ(std::string(buffer.data(), done), "hello") << "it is open without a name";
    file.reset();
    EXPECT_EQ(memory.forgotten, std::vector<std::uint64_t>{a});
    EXPECT_FALSE(memory.nodes.contains(a));
    EXPECT_EQ(memory.destroyed, 0);
    memory.forgotten.clear();
  }
  EXPECT_EQ(memory.forgotten, std::vector<std::uint64_t>{1}) << "the root comes last";
  EXPECT_EQ(memory.destroyed, 1);
}

TEST(OpsTest, ANumberIsNotForgottenWhileALookUpGivesIt) {
  OpsMemory memory;
  const std::uint64_t a = memory.add(1, "a", {.content = "x", .children = {}});
  const RootHandle root = root_with(ops_fs(memory));
  FileHandle file = open_file(root, "/m/a", kReadWrite);
  std::thread closer;
  memory.after_lookup = [&] {
    memory.after_lookup = nullptr;
    {
      const std::lock_guard lock(memory.mutex);
      memory.nodes.at(1).children.clear();
      memory.nodes.at(a).nlink = 0;
    }
    closer = std::thread([&] { file.reset(); });
    // Time for the number to be forgotten, which must not happen.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  };
  wasifs_stat out = WASIFS_INIT(wasifs_stat);
  EXPECT_EQ(wasifs_stat_path(root.get(), "/m/a", WASIFS_NUL, 1, &out), 0);
  EXPECT_EQ(out.size, 1U);
  closer.join();
  EXPECT_EQ(memory.forgotten, std::vector<std::uint64_t>{a}) << "once, when both are done";
}

TEST(OpsTest, NumbersAreNotForgottenWhileThreadsHoldThem) {
  OpsMemory memory;
  {
    const RootHandle root = root_with(ops_fs(memory));
    std::atomic<int> lost = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&root, &lost, t] {
        for (int i = 0; i < 300; ++i) {
          // The memory's maps throw, and so the call fails with EIO, where a node that
          // was forgotten is asked for.
          if (t % 2 == 0) {
            if (write_file(root, "/m/a", "x") == EIO) ++lost;
            if (wasifs_unlink(root.get(), "/m/a", WASIFS_NUL) == EIO) ++lost;
          } else if (read_file(root, "/m/a") == "errno " + std::to_string(EIO)) {
            ++lost;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(lost, 0);
  }
  const auto left = std::count_if(memory.nodes.begin(), memory.nodes.end(),
                                  [](const auto& node) { return node.second.nlink == 0; });
  EXPECT_EQ(left, 0) << "every file without a name was forgotten";
  EXPECT_EQ(memory.destroyed, 1);
}

TEST(OpsTest, OnlyAnImmutableOneMayBeKeptForEver) {
  OpsMemory memory;
  memory.add(1, "a", {.content = "x", .children = {}});
  wasifs_fs_ops ops = OpsMemory::ops();
  ops.immutable = 1;
  const RootHandle root = root_with(ops_fs(memory, ops), WASIFS_ACCESS_COW);
  EXPECT_EQ(read_file(root, "/m/a"), "x");
  EXPECT_EQ(write_file(root, "/m/a", "y"), 0);
  EXPECT_EQ(read_file(root, "/m/a"), "y");
}

TEST(OpsTest, ChangesOfOthersShow) {
  OpsMemory memory;
  const RootHandle root = root_with(ops_fs(memory), WASIFS_ACCESS_COW);
  EXPECT_EQ(entries(open_dir(root, "/m").get()).size(), 0U);
  memory.add(1, "late", {.content = "x", .children = {}});
  EXPECT_EQ(read_file(root, "/m/late"), "x");
  EXPECT_EQ(entries(open_dir(root, "/m").get()).size(), 1U);
}

TEST(OpsTest, AFileSystemMayBeASingleFile) {
  OpsMemory memory;
  memory.nodes.at(1) = {.content = "alone", .children = {}};
  EXPECT_EQ(read_file(root_with(ops_fs(memory)), "/m"), "alone");
}

TEST(OpsTest, ItsDescriptionIsWhatTheTreeTells) {
  OpsMemory memory;
  memory.add(1, "a", {.content = "x", .children = {}});
  const RootHandle root = root_with(ops_fs(memory));
  std::array<char, 64> value{};
  std::size_t length = 0;
  ASSERT_EQ(wasifs_get_xattr(root.get(), "/m/a", WASIFS_NUL, "user.wasifs.layer", WASIFS_NUL, value.data(),
                             value.size(), &length),
            0);
  EXPECT_EQ(std::string(value.data(), length), "memory of C");
}

}  // namespace
}  // namespace wasifs::test
