// SPDX-License-Identifier: Apache-2.0
#include "inspect/content.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace wasifs {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

/// Bytes of a file, where they lie or in a buffer of its own.
class Reader {
 public:
  explicit Reader(File& file) : file_(file) {}

  /// Those from `at` on, at most `wanted`; empty at the end of the file. Valid until the
  /// next call.
  Result<std::span<const std::byte>> read(std::uint64_t at, std::size_t wanted) {
    view_ = file_.view(at, wanted);
    if (view_ && !view_->bytes.empty()) return view_->bytes;
    buffer_.resize(kPiece);
    const Result<std::size_t> got = file_.read_at(at, std::span(buffer_).first(wanted));
    if (!got) return fail(got.error());
    return std::span<const std::byte>(buffer_).first(*got);
  }
  /// The first place from `at` on that may hold something else than zeros.
  Result<std::uint64_t> data(std::uint64_t at, std::uint64_t size) {
    const Result<std::uint64_t> found = file_.seek_data(at);
    if (!found && found.error() == Errc::enxio) return size;
    return found;
  }

 private:
  File& file_;
  std::optional<View> view_;
  std::vector<std::byte> buffer_;
};

std::size_t piece(std::uint64_t at, std::uint64_t size) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size - at));
}

}  // namespace

Result<Digest> digest_of(File& file, std::uint64_t size) {
  Sha256 hash;
  Reader reader(file);
  for (std::uint64_t at = 0; at < size;) {
    const auto bytes = reader.read(at, piece(at, size));
    if (!bytes) return fail(bytes.error());
    if (bytes->empty()) break;
    hash.add(*bytes);
    at += bytes->size();
  }
  return hash.take();
}

Result<bool> same_content(File& a, File& b, std::uint64_t size) {
  Reader read_a(a);
  Reader read_b(b);
  for (std::uint64_t at = 0; at < size;) {
    const Result<std::uint64_t> data_a = read_a.data(at, size);
    if (!data_a) return fail(data_a.error());
    const Result<std::uint64_t> data_b = read_b.data(at, size);
    if (!data_b) return fail(data_b.error());
    at = std::max(at, std::min(*data_a, *data_b));
    if (at >= size) break;
    const auto bytes_a = read_a.read(at, piece(at, size));
    if (!bytes_a) return fail(bytes_a.error());
    const auto bytes_b = read_b.read(at, piece(at, size));
    if (!bytes_b) return fail(bytes_b.error());
    const std::size_t count = std::min(bytes_a->size(), bytes_b->size());
    if (count == 0) return bytes_a->size() == bytes_b->size();
    if (bytes_a->data() != bytes_b->data() && std::memcmp(bytes_a->data(), bytes_b->data(), count) != 0) {
      return false;
    }
    at += count;
  }
  return true;
}

}  // namespace wasifs
