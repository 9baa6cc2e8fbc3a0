// SPDX-License-Identifier: Apache-2.0
// Damage at every place: whatever is cut off or flipped, a package is accepted
// or refused as corrupt, and nothing else happens.
#include "testing.h"

namespace wasifs::webc {
namespace {

struct Counts {
  std::size_t refused = 0;
  std::size_t unverified = 0;
  std::size_t good = 0;
};

void visit_all(const Package& package) {
  for (const VolumeInfo& volume : package.volumes()) {
    std::vector<std::string> lines;
    list_tree(*package.volume(volume.name)->root(), "", lines);
    EXPECT_EQ(lines.size(), volume.files + volume.directories + volume.symlinks);
  }
  EXPECT_NE(package.manifest_json(), "");
}

void try_bytes(std::string bytes, Counts& counts) {
  const std::size_t size = bytes.size();
  const auto package = parse(std::move(bytes));
  if (!package) {
    ++counts.refused;
    ASSERT_EQ(package.error().trouble, Trouble::corrupt) << package.error().message;
    // The offset that every message names lies in the file or at its end.
    constexpr std::string_view kPlace = "at byte ";
    const std::size_t place = package.error().message.find(kPlace);
    ASSERT_NE(place, std::string::npos) << package.error().message;
    ASSERT_LE(std::stoull(package.error().message.substr(place + kPlace.size())), size)
        << package.error().message;
    return;
  }
  visit_all(**package);
  const auto verified = (*package)->verify();
  if (!verified) {
    ++counts.unverified;
    ASSERT_EQ(verified.error().trouble, Trouble::corrupt);
    return;
  }
  ++counts.good;
}

Counts truncate_everywhere(const std::string& bytes) {
  Counts counts;
  for (std::size_t length = 0; length < bytes.size(); ++length) try_bytes(bytes.substr(0, length), counts);
  return counts;
}

Counts flip_everywhere(const std::string& bytes, std::size_t limit) {
  Counts counts;
  for (std::size_t at = 0; at < std::min(limit, bytes.size()); ++at) {
    for (const unsigned mask : {0x01U, 0x80U, 0xffU}) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ mask);
      try_bytes(std::move(flipped), counts);
    }
  }
  return counts;
}

std::string small_package(unsigned version) {
  std::vector<test::WebcEntry> entries = {webc_file("a", "1"), webc_file("dir/sub/b", "22"),
                                          webc_dir("empty")};
  if (version == 3) entries.push_back(webc_link("dir/link", "../a"));
  return write_webc({.version = version, .volumes = {{"v", entries}}, .atoms = {{"m", "wasm"}}});
}

class Sweep : public testing::TestWithParam<unsigned> {};

TEST_P(Sweep, EveryTruncationIsRefused) {
  const std::string bytes = small_package(GetParam());
  const Counts counts = truncate_everywhere(bytes);
  if (GetParam() == 1) {
    // A v1 file ends where its last volume does: without volumes, or cut off
    // right before one, it is whole but for its hash.
    EXPECT_EQ(counts.good, 0U);
    EXPECT_LE(counts.unverified, 1U);
  } else {
    EXPECT_EQ(counts.refused, bytes.size());
  }
}

TEST_P(Sweep, EveryFlippedByteIsSurvived) {
  const std::string bytes = small_package(GetParam());
  const Counts counts = flip_everywhere(bytes, bytes.size());
  EXPECT_GT(counts.refused, 0U);
  EXPECT_GT(counts.unverified, 0U);
}

INSTANTIATE_TEST_SUITE_P(Webc, Sweep, testing::Values(1U, 2U, 3U));

TEST(SweepFixture, EveryTruncationOfHelloIsSurvived) {
  WASIFS_NEED_FIXTURE(path, "hello-0.1.0");
  const std::string bytes = test::read_file(path);
  const Counts counts = truncate_everywhere(bytes);
  // It holds no hash, and may end before each of its two volumes.
  EXPECT_EQ(counts.good, 2U);
  EXPECT_EQ(counts.refused, bytes.size() - 2);
}

TEST(SweepFixture, EveryFlippedByteOfHelloIsSurvived) {
  WASIFS_NEED_FIXTURE(path, "hello-0.1.0");
  const Counts counts = flip_everywhere(test::read_file(path), 1500);
  EXPECT_GT(counts.refused, 0U);
  EXPECT_EQ(counts.unverified, 0U);
}

TEST(SweepFixture, EveryTruncationOfTheReferenceWritersPackageIsRefused) {
  WASIFS_NEED_FIXTURE(path, "gen-sdk010-v3-simple");
  const std::string bytes = test::read_file(path);
  EXPECT_EQ(truncate_everywhere(bytes).refused, bytes.size());
}

}  // namespace
}  // namespace wasifs::webc
