// SPDX-License-Identifier: Apache-2.0
#include "fs/memory/content.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace wasifs {

namespace {

constexpr std::uint64_t kPage = Content::kPageSize;

std::uint64_t page_of(std::uint64_t offset) { return offset / kPage; }
std::uint64_t pages_up_to(std::uint64_t size) { return size / kPage + (size % kPage != 0 ? 1 : 0); }

}  // namespace

void Content::share(View bytes) {
  shared_ = std::move(bytes);
  shared_size_ = shared_.bytes.size();
  size_ = shared_size_;
}

std::uint64_t Content::bytes_held() const {
  const std::uint64_t shared_pages = pages_up_to(shared_size_);
  const auto hidden = std::distance(pages_.begin(), pages_.lower_bound(shared_pages));
  return (page_count_ + shared_pages - static_cast<std::uint64_t>(hidden)) * kPage;
}

bool Content::data_at(std::uint64_t page) const {
  const auto found = pages_.find(page);
  return found != pages_.end() ? found->second != nullptr : shared_at(page);
}

void Content::copy_under(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t copied = 0;
  if (offset < shared_size_) {
    copied = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), shared_size_ - offset));
    std::memcpy(out.data(), shared_.bytes.data() + offset, copied);
  }
  std::memset(out.data() + copied, 0, out.size() - copied);
}

std::size_t Content::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset >= size_) return 0;
  const auto total = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  out = out.first(total);
  auto next = pages_.lower_bound(page_of(offset));
  while (!out.empty()) {
    const std::uint64_t index = page_of(offset);
    std::uint64_t stretch = kPage - offset % kPage;
    if (next == pages_.end() || next->first != index) {
      // Everything up to the next page of our own comes from below it.
      if (next == pages_.end()) {
        stretch = out.size();
      } else {
        stretch = next->first * kPage - offset;
      }
      const auto part = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), stretch)));
      copy_under(offset, part);
      offset += part.size();
      out = out.subspan(part.size());
      continue;
    }
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), stretch));
    if (next->second == nullptr) {
      std::memset(out.data(), 0, length);
    } else {
      std::memcpy(out.data(), next->second->data() + offset % kPage, length);
    }
    offset += length;
    out = out.subspan(length);
    ++next;
  }
  return total;
}

Content::Page* Content::own_page(std::uint64_t index, bool overwritten) {
  const auto place = pages_.lower_bound(index);
  const bool present = place != pages_.end() && place->first == index;
  if (present && place->second != nullptr) return place->second.get();
  Charge charge;
  if (!charge.reserve(quota_, kPage, 0)) return nullptr;
  std::unique_ptr<Page> page(new (std::nothrow) Page);
  if (page == nullptr) return nullptr;
  if (!overwritten) {
    if (present) {
      page->fill(std::byte{0});
    } else {
      copy_under(index * kPage, *page);
    }
  }
  Page* const made = page.get();
  if (present) {
    place->second = std::move(page);
  } else {
    pages_.emplace_hint(place, index, std::move(page));
  }
  charge.keep();
  ++page_count_;
  return made;
}

Result<std::size_t> Content::write(std::uint64_t offset, std::span<const std::byte> in) {
  std::size_t done = 0;
  while (done < in.size()) {
    const std::uint64_t at = offset + done;
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(in.size() - done, kPage - at % kPage));
    Page* const page = own_page(page_of(at), length == kPage);
    if (page == nullptr) break;
    std::memcpy(page->data() + at % kPage, in.data() + done, length);
    done += length;
  }
  if (done == 0) return fail(Errc::enospc);
  size_ = std::max(size_, offset + done);
  return done;
}

void Content::drop_pages(std::uint64_t first, std::uint64_t end) {
  const auto from = pages_.lower_bound(first);
  const auto to = end == kNoPage ? pages_.end() : pages_.lower_bound(end);
  std::uint64_t freed = 0;
  for (auto page = from; page != to; ++page) freed += page->second != nullptr ? 1 : 0;
  pages_.erase(from, to);
  page_count_ -= freed;
  if (quota_ != nullptr && freed != 0) quota_->release(freed * kPage, 0);
}

void Content::resize(std::uint64_t size) {
  if (size < size_) {
    drop_pages(pages_up_to(size), kNoPage);
    shared_size_ = std::min(shared_size_, size);
    if (shared_size_ == 0) shared_ = {};
    // What a later growth uncovers must read as zeros. A shared tail needs no
    // care: shared_size_ ends it.
    if (const auto last = pages_.find(page_of(size)); last != pages_.end() && last->second != nullptr) {
      std::memset(last->second->data() + size % kPage, 0, kPage - size % kPage);
    }
  }
  size_ = size;
}

