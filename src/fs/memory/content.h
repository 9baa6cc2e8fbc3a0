// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "base/quota.h"
#include "wasifs/node.h"

namespace wasifs {

/// The bytes of a memory file: 4 KiB pages over optional shared bytes. What has
/// neither a page nor shared bytes is a hole and reads as zeros.
///
/// Pages are charged to the quota before they are allocated and released with
/// them. Not thread-safe: the node's lock guards it.
class Content {
 public:
  static constexpr std::uint64_t kPageSize = 4096;

  explicit Content(Quota* quota) : quota_(quota) {}
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content() { drop_pages(0, kNoPage); }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Bytes that cost memory of our own or are shared; holes do not count.
  [[nodiscard]] std::uint64_t bytes_held() const;

  /// To be called while the content is empty.
  void share(View bytes);

  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  /// Writes as much as the quota allows; enospc if that is nothing.
  [[nodiscard]] Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> in);
  void resize(std::uint64_t size);
  /// enospc, and nothing has changed.
  [[nodiscard]] Status allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Result<std::uint64_t> seek(std::uint64_t offset, bool data) const;
  /// The shared bytes of a range, nullopt where a page or hole lies in it.
  [[nodiscard]] std::optional<View> view(std::uint64_t offset, std::size_t length) const;

 private:
  using Page = std::array<std::byte, kPageSize>;
  static constexpr std::uint64_t kNoPage = ~std::uint64_t{0};

  [[nodiscard]] bool shared_at(std::uint64_t page) const { return page * kPageSize < shared_size_; }
  [[nodiscard]] bool data_at(std::uint64_t page) const;
  /// Copies one page's worth of what lies under the pages.
  void copy_under(std::uint64_t offset, std::span<std::byte> out) const;
  /// The page itself, made from what it shows now; null if the quota refuses.
  [[nodiscard]] Page* own_page(std::uint64_t index, bool overwritten);
  /// Makes every page of first..last our own, or none.
  [[nodiscard]] Status own_range(std::uint64_t first, std::uint64_t last);
  void drop_pages(std::uint64_t first, std::uint64_t end);
  /// Makes offset..end read as zeros and frees what lies wholly inside.
  [[nodiscard]] Status clear(std::uint64_t offset, std::uint64_t end);

  Quota* quota_;
  std::uint64_t size_ = 0;
  View shared_;
  std::uint64_t shared_size_ = 0;  ///< prefix of shared_ that still shows
  std::uint64_t page_count_ = 0;   ///< entries of pages_ that are not null
  /// By page index. A null entry is a hole that hides shared bytes.
  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;
};

}  // namespace wasifs
