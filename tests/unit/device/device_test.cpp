// SPDX-License-Identifier: Apache-2.0
#include "fs/device/device.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace wasifs {
namespace {

constexpr OpenFlags kReadWrite{.read = true, .write = true};
const std::uint64_t kNull = gnu_dev_makedev(1, 3);
const std::uint64_t kZero = gnu_dev_makedev(1, 5);
const std::uint64_t kUrandom = gnu_dev_makedev(1, 9);
const std::uint64_t kTty = gnu_dev_makedev(5, 0);

FilePtr open_or_fail(std::uint64_t rdev, OpenFlags flags = kReadWrite) {
  auto file = open_device(rdev, flags);
  EXPECT_TRUE(file);
  return file ? std::move(*file) : nullptr;
}

TEST(StandardDevices, AreTheSevenWithTheirLinuxNumbers) {
  std::map<std::string_view, std::uint64_t> numbers;
  for (const Device& device : standard_devices()) {
    numbers[device.name] = device.rdev;
    EXPECT_EQ(device.mode, 0666) << device.name;
  }
  const std::map<std::string_view, std::uint64_t> expected = {
      {"null", kNull},  {"zero", kZero},  {"urandom", kUrandom}, {"stdin", kTty},
      {"stdout", kTty}, {"stderr", kTty}, {"tty", kTty}};
  EXPECT_EQ(numbers, expected);
  EXPECT_EQ(standard_devices().size(), expected.size());
}

TEST(StandardDevices, CanAllBeOpened) {
  for (const Device& device : standard_devices()) EXPECT_TRUE(open_device(device.rdev, {})) << device.name;
}

TEST(OpenDevice, RefusesNumbersThatAreNotServed) {
  for (const std::uint64_t rdev : {gnu_dev_makedev(1, 1), gnu_dev_makedev(8, 0), gnu_dev_makedev(0, 0),
                                   gnu_dev_makedev(1, 256 + 3), kNull | (std::uint64_t{1} << 40U)}) {
    const auto file = open_device(rdev, {});
    ASSERT_FALSE(file) << rdev;
    EXPECT_EQ(file.error(), Errc::enxio) << rdev;
  }
}

TEST(NullDevice, ReadsAsEmptyAndSwallowsWrites) {
  const FilePtr file = open_or_fail(kNull);
  std::array<std::byte, 64> buffer{};
  EXPECT_EQ(file->read_at(0, buffer), 0U);
  EXPECT_EQ(file->read_at(12345, buffer), 0U);
  EXPECT_EQ(file->write_at(0, buffer), buffer.size());
  EXPECT_EQ(file->read_at(0, buffer), 0U);
}

TEST(NullDevice, HasNeitherDataNorHoles) {
  const FilePtr file = open_or_fail(kNull);
  EXPECT_EQ(file->seek_data(0), fail(Errc::enxio));
  EXPECT_EQ(file->seek_hole(0), fail(Errc::enxio));
}

TEST(ZeroDevice, FillsWithZerosWhereverOneReads) {
  const FilePtr file = open_or_fail(kZero);
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1} << 40U, File::kMaxSize}) {
    std::vector<std::byte> buffer(10'000, std::byte{0xAA});
    EXPECT_EQ(file->read_at(offset, buffer), buffer.size());
    EXPECT_EQ(std::ranges::count(buffer, std::byte{0}), 10'000);
  }
  const std::array<std::byte, 3> some{std::byte{1}};
  EXPECT_EQ(file->write_at(0, some), 3U);
}

TEST(ZeroDevice, IsDataWithoutEnd) {
  const FilePtr file = open_or_fail(kZero);
  EXPECT_EQ(file->seek_data(77), 77U);
  EXPECT_EQ(file->seek_hole(77), fail(Errc::enxio));
  EXPECT_EQ(file->seek_data(File::kMaxSize + 1), fail(Errc::enxio));
}

TEST(UrandomDevice, FillsTheWholeBufferWithChangingBytes) {
  const FilePtr file = open_or_fail(kUrandom);
  std::vector<std::byte> first(100'000);
  std::vector<std::byte> second(100'000);
  EXPECT_EQ(file->read_at(0, first), first.size());
  EXPECT_EQ(file->read_at(0, second), second.size());
  EXPECT_NE(first, second);
  // 100,000 random bytes lack one of the 256 values with probability e^-380; a
  // tail that was left unfilled would show as a run of zeros.
  EXPECT_EQ(std::set<std::byte>(first.begin(), first.end()).size(), 256U);
  EXPECT_TRUE(std::any_of(first.end() - 64, first.end(), [](std::byte b) { return b != std::byte{0}; }));
  EXPECT_EQ(file->write_at(0, first), first.size());
  EXPECT_EQ(file->seek_data(5), 5U);
  EXPECT_EQ(file->seek_hole(5), fail(Errc::enxio));
}

TEST(TerminalDevice, ReadsAsEmptySwallowsWritesAndDoesNotSeek) {
  const FilePtr file = open_or_fail(kTty);
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(file->read_at(0, buffer), 0U);
  EXPECT_EQ(file->write_at(0, buffer), buffer.size());
  EXPECT_EQ(file->seek_data(0), fail(Errc::espipe));
  EXPECT_EQ(file->seek_hole(0), fail(Errc::espipe));
}

class EveryDevice : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EveryDevice, KeepsTheAccessMode) {
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(open_or_fail(GetParam(), {.read = true})->write_at(0, buffer), fail(Errc::ebadf));
  EXPECT_EQ(open_or_fail(GetParam(), {.read = false, .write = true})->read_at(0, buffer), fail(Errc::ebadf));
}

TEST_P(EveryDevice, SwallowsAppends) {
  const std::array<std::byte, 8> buffer{};
  EXPECT_EQ(open_or_fail(GetParam(), {.write = true, .append = true})->write_at(0, buffer), buffer.size());
}

TEST_P(EveryDevice, HasNothingToTruncateOrAllocateAndSyncsAtOnce) {
  const FilePtr file = open_or_fail(GetParam(), {.write = true, .truncate = true});
  EXPECT_EQ(file->truncate(0).error(), Errc::einval);
  EXPECT_EQ(file->allocate(AllocateMode::extend, 0, 1).error(), Errc::enodev);
  EXPECT_TRUE(file->sync(false));
  EXPECT_FALSE(file->native_range());
  EXPECT_FALSE(file->view(0, 1));
}

INSTANTIATE_TEST_SUITE_P(Devices, EveryDevice, testing::Values(kNull, kZero, kUrandom, kTty));

}  // namespace
}  // namespace wasifs
