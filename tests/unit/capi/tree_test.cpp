// SPDX-License-Identifier: Apache-2.0
// The tree by paths, and open files and directories, through the C ABI.
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "handles.h"

namespace wasifs::test {
namespace {

constexpr std::uint32_t kRead = WASIFS_OPEN_READ;
constexpr std::uint32_t kWrite = WASIFS_OPEN_WRITE;
constexpr std::uint32_t kCreate = WASIFS_OPEN_CREATE;

class CTreeTest : public testing::Test {
 protected:
  [[nodiscard]] int make_dir(const char* path) const {
    return wasifs_make_dir(root_.get(), path, WASIFS_NUL, 0755);
  }
  [[nodiscard]] int open(const char* path, std::uint32_t flags, std::uint32_t mode = 0644) const {
    wasifs_file* file = nullptr;
    const int error = wasifs_open(root_.get(), path, WASIFS_NUL, flags, mode, &file);
    EXPECT_EQ(error == 0, file != nullptr);
    wasifs_file_close(file);
    return error;
  }

  RootHandle root_ = root_with(memory_fs());
};

TEST_F(CTreeTest, StatTellsWhatIsThere) {
  ASSERT_EQ(write_file(root_, "/m/a", "hello"), 0);
  ASSERT_EQ(wasifs_symlink(root_.get(), "a", 1, "/m/l", WASIFS_NUL), 0);
  const wasifs_stat file = stat_of(root_, "/m/a");
  EXPECT_EQ(file.type, std::uint32_t{WASIFS_TYPE_REGULAR});
  EXPECT_EQ(file.size, 5U);
  EXPECT_EQ(file.nlink, 1U);
  EXPECT_EQ(file.mode, 0644U);
  EXPECT_NE(file.mtime.sec, 0);
  EXPECT_EQ(stat_of(root_, "/m/l").ino, file.ino);
  EXPECT_EQ(stat_of(root_, "/m/l", 0).type, std::uint32_t{WASIFS_TYPE_SYMLINK});
  EXPECT_EQ(stat_of(root_, "m").type, std::uint32_t{WASIFS_TYPE_DIRECTORY}) << "a relative path";
  wasifs_stat out = WASIFS_INIT(wasifs_stat);
  EXPECT_EQ(wasifs_stat_path(root_.get(), "/m/none", WASIFS_NUL, 1, &out), ENOENT);
  EXPECT_EQ(wasifs_stat_path(nullptr, "/", 1, 1, &out), EINVAL);
  EXPECT_EQ(wasifs_stat_path(root_.get(), nullptr, 1, 1, &out), EINVAL);
  EXPECT_EQ(wasifs_stat_path(root_.get(), "/", 1, 1, nullptr), EINVAL);
  out.struct_size = 0;
  EXPECT_EQ(wasifs_stat_path(root_.get(), "/", 1, 1, &out), EINVAL);
}

TEST_F(CTreeTest, SetStatChangesWhatIsPicked) {
  ASSERT_EQ(write_file(root_, "/m/a", "hello"), 0);
  wasifs_stat to = WASIFS_INIT(wasifs_stat);
  to.mode = 0600;
  to.size = 2;
  to.mtime = {.sec = 7, .nsec = 8};
  to.atime = {.sec = 5, .nsec = 6};
  const auto set = [&](std::uint32_t changes) {
    return wasifs_set_stat_path(root_.get(), "/m/a", WASIFS_NUL, 1, changes, &to);
  };
  EXPECT_EQ(set(WASIFS_SET_MODE | WASIFS_SET_SIZE | WASIFS_SET_MTIME | WASIFS_SET_ATIME), 0);
  const wasifs_stat now = stat_of(root_, "/m/a");
  EXPECT_EQ(now.mode, 0600U);
  EXPECT_EQ(now.size, 2U);
  EXPECT_EQ(now.mtime.sec, 7);
  EXPECT_EQ(now.mtime.nsec, 8);
  EXPECT_EQ(now.atime.sec, 5);
  EXPECT_EQ(set(64), EINVAL) << "there is no such bit";
  to.mode = 0100644;
  EXPECT_EQ(set(WASIFS_SET_MODE), EINVAL) << "a type is no mode";
  to.mtime.nsec = 1'000'000'000;
  EXPECT_EQ(set(WASIFS_SET_MTIME), EINVAL);
  EXPECT_EQ(wasifs_set_stat_path(root_.get(), "/m/a", WASIFS_NUL, 1, 0, nullptr), EINVAL);
}

TEST_F(CTreeTest, NamesAreMadeAndGo) {
  EXPECT_EQ(make_dir("/m/d"), 0);
  EXPECT_EQ(make_dir("/m/d"), EEXIST);
  EXPECT_EQ(wasifs_make_dir(root_.get(), "/m/e", WASIFS_NUL, 010000), EINVAL);
  ASSERT_EQ(write_file(root_, "/m/d/a", "x"), 0);
  EXPECT_EQ(wasifs_remove_dir(root_.get(), "/m/d", WASIFS_NUL), ENOTEMPTY);
  EXPECT_EQ(wasifs_link(root_.get(), "/m/d/a", WASIFS_NUL, "/m/b", WASIFS_NUL), 0);
  EXPECT_EQ(stat_of(root_, "/m/b").nlink, 2U);
  EXPECT_EQ(wasifs_rename(root_.get(), "/m/d/a", WASIFS_NUL, "/m/c", 4), 0);
  EXPECT_EQ(read_file(root_, "/m/c"), "x");
  EXPECT_EQ(wasifs_remove_dir(root_.get(), "/m/d", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_unlink(root_.get(), "/m/c", WASIFS_NUL), 0);
  EXPECT_EQ(wasifs_unlink(root_.get(), "/m/c", WASIFS_NUL), ENOENT);
  EXPECT_EQ(wasifs_unlink(nullptr, "/m/c", WASIFS_NUL), EINVAL);
  EXPECT_EQ(wasifs_remove_dir(root_.get(), nullptr, 1), EINVAL);
  EXPECT_EQ(wasifs_rename(root_.get(), "/m/b", WASIFS_NUL, nullptr, 1), EINVAL);
  EXPECT_EQ(wasifs_link(root_.get(), nullptr, 1, "/m/x", WASIFS_NUL), EINVAL);
  EXPECT_EQ(wasifs_symlink(root_.get(), nullptr, 1, "/m/x", WASIFS_NUL), EINVAL);
}

TEST_F(CTreeTest, TextsAreGivenAsFarAsTheyFit) {
  ASSERT_EQ(wasifs_symlink(root_.get(), "target", WASIFS_NUL, "/m/l", WASIFS_NUL), 0);
  std::array<char, 4> buffer{'?', '?', '?', '?'};
  std::size_t length = 0;
  const auto read = [&](std::size_t size) {
    return wasifs_read_link(root_.get(), "/m/l", WASIFS_NUL, buffer.data(), size, &length);
  };
  EXPECT_EQ(read(3), 0);
  EXPECT_EQ(length, 6U);
  EXPECT_EQ(std::string(buffer.data(), 4), "tar?");
  EXPECT_EQ(wasifs_read_link(root_.get(), "/m/l", WASIFS_NUL, nullptr, 0, &length), 0);
  EXPECT_EQ(wasifs_read_link(root_.get(), "/m/l", WASIFS_NUL, nullptr, 1, &length), EINVAL);
  EXPECT_EQ(wasifs_read_link(root_.get(), "/m/l", WASIFS_NUL, buffer.data(), 1, nullptr), EINVAL);
  EXPECT_EQ(wasifs_read_link(root_.get(), "/m", WASIFS_NUL, buffer.data(), 1, &length), EINVAL);
}

TEST_F(CTreeTest, AttributesTellWhereSomethingIsFrom) {
  ASSERT_EQ(write_file(root_, "/m/a", "x"), 0);
  std::array<char, 64> value{};
  std::size_t length = 0;
  const auto get = [&](const char* name) {
    return wasifs_get_xattr(root_.get(), "/m/a", WASIFS_NUL, name, WASIFS_NUL, value.data(), value.size(),
                            &length);
  };
  EXPECT_EQ(get("user.wasifs.layer"), 0);
  EXPECT_EQ(std::string(value.data(), length), "memory");
  EXPECT_EQ(get("user.none"), ENODATA);
  EXPECT_EQ(get(nullptr), EINVAL);
}

TEST_F(CTreeTest, OpenTakesFlagsThatMakeSense) {
  EXPECT_EQ(open("/m/a", kRead), ENOENT);
  EXPECT_EQ(open("/m/a", kWrite | kCreate, 0600), 0);
  EXPECT_EQ(stat_of(root_, "/m/a").mode, 0600U);
  EXPECT_EQ(open("/m/a", kWrite | kCreate | WASIFS_OPEN_EXCLUSIVE), EEXIST);
  ASSERT_EQ(wasifs_symlink(root_.get(), "a", 1, "/m/l", WASIFS_NUL), 0);
  EXPECT_EQ(open("/m/l", kRead), 0);
  EXPECT_EQ(open("/m/l", kRead | WASIFS_OPEN_NOFOLLOW), ELOOP);
  EXPECT_EQ(open("/m", kRead), EISDIR);
  EXPECT_EQ(open("/m/a", 0), EINVAL) << "neither to read nor to write";
  EXPECT_EQ(open("/m/a", kRead | WASIFS_OPEN_TRUNCATE), EINVAL);
  EXPECT_EQ(open("/m/a", kRead | WASIFS_OPEN_APPEND), EINVAL);
  EXPECT_EQ(open("/m/a", kRead | WASIFS_OPEN_EXCLUSIVE), EINVAL);
  EXPECT_EQ(open("/m/a", kRead | 128), EINVAL);
  EXPECT_EQ(open("/m/a", kRead, 010000), EINVAL);
  EXPECT_EQ(open(nullptr, kRead), EINVAL);
  EXPECT_EQ(wasifs_open(root_.get(), "/m/a", WASIFS_NUL, kRead, 0, nullptr), EINVAL);
}

TEST_F(CTreeTest, AFileIsReadAndWrittenWhereOneLikes) {
  const FileHandle file = open_file(root_, "/m/a", kRead | kWrite | kCreate);
  std::array<char, 8> buffer{};
  std::size_t done = 99;
  EXPECT_EQ(wasifs_file_write(file.get(), 2, "abc", 3, &done), 0);
  EXPECT_EQ(done, 3U);
  EXPECT_EQ(wasifs_file_read(file.get(), 1, buffer.data(), buffer.size(), &done), 0);
  EXPECT_EQ(std::string(buffer.data(), done), std::string("\0abc", 4));
  EXPECT_EQ(wasifs_file_truncate(file.get(), 3), 0);
  EXPECT_EQ(wasifs_file_sync(file.get(), 1), 0);
  wasifs_stat now = WASIFS_INIT(wasifs_stat);
  EXPECT_EQ(wasifs_file_stat(file.get(), &now), 0);
  EXPECT_EQ(now.size, 3U);
  const FileHandle end = open_file(root_, "/m/a", kWrite | WASIFS_OPEN_APPEND);
  EXPECT_EQ(wasifs_file_write(end.get(), 0, "z", 1, &done), 0);
  EXPECT_EQ(read_file(root_, "/m/a"), std::string("\0\0az", 4));
  EXPECT_EQ(wasifs_file_read(end.get(), 0, buffer.data(), 1, &done), EBADF);
  EXPECT_EQ(wasifs_file_write(file.get(), UINT64_MAX, "z", 1, &done), EFBIG);
}

TEST_F(CTreeTest, NullsOfFilesAreRefused) {
  const FileHandle file = open_file(root_, "/m/a", kRead | kWrite | kCreate);
  char byte = 0;
  std::size_t done = 0;
  wasifs_stat out = WASIFS_INIT(wasifs_stat);
  wasifs_view* view = nullptr;
  EXPECT_EQ(wasifs_file_read(nullptr, 0, &byte, 1, &done), EINVAL);
  EXPECT_EQ(wasifs_file_read(file.get(), 0, nullptr, 1, &done), EINVAL);
  EXPECT_EQ(wasifs_file_read(file.get(), 0, &byte, 1, nullptr), EINVAL);
  EXPECT_EQ(wasifs_file_write(file.get(), 0, nullptr, 1, &done), EINVAL);
  EXPECT_EQ(wasifs_file_write(nullptr, 0, &byte, 1, &done), EINVAL);
  EXPECT_EQ(wasifs_file_truncate(nullptr, 0), EINVAL);
  EXPECT_EQ(wasifs_file_sync(nullptr, 0), EINVAL);
  EXPECT_EQ(wasifs_file_stat(nullptr, &out), EINVAL);
  EXPECT_EQ(wasifs_file_stat(file.get(), nullptr), EINVAL);
  EXPECT_EQ(wasifs_file_view(nullptr, 0, 1, &view), EINVAL);
  EXPECT_EQ(wasifs_file_view(file.get(), 0, 1, nullptr), EINVAL);
  EXPECT_EQ(wasifs_view_data(nullptr), nullptr);
  EXPECT_EQ(wasifs_view_size(nullptr), 0U);
  wasifs_view_free(nullptr);
  wasifs_file_close(nullptr);
  wasifs_dir_close(nullptr);
  EXPECT_EQ(wasifs_dir_read(nullptr, 0, nullptr, nullptr), EINVAL);
  EXPECT_EQ(wasifs_dir_read(open_dir(root_, "/").get(), 0, nullptr, nullptr), EINVAL);
  EXPECT_EQ(wasifs_open_dir(root_.get(), "/", 1, nullptr), EINVAL);
  void* data = nullptr;
  EXPECT_EQ(wasifs_read_file(root_.get(), "/m/a", WASIFS_NUL, &data, nullptr), EINVAL);
  EXPECT_EQ(wasifs_read_file(root_.get(), "/m/a", WASIFS_NUL, nullptr, &done), EINVAL);
  EXPECT_EQ(wasifs_write_file(root_.get(), "/m/a", WASIFS_NUL, nullptr, 1), EINVAL);
}

TEST_F(CTreeTest, WhatIsWrittenIsNoImmutableMemory) {
  ASSERT_EQ(write_file(root_, "/m/a", "hello"), 0);
  const FileHandle file = open_file(root_, "/m/a", kRead);
  wasifs_view* view = nullptr;
  EXPECT_EQ(wasifs_file_view(file.get(), 0, 5, &view), ENODATA);
}

TEST_F(CTreeTest, AnEmptyFileIsReadAsNoBytes) {
  ASSERT_EQ(wasifs_write_file(root_.get(), "/m/a", WASIFS_NUL, nullptr, 0), 0);
  EXPECT_EQ(read_file(root_, "/m/a"), "");
}

TEST_F(CTreeTest, ADirectoryIsReadInPieces) {
  std::set<std::string> names;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "f" + std::to_string(i);
    ASSERT_EQ(write_file(root_, ("/m/" + name).c_str(), ""), 0);
    names.insert(name);
  }
  const DirHandle dir = open_dir(root_, "/m");
  std::set<std::string> seen;
  for (std::uint64_t cookie = 0;;) {
    const std::vector<Entry> some = entries(dir.get(), cookie, 3);
    if (some.empty()) break;
    for (const Entry& entry : some) {
      EXPECT_TRUE(seen.insert(entry.name).second) << entry.name << " twice";
      EXPECT_EQ(entry.type, std::uint32_t{WASIFS_TYPE_REGULAR});
      EXPECT_EQ(entry.ino, stat_of(root_, ("/m/" + entry.name).c_str()).ino);
    }
    cookie = some.back().next;
  }
  EXPECT_EQ(seen, names);
}

}  // namespace
}  // namespace wasifs::test
