// SPDX-License-Identifier: Apache-2.0
#include "fs/memory/content.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wasifs {
namespace {

constexpr std::uint64_t kPage = Content::kPageSize;

std::string page(char fill) { return std::string(kPage, fill); }

View shared_view(const std::shared_ptr<std::string>& bytes) {
  return {.bytes = std::as_bytes(std::span(*bytes)), .owner = bytes};
}

/// Content with its quota, spoken to in strings.
class ContentTest : public testing::Test {
 protected:
  std::string read(std::uint64_t offset, std::size_t length) const {
    std::string out(length, '?');
    out.resize(content_->read(offset, std::as_writable_bytes(std::span(out))));
    return out;
  }
  std::string all() const { return read(0, content_->size()); }
  Result<std::size_t> write(std::uint64_t offset, std::string_view bytes) {
    return content_->write(offset, std::as_bytes(std::span(bytes)));
  }
  void share(std::string text) {
    bytes_ = std::make_shared<std::string>(std::move(text));
    content_->share(shared_view(bytes_));
  }
  void limit(std::uint64_t bytes) {
    quota_ = std::make_unique<Quota>(bytes);
    content_.emplace(quota_.get());
  }

  std::shared_ptr<std::string> bytes_;
  std::unique_ptr<Quota> quota_ = std::make_unique<Quota>();
  std::optional<Content> content_{std::in_place, quota_.get()};
};

TEST_F(ContentTest, ChargesWholePages) {
  ASSERT_EQ(*write(0, "x"), 1U);
  EXPECT_EQ(quota_->bytes_used(), kPage);
  ASSERT_EQ(*write(1, page('y')), kPage);
  EXPECT_EQ(quota_->bytes_used(), 2 * kPage);
  ASSERT_EQ(*write(10, "again"), 5U);
  EXPECT_EQ(quota_->bytes_used(), 2 * kPage);
}

TEST_F(ContentTest, ReleasesEverythingWhenItGoes) {
  ASSERT_TRUE(write(0, page('a') + page('b')));
  ASSERT_TRUE(write(100 * kPage, "c"));
  ASSERT_TRUE(content_->allocate(AllocateMode::keep_size, 200 * kPage, kPage));
  EXPECT_EQ(quota_->bytes_used(), 4 * kPage);
  content_.reset();
  EXPECT_EQ(quota_->bytes_used(), 0U);
}

TEST_F(ContentTest, WithoutAQuotaHasNoLimit) {
  content_.emplace(nullptr);
  EXPECT_EQ(*write(0, page('a')), kPage);
  content_->resize(0);
  EXPECT_EQ(content_->bytes_held(), 0U);
}

TEST_F(ContentTest, TruncationReleasesPages) {
  ASSERT_TRUE(write(0, page('a') + page('b') + page('c')));
  content_->resize(kPage + 1);
  EXPECT_EQ(quota_->bytes_used(), 2 * kPage);
  content_->resize(0);
  EXPECT_EQ(quota_->bytes_used(), 0U);
}

TEST_F(ContentTest, GrowingCostsNothing) {
  content_->resize(std::uint64_t{1} << 50U);
  EXPECT_EQ(quota_->bytes_used(), 0U);
  EXPECT_EQ(content_->bytes_held(), 0U);
  EXPECT_EQ(read(12345, 3), std::string(3, '\0'));
}

TEST_F(ContentTest, AWriteThatDoesNotFitAtAllIsEnospcAndChangesNothing) {
  limit(kPage);
  ASSERT_TRUE(write(0, "abc"));
  EXPECT_EQ(write(kPage, "x").error(), Errc::enospc);
  EXPECT_EQ(content_->size(), 3U);
  EXPECT_EQ(all(), "abc");
  EXPECT_EQ(quota_->bytes_used(), kPage);
}

TEST_F(ContentTest, AWriteThatFitsInPartIsShort) {
  limit(2 * kPage);
  EXPECT_EQ(*write(0, page('a') + page('b') + page('c')), 2 * kPage);
  EXPECT_EQ(all(), page('a') + page('b'));
  EXPECT_EQ(quota_->bytes_used(), 2 * kPage);
}

TEST_F(ContentTest, AFullQuotaStillAllowsWritesInPlace) {
  limit(kPage);
  ASSERT_TRUE(write(0, page('a')));
  EXPECT_EQ(*write(5, "bcd"), 3U);
  EXPECT_EQ(read(4, 5), "abcda");
}

TEST_F(ContentTest, SharedBytesAreShownWithoutACharge) {
  share("shared content");
  EXPECT_EQ(all(), "shared content");
  EXPECT_EQ(quota_->bytes_used(), 0U);
  EXPECT_EQ(content_->size(), 14U);
}

TEST_F(ContentTest, AWriteLeavesTheSharedBytesAlone) {
  share(page('a') + page('b') + "tail");
  ASSERT_TRUE(write(kPage + 3, "XYZ"));
  EXPECT_EQ(*bytes_, page('a') + page('b') + "tail");
  EXPECT_EQ(quota_->bytes_used(), kPage);
  EXPECT_EQ(read(kPage, 8), "bbbXYZbb");
  EXPECT_EQ(read(kPage - 1, 2), "ab");
  EXPECT_EQ(read(2 * kPage, 10), "tail");
}

TEST_F(ContentTest, AppendingToSharedBytesKeepsThem) {
  share("head");
  ASSERT_TRUE(write(4, "+more"));
  EXPECT_EQ(all(), "head+more");
  EXPECT_EQ(*bytes_, "head");
}

TEST_F(ContentTest, SharedBytesCutOffDoNotComeBack) {
  share(page('a') + page('b'));
  content_->resize(10);
  content_->resize(2 * kPage);
  EXPECT_EQ(all(), std::string(10, 'a') + std::string(2 * kPage - 10, '\0'));
}

TEST_F(ContentTest, TruncationToNothingLetsGoOfTheSharedBytes) {
  share("shared");
  const std::weak_ptr<std::string> watched = bytes_;
  bytes_.reset();
  content_->resize(0);
  EXPECT_TRUE(watched.expired());
}

TEST_F(ContentTest, OwnBytesCutOffDoNotComeBack) {
  ASSERT_TRUE(write(0, page('a')));
  content_->resize(1);
  content_->resize(10);
  EXPECT_EQ(all(), "a" + std::string(9, '\0'));
}

TEST_F(ContentTest, PunchingFreesOwnPages) {
  ASSERT_TRUE(write(0, page('a') + page('b') + page('c')));
  ASSERT_TRUE(content_->allocate(AllocateMode::punch, kPage, kPage));
  EXPECT_EQ(quota_->bytes_used(), 2 * kPage);
  EXPECT_EQ(all(), page('a') + page('\0') + page('c'));
}

TEST_F(ContentTest, PunchingHidesSharedBytesWithoutAPage) {
  share(page('a') + page('b') + page('c'));
  ASSERT_TRUE(content_->allocate(AllocateMode::punch, kPage, kPage));
  EXPECT_EQ(quota_->bytes_used(), 0U);
  EXPECT_EQ(all(), page('a') + page('\0') + page('c'));
  EXPECT_EQ(content_->bytes_held(), 2 * kPage);
}

TEST_F(ContentTest, AWriteIntoAPunchedSharedPageDoesNotUncoverIt) {
  share(page('a') + page('b'));
  ASSERT_TRUE(content_->allocate(AllocateMode::punch, 0, kPage));
  ASSERT_TRUE(write(5, "x"));
  EXPECT_EQ(read(0, 8), std::string_view("\0\0\0\0\0x\0\0", 8));
}

TEST_F(ContentTest, PunchingPartsOfPagesKeepsTheRest) {
  share(page('a') + page('b') + page('c'));
  ASSERT_TRUE(content_->allocate(AllocateMode::punch, 100, 2 * kPage));
  std::string expected = *bytes_;
  expected.replace(100, 2 * kPage, 2 * kPage, '\0');
  EXPECT_EQ(all(), expected);
}

TEST_F(ContentTest, PunchingThatNeedsAPageIsRefusedWhole) {
  limit(kPage);
  share(page('a') + page('b') + page('c'));
  EXPECT_EQ(content_->allocate(AllocateMode::punch, 100, 2 * kPage).error(), Errc::enospc);
  EXPECT_EQ(all(), *bytes_);
  EXPECT_EQ(quota_->bytes_used(), 0U) << "the page at the first edge was given back";
}

TEST_F(ContentTest, AllocationChargesMissingPagesOnly) {
  ASSERT_TRUE(write(kPage, "x"));
  ASSERT_TRUE(content_->allocate(AllocateMode::extend, 0, 3 * kPage));
  EXPECT_EQ(quota_->bytes_used(), 3 * kPage);
  EXPECT_EQ(content_->size(), 3 * kPage);
  ASSERT_TRUE(content_->allocate(AllocateMode::extend, 0, 3 * kPage));
  EXPECT_EQ(quota_->bytes_used(), 3 * kPage);
}

TEST_F(ContentTest, AllocationThatDoesNotFitChangesNothing) {
  limit(3 * kPage);
  ASSERT_TRUE(write(kPage, "x"));
  EXPECT_EQ(content_->allocate(AllocateMode::extend, 0, 5 * kPage).error(), Errc::enospc);
  EXPECT_EQ(quota_->bytes_used(), kPage);
  EXPECT_EQ(content_->size(), kPage + 1);
}

TEST_F(ContentTest, AnExabyteIsRefusedAtOnce) {
  limit(1024 * kPage);
  EXPECT_EQ(content_->allocate(AllocateMode::extend, 0, std::uint64_t{1} << 60U).error(), Errc::enospc);
  EXPECT_EQ(quota_->bytes_used(), 0U);
}

TEST_F(ContentTest, ReservedSpaceMakesAWriteSafe) {
  limit(2 * kPage);
  ASSERT_TRUE(content_->allocate(AllocateMode::keep_size, 0, 2 * kPage));
  EXPECT_EQ(content_->size(), 0U);
  EXPECT_EQ(*write(0, page('a') + page('b')), 2 * kPage);
}

TEST_F(ContentTest, AllocatedSharedBytesAreKept) {
  share("shared");
  ASSERT_TRUE(content_->allocate(AllocateMode::extend, 0, 6));
  EXPECT_EQ(all(), "shared");
  EXPECT_EQ(quota_->bytes_used(), kPage);
}

TEST_F(ContentTest, SeekFindsOwnPages) {
  ASSERT_TRUE(write(2 * kPage, page('a')));
  content_->resize(10 * kPage);
  EXPECT_EQ(*content_->seek(0, true), 2 * kPage);
  EXPECT_EQ(*content_->seek(2 * kPage + 7, true), 2 * kPage + 7);
  EXPECT_EQ(*content_->seek(2 * kPage, false), 3 * kPage);
  EXPECT_EQ(*content_->seek(5 * kPage, false), 5 * kPage);
  EXPECT_EQ(content_->seek(3 * kPage, true).error(), Errc::enxio);
  EXPECT_EQ(content_->seek(10 * kPage, false).error(), Errc::enxio);
}

TEST_F(ContentTest, SeekFindsSharedBytesAndHolesInThem) {
  share(page('a') + page('b') + page('c') + "d");
  ASSERT_TRUE(content_->allocate(AllocateMode::punch, kPage, kPage));
  EXPECT_EQ(*content_->seek(0, false), kPage);
  EXPECT_EQ(*content_->seek(kPage, true), 2 * kPage);
  EXPECT_EQ(*content_->seek(2 * kPage, false), 3 * kPage + 1);
  content_->resize(20 * kPage);
  EXPECT_EQ(*content_->seek(2 * kPage, false), 4 * kPage);
}

TEST_F(ContentTest, ViewShowsTheSharedBytesInPlace) {
  share(page('a') + "tail");
  const std::optional<View> view = content_->view(kPage - 1, 100);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(static_cast<const void*>(view->bytes.data()),
            static_cast<const void*>(bytes_->data() + kPage - 1));
  EXPECT_EQ(view->bytes.size(), 5U);
}

TEST_F(ContentTest, ViewOutlivesTheContent) {
  share("shared");
  const std::optional<View> view = content_->view(0, 6);
  content_.reset();
  bytes_.reset();
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(std::memcmp(view->bytes.data(), "shared", 6), 0);
}

TEST_F(ContentTest, ViewIsEmptyPastTheEndAndAbsentOverOwnPages) {
  share(page('a') + page('b'));
  EXPECT_TRUE(content_->view(2 * kPage, 10)->bytes.empty());
  ASSERT_TRUE(write(kPage, "x"));
  EXPECT_FALSE(content_->view(kPage, 1).has_value());
  EXPECT_FALSE(content_->view(kPage - 1, 2).has_value());
  EXPECT_TRUE(content_->view(0, kPage).has_value());
}

TEST_F(ContentTest, ViewIsAbsentOverHoles) {
  share(page('a') + page('b'));
  ASSERT_TRUE(content_->allocate(AllocateMode::punch, 0, kPage));
  content_->resize(3 * kPage);
  EXPECT_FALSE(content_->view(0, 1).has_value());
  EXPECT_FALSE(content_->view(2 * kPage - 1, 2).has_value());
  EXPECT_TRUE(content_->view(kPage, kPage).has_value());
}

}  // namespace
}  // namespace wasifs
