// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "wasi/abi.h"

namespace wasifs::wasi {

/// A guest's linear memory for the time of one call. Every address and length is
/// the guest's and not trusted: sums are computed in 64 bits, and what does not lie
/// within is fault. Other threads of the guest may write at the same time, so what
/// is checked is copied first.
class GuestMemory {
 public:
  explicit GuestMemory(std::span<std::byte> bytes) : bytes_(bytes) {}

  /// The `length` bytes at `address`. No bytes at all lie anywhere.
  [[nodiscard]] Answer<std::span<std::byte>> range(u32 address, u64 length) const {
    if (length == 0) return std::span<std::byte>{};
    if (length > bytes_.size() || address > bytes_.size() - length) return refuse(Errno::fault);
    return bytes_.subspan(address, static_cast<std::size_t>(length));
  }

  template <std::unsigned_integral T>
  [[nodiscard]] Answer<T> load(u32 address) const {
    const auto from = range(address, sizeof(T));
    if (!from) return refuse(from.error());
    return get<T>(*from, 0);
  }
  /// success or fault.
  template <std::unsigned_integral T>
  [[nodiscard]] Errno store(u32 address, T value) const {
    const auto to = range(address, sizeof(T));
    if (!to) return to.error();
    put(*to, 0, value);
    return Errno::success;
  }

  /// Members of a struct that lies within.
  template <std::unsigned_integral T>
  [[nodiscard]] static T get(std::span<const std::byte> record, std::size_t offset) {
    static_assert(std::endian::native == std::endian::little, "WebAssembly's byte order is the host's");
    T value;
    std::memcpy(&value, record.data() + offset, sizeof value);
    return value;
  }
  template <std::unsigned_integral T>
  static void put(std::span<std::byte> record, std::size_t offset, T value) {
    std::memcpy(record.data() + offset, &value, sizeof value);
  }

 private:
  std::span<std::byte> bytes_;
};

/// The buffers of one scattered read or write, copied from the guest and checked.
class IoVectors {
 public:
  /// What is taken of them; a guest goes on with the rest, as after any short transfer.
  static constexpr u32 kMaxCount = 1024;
  static constexpr u64 kMaxBytes = 0x7fff'ffff;

  [[nodiscard]] Errno read(const GuestMemory& memory, u32 address, u32 count);

  /// Those that are not empty.
  [[nodiscard]] std::span<const std::span<std::byte>> buffers() const {
    return more_.empty() ? std::span<const std::span<std::byte>>(few_.data(), size_) : more_;
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::array<std::span<std::byte>, 8> few_;
  std::vector<std::span<std::byte>> more_;  ///< all of them, where few_ is too small
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace wasifs::wasi
