// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/stream.h"

#include <algorithm>
#include <utility>

namespace wasifs::archive {

namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;

}  // namespace

Stream::Or<void> Stream::open() {
  auto decoder = Decoder::of(bytes_);
  if (!decoder) return std::unexpected(std::move(decoder.error()));
  decoder_ = *std::move(decoder);
  return {};
}

Stream::Or<Stream::Piece> Stream::decode() {
  if (at_end_) return Piece();
  Piece piece(kPiece);
  const Or<std::size_t> size = decoder_->read(piece);
  if (!size) return std::unexpected(size.error());
  at_end_ = *size == 0;
  piece.resize(*size);
  decoded_ += *size;
  return piece;
}

Stream::Or<std::span<const std::byte>> Stream::next() {
  Piece piece;
  if (ahead_.empty()) {
    Or<Piece> decoded = decode();
    if (!decoded) return std::unexpected(std::move(decoded.error()));
    piece = *std::move(decoded);
  } else {
    piece = std::move(ahead_.front());
    ahead_.pop_front();
  }
  before_at_ += before_.size();
  before_ = std::exchange(current_, std::move(piece));
  return current_;
}

Stream::Or<std::span<const std::byte>> Stream::peek(std::uint64_t offset, std::size_t size) {
  if (decoder_ == nullptr) {
    const auto from = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes_.size()));
    return bytes_.subspan(from, std::min(size, bytes_.size() - from));
  }
  while (decoded_ < offset + size && !at_end_) {
    Or<Piece> piece = decode();
    if (!piece) return std::unexpected(std::move(piece.error()));
    if (!piece->empty()) ahead_.push_back(*std::move(piece));
  }
  peeked_.clear();
  std::uint64_t at = before_at_;
  const auto take = [&](const Piece& piece) {
    const std::uint64_t wanted = offset + peeked_.size();
    if (wanted >= at && wanted < at + piece.size()) {
      const auto from = static_cast<std::size_t>(wanted - at);
      const std::size_t count = std::min(size - peeked_.size(), piece.size() - from);
      const auto begin = piece.begin() + static_cast<std::ptrdiff_t>(from);
      peeked_.insert(peeked_.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
    }
    at += piece.size();
  };
  take(before_);
  take(current_);
  for (const Piece& piece : ahead_) take(piece);
  return peeked_;
}

std::uint64_t Stream::trailing() const {
  if (decoder_ == nullptr || decoder_->used() >= bytes_.size()) return 0;
  const auto left = bytes_.subspan(static_cast<std::size_t>(decoder_->used()));
  // Media that are written in blocks are filled up with them.
  const bool padding = std::ranges::all_of(left, [](std::byte byte) { return byte == std::byte{}; });
  return padding ? 0 : left.size();
}

}  // namespace wasifs::archive
