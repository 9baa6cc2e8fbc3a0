// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "unit/host/host_test.h"

namespace wasifs::test {
namespace {

using HostIo = HostTest;
constexpr OpenFlags kReadWrite{.read = true, .write = true};

TEST_F(HostIo, ReadsWhatTheHostWrote) {
  temp_.write_file("root/f", "hello");
  const FilePtr file = must(at("f")->open({}));
  EXPECT_EQ(read_text(*file), "hello");
  EXPECT_EQ(read_text(*file, 2, 2), "ll");
  EXPECT_EQ(read_text(*file, 5), "");
  EXPECT_EQ(read_text(*file, 500), "");
  EXPECT_EQ(read_text(*file, File::kMaxSize), "");
}

TEST_F(HostIo, WritesWhatTheHostReads) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  EXPECT_EQ(must(file->write_at(0, bytes_of("hello"))), 5U);
  EXPECT_EQ(must(file->write_at(7, bytes_of("world"))), 5U);
  EXPECT_EQ(temp_.read_file("root/f"), std::string("hello\0\0world", 12));
}

TEST_F(HostIo, MovesMoreThanOneCallWould) {
  std::string large(std::size_t{3} << 20U, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>(i / 4096);
  const FilePtr file = must(make("f")->open(kReadWrite));
  EXPECT_EQ(must(file->write_at(1, bytes_of(large))), large.size());
  EXPECT_TRUE(read_text(*file, 1, large.size() + 10) == large);
}

TEST_F(HostIo, AccessModesAreKept) {
  make("f");
  const FilePtr reader = must(at("f")->open({.read = true}));
  EXPECT_EQ(error_of(reader->write_at(0, bytes_of("x"))), Errc::ebadf);
  EXPECT_EQ(error_of(reader->truncate(0)), Errc::ebadf);
  const FilePtr writer = must(at("f")->open({.read = false, .write = true}));
  std::byte byte{};
  EXPECT_EQ(error_of(writer->read_at(0, {&byte, 1})), Errc::ebadf);
  EXPECT_EQ(::fcntl(writer->native_range()->fd, F_GETFL) & O_ACCMODE, O_WRONLY);
}

TEST_F(HostIo, TruncatesAtOpen) {
  temp_.write_file("root/f", "hello");
  must(at("f")->open({.read = true, .write = true, .truncate = true}));
  EXPECT_EQ(temp_.read_file("root/f"), "");
}

TEST_F(HostIo, TruncatesBothWays) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  must(file->write_at(0, bytes_of("hello")));
  must(file->truncate(2));
  EXPECT_EQ(temp_.read_file("root/f"), "he");
  must(file->truncate(4));
  EXPECT_EQ(temp_.read_file("root/f"), std::string("he\0\0", 4));
}

TEST_F(HostIo, WritingPastTheHostsLargestFileIsEfbig) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  EXPECT_EQ(error_of(file->write_at(File::kMaxSize - 1, bytes_of("x"))), Errc::efbig);
  EXPECT_EQ(error_of(file->write_at(File::kMaxSize, bytes_of("x"))), Errc::efbig);
}

TEST_F(HostIo, AppendsAtTheEndWhateverTheOffset) {
  temp_.write_file("root/f", "one");
  const FilePtr file = must(at("f")->open({.read = true, .write = true, .append = true}));
  EXPECT_EQ(must(file->write_at(0, bytes_of("two"))), 3U);
  temp_.write_file("root/f", "1");
  EXPECT_EQ(must(file->write_at(100, bytes_of("2"))), 1U);
  EXPECT_EQ(temp_.read_file("root/f"), "12");
}

TEST_F(HostIo, AppendsOfSeveralThreadsNeverMix) {
  constexpr int kThreads = 4;
  constexpr std::size_t kRecords = 100;
  constexpr std::size_t kLength = 997;
  const NodeRef node = make("f");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const FilePtr file = must(node->open({.read = false, .write = true, .append = true}));
      const std::string record(kLength, static_cast<char>('a' + t));
      for (std::size_t i = 0; i < kRecords; ++i)
        EXPECT_EQ(must(file->write_at(0, bytes_of(record))), kLength);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string all = temp_.read_file("root/f");
  ASSERT_EQ(all.size(), kThreads * kRecords * kLength);
  std::map<char, std::size_t> records;
  for (std::size_t at = 0; at < all.size(); at += kLength) {
    const std::string_view record = std::string_view(all).substr(at, kLength);
    ASSERT_EQ(record.find_first_not_of(record.front()), std::string_view::npos) << "mixed at " << at;
    ++records[record.front()];
  }
  for (const auto& [letter, count] : records) EXPECT_EQ(count, kRecords) << letter;
}

