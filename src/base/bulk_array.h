// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace wasifs {

/// Address space for something large, made usable from the front on, zeroed, in
/// huge pages where the system has them: millions of nodes would else cost a page
/// fault for every few dozen. What is not used yet takes no memory, and what is
/// used never moves.
class BulkMemory {
 public:
  BulkMemory() = default;
  /// Throws std::bad_alloc.
  explicit BulkMemory(std::size_t reserved);
  BulkMemory(BulkMemory&& other) noexcept { swap(other); }
  BulkMemory& operator=(BulkMemory other) noexcept {
    swap(other);
    return *this;
  }
  ~BulkMemory();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t usable() const { return usable_; }
  /// Makes at least the first `size` bytes usable. Throws std::bad_alloc.
  void use(std::size_t size);
  /// The same, and up to as much again where there is room: for what grows step by
  /// step. Throws std::bad_alloc.
  void grow_to(std::size_t size);

 private:
  void swap(BulkMemory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(reserved_, other.reserved_);
    std::swap(usable_, other.usable_);
  }

  std::byte* data_ = nullptr;
  std::size_t reserved_ = 0;
  std::size_t usable_ = 0;
};

/// An array of up to `capacity` objects, and what fits in the last page behind
/// them, that are made one after the other and never move. Throws std::bad_alloc
/// where memory is short, or there is no room.
template <class T>
  requires std::is_trivially_destructible_v<T>
class BulkArray {
 public:
  BulkArray() = default;
  explicit BulkArray(std::size_t capacity) : memory_(bytes(capacity)) {}
  BulkArray(BulkArray&& other) noexcept
      : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
  BulkArray& operator=(BulkArray&& other) noexcept {
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  void push_back(const T& value) {
    if (bytes(size_ + 1) > memory_.usable()) [[unlikely]]
      memory_.grow_to(bytes(size_ + 1));
    std::construct_at(data() + size_, value);
    ++size_;
  }

  [[nodiscard]] T& operator[](std::size_t at) { return data()[at]; }
  [[nodiscard]] const T& operator[](std::size_t at) const { return data()[at]; }
  [[nodiscard]] T* begin() { return data(); }
  [[nodiscard]] T* end() { return data() + size_; }
  [[nodiscard]] const T* begin() const { return data(); }
  [[nodiscard]] const T* end() const { return data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] static std::size_t bytes(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_alloc();
    return count * sizeof(T);
  }
  [[nodiscard]] T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  BulkMemory memory_;
  std::size_t size_ = 0;
};

}  // namespace wasifs
