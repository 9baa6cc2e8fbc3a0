// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"

namespace wasifs::test {

namespace {
constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kGiB = kKiB * kKiB * kKiB;
}  // namespace

/// Holes and reserved space. Offsets are multiples of 64 KiB where a case asks for
/// exact borders, so that any block size will do.
class Sparse : public Conformance {
 protected:
  static constexpr std::uint64_t kUnit = 64 * kKiB;
  static std::string block(char fill) { return std::string(kUnit, fill); }

  /// Skips the case where the file system below lacks a mode of fallocate(2).
  static bool lacks(const Status& done) { return !done && done.error() == Errc::enotsup; }
};
WASIFS_ON_EVERY_BACKEND(Sparse);

#define WASIFS_ALLOCATE(call)                                                             \
  if (const Status done = (call); lacks(done)) {                                          \
    GTEST_SKIP() << "FALLOCATE MODE MISSING: the host's file system does not support it"; \
  } else                                                                                  \
    ok(done)

TEST_P(Sparse, AFileOfFiveGibibytesHoldsAByteAtItsEnd) {
  Vfs& fs = given(Fixture().dir("/d"));
  const HandlePtr file = ok(fs.open("/d/big", kCreate));
  ok(file->write(5 * kGiB - 1, "z"));
  EXPECT_EQ(ok(file->attr()).size, 5 * kGiB);
  EXPECT_LT(ok(fs.stat("/d/big")).blocks * 512, kGiB);
  EXPECT_EQ(ok(file->read(5 * kGiB - 2, 10)), std::string_view("\0z", 2));
  EXPECT_EQ(ok(file->read(3 * kGiB, 4)), std::string_view("\0\0\0\0", 4));
}

TEST_P(Sparse, AnExistingFileGrowsToFiveGibibytes) {
  Vfs& fs = given(Fixture().file("/f", "start"));
  ok(fs.truncate("/f", 5 * kGiB));
  const HandlePtr file = ok(fs.open("/f", kRead));
  EXPECT_EQ(ok(file->attr()).size, 5 * kGiB);
  EXPECT_EQ(ok(file->read(0, 7)), std::string_view("start\0\0", 7));
  EXPECT_EQ(ok(file->read(5 * kGiB - 3, 10)).size(), 3U);
}

TEST_P(Sparse, DataAndHolesAreFound) {
  Vfs& fs = given();
  const HandlePtr file = ok(fs.open("/f", kCreate));
  ok(file->write(2 * kUnit, block('x')));
  ok(file->truncate(5 * kUnit));
  ok(file->sync());
  EXPECT_EQ(ok(file->seek_data(0)), 2 * kUnit);
  EXPECT_EQ(ok(file->seek_hole(0)), 0U);
  EXPECT_EQ(ok(file->seek_data(2 * kUnit + 5)), 2 * kUnit + 5);
  EXPECT_EQ(ok(file->seek_hole(2 * kUnit)), 3 * kUnit);
  EXPECT_EQ(error(file->seek_data(3 * kUnit)), Errc::enxio);
  EXPECT_EQ(ok(file->seek_hole(4 * kUnit)), 4 * kUnit);
}

TEST_P(Sparse, TheEndOfAFileCountsAsAHole) {
  Vfs& fs = given(Fixture().file("/f", "hello"));
  const HandlePtr file = ok(fs.open("/f", kRead));
  EXPECT_EQ(ok(file->seek_data(0)), 0U);
  EXPECT_EQ(ok(file->seek_data(4)), 4U);
  EXPECT_EQ(ok(file->seek_hole(0)), 5U);
  EXPECT_EQ(error(file->seek_data(5)), Errc::enxio);
  EXPECT_EQ(error(file->seek_hole(5)), Errc::enxio);
  EXPECT_EQ(error(file->seek_hole(1000)), Errc::enxio);
}

TEST_P(Sparse, AnEmptyFileHasNeitherDataNorHoles) {
  Vfs& fs = given(Fixture().file("/f"));
  const HandlePtr file = ok(fs.open("/f", kRead));
  EXPECT_EQ(error(file->seek_data(0)), Errc::enxio);
  EXPECT_EQ(error(file->seek_hole(0)), Errc::enxio);
}

TEST_P(Sparse, PunchingMakesAHoleInExistingData) {
  Vfs& fs = given(Fixture().file("/f", block('a') + block('b') + block('c')));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  WASIFS_ALLOCATE(file->allocate(AllocateMode::punch, kUnit, kUnit));
  EXPECT_TRUE(ok(fs.content("/f")) == block('a') + block('\0') + block('c'));
  EXPECT_EQ(ok(file->seek_hole(0)), kUnit);
  EXPECT_EQ(ok(file->seek_data(kUnit)), 2 * kUnit);
  EXPECT_EQ(ok(file->attr()).size, 3 * kUnit);
}

TEST_P(Sparse, PunchingKeepsTheBytesAroundTheRange) {
  Vfs& fs = given(Fixture().file("/f", block('a') + block('b')));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  WASIFS_ALLOCATE(file->allocate(AllocateMode::punch, 100, kUnit));
  std::string expected = block('a') + block('b');
  expected.replace(100, kUnit, kUnit, '\0');
  EXPECT_TRUE(ok(fs.content("/f")) == expected);
}

TEST_P(Sparse, PunchingAFewBytesZeroesThem) {
  Vfs& fs = given(Fixture().file("/f", "0123456789"));
  WASIFS_ALLOCATE(ok(fs.open("/f", kReadWrite))->allocate(AllocateMode::punch, 3, 4));
  EXPECT_EQ(ok(fs.content("/f")), std::string_view("012\0\0\0\000789", 10));
}

TEST_P(Sparse, PunchingPastTheEndKeepsTheSize) {
  Vfs& fs = given(Fixture().file("/f", "0123456789"));
  WASIFS_ALLOCATE(ok(fs.open("/f", kReadWrite))->allocate(AllocateMode::punch, 8, kUnit));
  EXPECT_EQ(ok(fs.content("/f")), std::string_view("01234567\0\0", 10));
}

TEST_P(Sparse, AHoleCanBeFilledAgain) {
  Vfs& fs = given(Fixture().file("/f", block('a') + block('b')));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  WASIFS_ALLOCATE(file->allocate(AllocateMode::punch, 0, 2 * kUnit));
  ok(file->write(kUnit, "back"));
  EXPECT_EQ(ok(file->read(kUnit - 2, 8)), std::string_view("\0\0back\0\0", 8));
  EXPECT_EQ(ok(file->read(0, 1)), std::string_view("\0", 1));
}

TEST_P(Sparse, AllocatingGrowsTheFileWithZeros) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  WASIFS_ALLOCATE(ok(fs.open("/f", kReadWrite))->allocate(AllocateMode::extend, 0, 100));
  EXPECT_EQ(ok(fs.content("/f")), "abc" + std::string(97, '\0'));
}

