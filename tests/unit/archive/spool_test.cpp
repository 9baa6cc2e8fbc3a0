// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/spool.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <system_error>

#include "base/bytes.h"
#include "support/temp_dir.h"

namespace wasifs::test {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(Spool, HoldsWhatWasAddedWithAllOfItsZeros) {
  const TempDir dir;
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    archive::Spool spool("a", dir.string(), 1U << 30U);
    std::string all;
    for (int piece = 0; piece < 40; ++piece) {
      const char byte = piece % 2 == round % 2 ? '\0' : static_cast<char>('a' + piece % 26);
      const std::string bytes(random() % 40'000 >> random() % 12, byte);
      EXPECT_EQ(spool.add(bytes_of(bytes)).value(), all.size());
      all += bytes;
    }
    EXPECT_EQ(spool.size(), all.size());
    ASSERT_TRUE(text_of(spool.finish().value().bytes) == all) << "round " << round;
  }
}

class SpoolOfZeros : public testing::Test {
 protected:
  /// What the file takes that `view` shows.
  static std::uint64_t room_of(const View& view) {
    const auto start = reinterpret_cast<std::uintptr_t>(view.bytes.data());
    const std::size_t pages = (view.bytes.size() + 4095) / 4096 * 4096;
    std::array<char, 64> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/map_files/%lx-%lx", start, start + pages);
    struct stat found{};
    if (::stat(path.data(), &found) != 0)
      throw std::system_error(errno, std::generic_category(), path.data());
    return static_cast<std::uint64_t>(found.st_blocks) * 512;
  }
  /// A mapped spool of 3 MB, nearly all of them zeros.
  static View spooled(const std::string& folder) {
    archive::Spool spool("a", folder, 1U << 30U);
    const std::string zeros(1'500'000, '\0');
    for (const std::string_view bytes : {std::string_view("start"), std::string_view(zeros),
                                         std::string_view("middle"), std::string_view(zeros)}) {
      if (!spool.add(bytes_of(bytes))) throw std::runtime_error("cannot be added");
    }
    return spool.finish().value();
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "PRIVILEGES MISSING: asks what is mapped, and mounts";
  }

  TempDir dir_;
};

TEST_F(SpoolOfZeros, TakesNoRoom) {
  struct statfs found{};
  ASSERT_EQ(::statfs(dir_.string().c_str(), &found), 0);
  if (found.f_type != EXT4_SUPER_MAGIC && found.f_type != XFS_SUPER_MAGIC)
    GTEST_SKIP() << "no such file system";
  EXPECT_LE(room_of(spooled(dir_.string())), 16'384U);
}

TEST_F(SpoolOfZeros, HasItsRoomWhereReadingAHoleWouldNeedIt) {
  dir_.make_dirs("small");
  const std::string folder = dir_ / "small";
  ASSERT_EQ(::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=4m"), 0);
  EXPECT_GE(room_of(spooled(folder)), 3'000'000U);
  EXPECT_EQ(::umount(folder.c_str()), 0);
}

}  // namespace
}  // namespace wasifs::test