TEST_F(HostIo, FindsDataAndHoles) {
  constexpr std::uint64_t kData = 1 << 20U;
  const FilePtr file = must(make("f")->open(kReadWrite));
  must(file->write_at(kData, bytes_of(std::string(65536, 'x'))));
  must(file->truncate(2 * kData));
  EXPECT_EQ(must(file->seek_hole(0)), 0U);
  EXPECT_EQ(must(file->seek_data(0)), kData);
  EXPECT_EQ(must(file->seek_hole(kData)), kData + 65536);
  EXPECT_EQ(error_of(file->seek_data(kData + 65536)), Errc::enxio);
  EXPECT_EQ(error_of(file->seek_data(2 * kData)), Errc::enxio);
  EXPECT_EQ(error_of(file->seek_hole(~std::uint64_t{0})), Errc::enxio);
  EXPECT_LT(must(at("f")->attr()).blocks * 512, kData);
}

TEST_F(HostIo, AllocatesWithAndWithoutGrowing) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  must(file->allocate(AllocateMode::keep_size, 0, 65536));
  EXPECT_EQ(must(at("f")->attr()).size, 0U);
  EXPECT_GE(must(at("f")->attr()).blocks, 128U);
  must(file->allocate(AllocateMode::extend, 0, 5000));
  EXPECT_EQ(must(at("f")->attr()).size, 5000U);
  EXPECT_EQ(error_of(file->allocate(AllocateMode::extend, 0, 0)), Errc::einval);
}

TEST_F(HostIo, PunchedRangesReadAsZeros) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  must(file->write_at(0, bytes_of(std::string(16384, 'x'))));
  must(file->allocate(AllocateMode::punch, 4096, 4096));
  EXPECT_EQ(read_text(*file, 4095, 4098), "x" + std::string(4096, '\0') + "x");
  EXPECT_EQ(must(at("f")->attr()).size, 16384U);
}

TEST_F(HostIo, ZeroedRangesGrowTheFileOnlyIfAsked) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  must(file->write_at(0, bytes_of("xxxx")));
  const Status zeroed = file->allocate(AllocateMode::zero_keep_size, 2, 100);
  if (!zeroed && zeroed.error() == Errc::enotsup) GTEST_SKIP() << "$TMPDIR has no FALLOC_FL_ZERO_RANGE";
  must(zeroed);
  EXPECT_EQ(temp_.read_file("root/f"), std::string("xx\0\0", 4));
  must(file->allocate(AllocateMode::zero, 1, 9));
  EXPECT_EQ(temp_.read_file("root/f"), "x" + std::string(9, '\0'));
}

TEST_F(HostIo, SyncsFilesAndDirectories) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  must(file->write_at(0, bytes_of("x")));
  EXPECT_TRUE(file->sync(true));
  EXPECT_TRUE(file->sync(false));
  EXPECT_TRUE(root_->sync());
  EXPECT_TRUE(at("f")->sync());
}

TEST_F(HostIo, OffersTheHostsDescriptorFromItsStart) {
  temp_.write_file("root/f", "hello");
  const FilePtr file = must(at("f")->open({}));
  const auto range = file->native_range();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->offset, 0U);
  struct stat stat = {};
  ASSERT_EQ(::fstat(range->fd, &stat), 0);
  EXPECT_EQ(stat.st_ino, host_stat("root/f").st_ino);
  EXPECT_NE(::fcntl(range->fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::fcntl(range->fd, F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_FALSE(file->view(0, 1));
}

TEST_F(HostIo, AnOpenFileOutlivesItsName) {
  const FilePtr file = must(make("f")->open(kReadWrite));
  must(root_->unlink("f"));
  must(file->write_at(0, bytes_of("still here")));
  EXPECT_EQ(read_text(*file), "still here");
  must(file->truncate(5));
  EXPECT_EQ(read_text(*file), "still");
}

TEST_F(HostIo, AHeldNodeOutlivesItsNameAndOpens) {
  temp_.write_file("root/f", "text");
  const NodeRef node = at("f");
  must(root_->unlink("f"));
  EXPECT_EQ(must(node->attr()).nlink, 0U);
  EXPECT_EQ(content_of(*node), "text");
}

TEST_F(HostIo, WhatIsNoFileDoesNotOpen) {
  temp_.make_symlink("root/l", "../outside/secret");
  EXPECT_EQ(error_of(root_->open({})), Errc::eisdir);
  EXPECT_EQ(error_of(at("l")->open({})), Errc::eloop);
}

TEST_F(HostIo, OpeningIsSubjectToTheHostsPermissions) {
  WASIFS_NEEDS_ROOT();
  const NodeRef node = make("f", 0600);
  const ScopedUser user;
  EXPECT_EQ(error_of(node->open({})), Errc::eacces);
}

}  // namespace
}  // namespace wasifs::test