TEST_P(Sparse, AllocatingInsideTheFileKeepsItsContent) {
  Vfs& fs = given(Fixture().file("/f", "abcdef").mtime({.sec = 1000}));
  WASIFS_ALLOCATE(ok(fs.open("/f", kReadWrite))->allocate(AllocateMode::extend, 1, 3));
  EXPECT_EQ(ok(fs.content("/f")), "abcdef");
}

TEST_P(Sparse, AllocatingWithTheSizeKeptReservesBlocks) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  WASIFS_ALLOCATE(ok(fs.open("/f", kReadWrite))->allocate(AllocateMode::keep_size, 0, 4 * kUnit));
  EXPECT_EQ(ok(fs.stat("/f")).size, 3U);
  EXPECT_GE(ok(fs.stat("/f")).blocks * 512, 4 * kUnit);
  EXPECT_EQ(ok(fs.content("/f")), "abc");
}

TEST_P(Sparse, ReservedSpaceReadsAsZerosOnceTheFileGrows) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  WASIFS_ALLOCATE(file->allocate(AllocateMode::keep_size, 0, kUnit));
  ok(file->truncate(10));
  EXPECT_EQ(ok(fs.content("/f")), "abc" + std::string(7, '\0'));
}

TEST_P(Sparse, ZeroingARangeGrowsTheFileUnlessTheSizeIsKept) {
  Vfs& fs = given(Fixture().file("/f", "0123456789").file("/g", "0123456789"));
  WASIFS_ALLOCATE(ok(fs.open("/f", kReadWrite))->allocate(AllocateMode::zero, 5, 10));
  WASIFS_ALLOCATE(ok(fs.open("/g", kReadWrite))->allocate(AllocateMode::zero_keep_size, 5, 10));
  EXPECT_EQ(ok(fs.content("/f")), "01234" + std::string(10, '\0'));
  EXPECT_EQ(ok(fs.content("/g")), "01234" + std::string(5, '\0'));
}

TEST_P(Sparse, AnEmptyRangeIsEinval) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  EXPECT_EQ(error(ok(fs.open("/f", kReadWrite))->allocate(AllocateMode::extend, 0, 0)), Errc::einval);
}

TEST_P(Sparse, AWriteOrTruncationPastTheLargestOffsetIsRefused) {
  Vfs& fs = given(Fixture().file("/f", "abc"));
  const HandlePtr file = ok(fs.open("/f", kReadWrite));
  constexpr std::uint64_t kLast = (std::uint64_t{1} << 63U) - 2;
  const Errc refused = error(file->write(kLast, "abcdef"));
  EXPECT_TRUE(refused == Errc::efbig || refused == Errc::einval) << static_cast<int>(refused);
  EXPECT_EQ(ok(fs.content("/f")), "abc");
}

TEST_P(Sparse, ATruncationFreesBlocks) {
  Vfs& fs = given(Fixture().file("/f", block('x') + block('y')));
  ok(fs.truncate("/f", 10));
  EXPECT_LE(ok(fs.stat("/f")).blocks * 512, kUnit);
  ok(fs.truncate("/f", 0));
  EXPECT_EQ(ok(fs.stat("/f")).blocks, 0U);
}

}  // namespace wasifs::test