Status Content::own_range(std::uint64_t first, std::uint64_t last) {
  std::uint64_t present = 0;
  for (auto page = pages_.lower_bound(first); page != pages_.end() && page->first <= last; ++page) {
    present += page->second != nullptr ? 1 : 0;
  }
  const std::uint64_t missing = last - first + 1 - present;
  // Asked before the loop, so that a request for an exabyte is refused at once.
  if (quota_ != nullptr && missing > quota_->bytes_free() / kPage) return fail(Errc::enospc);
  struct Made {
    std::uint64_t index;
    bool was_hole;
  };
  std::vector<Made> made;
  for (std::uint64_t index = first; index <= last; ++index) {
    const auto found = pages_.find(index);
    const bool hole = found != pages_.end() && found->second == nullptr;
    if (found != pages_.end() && !hole) continue;
    if (own_page(index, false) == nullptr) {
      for (const Made& undo : made) {
        drop_pages(undo.index, undo.index + 1);
        if (undo.was_hole) pages_.emplace(undo.index, nullptr);
      }
      return fail(Errc::enospc);
    }
    made.push_back({index, hole});
  }
  return {};
}

Status Content::clear(std::uint64_t offset, std::uint64_t end) {
  const std::uint64_t first_whole = pages_up_to(offset);
  const std::uint64_t end_whole = page_of(end);
  // The pages at the edges keep a part, so they have to be our own. That is the
  // step that may fail; both or none are made.
  const auto must_own = [&](std::uint64_t edge) {
    const bool whole = edge >= first_whole && edge < end_whole;
    return !whole && edge * kPage < end && data_at(edge);
  };
  const std::uint64_t first_edge = page_of(offset);
  const std::uint64_t pages_before = page_count_;
  if (must_own(first_edge) && own_page(first_edge, false) == nullptr) return fail(Errc::enospc);
  if (must_own(end_whole) && own_page(end_whole, false) == nullptr) {
    if (page_count_ != pages_before) drop_pages(first_edge, first_edge + 1);
    return fail(Errc::enospc);
  }
  for (std::uint64_t at = offset; at < end;) {
    const std::uint64_t index = page_of(at);
    if (index >= first_whole && index < end_whole) {
      at = end_whole * kPage;
      continue;
    }
    const std::uint64_t stop = std::min(end, (index + 1) * kPage);
    if (data_at(index))
      std::memset(pages_[index]->data() + at % kPage, 0, static_cast<std::size_t>(stop - at));
    at = stop;
  }
  if (first_whole >= end_whole) return {};
  drop_pages(first_whole, end_whole);
  const std::uint64_t shared_end = std::min(end_whole, pages_up_to(shared_size_));
  for (std::uint64_t page = first_whole; page < shared_end; ++page) pages_.emplace(page, nullptr);
  return {};
}

Status Content::allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t end = offset + length;
  const bool grow = mode == AllocateMode::extend || mode == AllocateMode::zero;
  Status done;
  if (mode == AllocateMode::extend || mode == AllocateMode::keep_size) {
    done = own_range(page_of(offset), page_of(end - 1));
  } else if (const std::uint64_t shown_end = std::min(end, size_); offset < shown_end) {
    done = clear(offset, shown_end);
  }
  if (done && grow) size_ = std::max(size_, end);
  return done;
}

Result<std::uint64_t> Content::seek(std::uint64_t offset, bool data) const {
  if (offset >= size_) return fail(Errc::enxio);
  if (data_at(page_of(offset)) == data) return offset;
  const std::uint64_t shared_pages = pages_up_to(shared_size_);
  std::uint64_t page = page_of(offset) + 1;
  for (auto own = pages_.lower_bound(page);; ++own) {
    // Between pages of our own lie shared bytes first, then a hole.
    const std::uint64_t gap_end = own == pages_.end() ? kNoPage : own->first;
    if (page < gap_end) {
      const bool gap_has_wanted = data ? page < shared_pages : gap_end > std::max(page, shared_pages);
      if (gap_has_wanted) {
        page = data ? page : std::max(page, shared_pages);
        break;
      }
    }
    if (own == pages_.end()) {
      page = kNoPage;
      break;
    }
    page = own->first;
    if ((own->second != nullptr) == data) break;
    ++page;
  }
  if (page < pages_up_to(size_)) return page * kPage;
  return data ? Result<std::uint64_t>(fail(Errc::enxio)) : Result<std::uint64_t>(size_);
}

std::optional<View> Content::view(std::uint64_t offset, std::size_t length) const {
  const auto shown =
      static_cast<std::size_t>(offset < size_ ? std::min<std::uint64_t>(length, size_ - offset) : 0);
  if (shown == 0) return View{};
  if (offset + shown > shared_size_) return std::nullopt;
  const auto own = pages_.lower_bound(page_of(offset));
  if (own != pages_.end() && own->first <= page_of(offset + shown - 1)) return std::nullopt;
  return View{.bytes = shared_.bytes.subspan(static_cast<std::size_t>(offset), shown),
              .owner = shared_.owner};
}

}  // namespace wasifs
