// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "fs/archive/decoder.h"

namespace wasifs::archive {

/// The bytes that a format's reader sees: those of the file, or what they are
/// decompressed to, piece by piece, with a look at what comes before the reader takes it.
/// Not thread-safe.
class Stream {
 public:
  template <class T>
  using Or = Decoder::Or<T>;

  /// `bytes` is the whole file and must outlive it.
  explicit Stream(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] Or<void> open();
  [[nodiscard]] bool compressed() const { return decoder_ != nullptr; }

  /// Of a compressed one the next piece, valid until the next call; empty: the end.
  [[nodiscard]] Or<std::span<const std::byte>> next();
  /// `size` bytes at `offset`, fewer at the end, valid until the next call. Of a compressed
  /// one, not before the last piece but one that next() gave, and decompressed as far as
  /// that takes.
  [[nodiscard]] Or<std::span<const std::byte>> peek(std::uint64_t offset, std::size_t size);

  /// How many of the file's bytes were used so far.
  [[nodiscard]] std::uint64_t used() const { return decoder_ == nullptr ? 0 : decoder_->used(); }
  /// How many of the file's bytes lie behind the end of what was decompressed, unless all
  /// of them are zeros.
  [[nodiscard]] std::uint64_t trailing() const;

 private:
  using Piece = std::vector<std::byte>;

  [[nodiscard]] Or<Piece> decode();

  const std::span<const std::byte> bytes_;
  std::unique_ptr<Decoder> decoder_;  ///< null: not compressed
  /// The reader may not have taken the end of the one before when it asks for the next.
  Piece before_;
  Piece current_;
  std::uint64_t before_at_ = 0;
  std::deque<Piece> ahead_;  ///< what was looked at already, behind current_
  std::uint64_t decoded_ = 0;
  bool at_end_ = false;
  std::vector<std::byte> peeked_;
};

}  // namespace wasifs::archive
