// SPDX-License-Identifier: Apache-2.0
#include "base/bulk_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace wasifs {
namespace {

/// What x86-64, and 64-bit ARM with pages of 4 KiB, call a huge page. A wrong
/// guess costs alignment that is of no use, nothing else.
constexpr std::size_t kHugePage = 2U << 20U;

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t round_up(std::size_t size, std::size_t unit) {
  if (size > std::numeric_limits<std::size_t>::max() - unit) throw std::bad_alloc();
  return (size + unit - 1) / unit * unit;
}

}  // namespace

BulkMemory::BulkMemory(std::size_t reserved) : reserved_(round_up(reserved, page_size())) {
  if (reserved_ == 0) return;
  const bool huge = reserved_ >= kHugePage;
  // Room to begin where a huge page may.
  const std::size_t taken = huge ? round_up(reserved_, kHugePage) + kHugePage : reserved_;
  // Without access it does not count as memory, whatever the system promises.
  void* const at = ::mmap(nullptr, taken, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(at);
  if (!huge) return;
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(at) % kHugePage) % kHugePage;
  const std::size_t behind = taken - before - reserved_;
  if (before != 0) ::munmap(data_, before);
  if (behind != 0) ::munmap(data_ + before + reserved_, behind);
  data_ += before;
  ::madvise(data_, reserved_, MADV_HUGEPAGE);  // a wish: without them it works as well
}

BulkMemory::~BulkMemory() {
  if (data_ != nullptr) ::munmap(data_, reserved_);
}

void BulkMemory::use(std::size_t size) {
  const std::size_t wanted = round_up(size, page_size());
  if (wanted <= usable_) return;
  if (wanted > reserved_) throw std::bad_alloc();
  if (::mprotect(data_ + usable_, wanted - usable_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  usable_ = wanted;
}

void BulkMemory::grow_to(std::size_t size) {
  use(std::max(size, std::min(reserved_, std::max(round_up(size, kHugePage), 2 * usable_))));
}

}  // namespace wasifs
