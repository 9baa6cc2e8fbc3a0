// SPDX-License-Identifier: Apache-2.0
#include "base/quota.h"

#include <algorithm>

namespace wasifs {

bool Quota::Gauge::take(std::uint64_t amount) {
  std::uint64_t seen = used.load(std::memory_order_relaxed);
  do {
    if (amount > max - std::min(seen, max)) return false;
  } while (!used.compare_exchange_weak(seen, seen + amount, std::memory_order_relaxed));
  return true;
}

std::uint64_t Quota::Gauge::free() const { return max - std::min(used.load(std::memory_order_relaxed), max); }

Status Quota::charge(std::uint64_t bytes, std::uint64_t inodes) {
  if (!bytes_.take(bytes)) return fail(Errc::enospc);
  if (!inodes_.take(inodes)) {
    bytes_.used.fetch_sub(bytes, std::memory_order_relaxed);
    return fail(Errc::enospc);
  }
  if (parent_ != nullptr) {
    if (const Status outer = parent_->charge(bytes, inodes); !outer) {
      bytes_.used.fetch_sub(bytes, std::memory_order_relaxed);
      inodes_.used.fetch_sub(inodes, std::memory_order_relaxed);
      return outer;
    }
  }
  return {};
}

void Quota::charge_anyway(std::uint64_t bytes, std::uint64_t inodes) {
  bytes_.used.fetch_add(bytes, std::memory_order_relaxed);
  inodes_.used.fetch_add(inodes, std::memory_order_relaxed);
  if (parent_ != nullptr) parent_->charge_anyway(bytes, inodes);
}

void Quota::release(std::uint64_t bytes, std::uint64_t inodes) {
  bytes_.used.fetch_sub(bytes, std::memory_order_relaxed);
  inodes_.used.fetch_sub(inodes, std::memory_order_relaxed);
  if (parent_ != nullptr) parent_->release(bytes, inodes);
}

std::uint64_t Quota::bytes_max() const {
  return parent_ == nullptr ? bytes_.max : std::min(bytes_.max, parent_->bytes_max());
}
std::uint64_t Quota::inodes_max() const {
  return parent_ == nullptr ? inodes_.max : std::min(inodes_.max, parent_->inodes_max());
}
std::uint64_t Quota::bytes_free() const {
  return parent_ == nullptr ? bytes_.free() : std::min(bytes_.free(), parent_->bytes_free());
}
std::uint64_t Quota::inodes_free() const {
  return parent_ == nullptr ? inodes_.free() : std::min(inodes_.free(), parent_->inodes_free());
}

Status Charge::reserve(Quota* quota, std::uint64_t bytes, std::uint64_t inodes) {
  if (quota == nullptr) return {};
  if (const Status charged = quota->charge(bytes, inodes); !charged) return charged;
  hold(quota, bytes, inodes);
  return {};
}

void Charge::take_anyway(Quota* quota, std::uint64_t bytes, std::uint64_t inodes) {
  if (quota == nullptr) return;
  quota->charge_anyway(bytes, inodes);
  hold(quota, bytes, inodes);
}

void Charge::hold(Quota* quota, std::uint64_t bytes, std::uint64_t inodes) {
  quota_ = quota;
  bytes_ = bytes;
  inodes_ = inodes;
}

}  // namespace wasifs
