// SPDX-License-Identifier: Apache-2.0
#include "base/file_copy.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace wasifs {

namespace {

constexpr std::size_t kPiece = std::size_t{128} << 10U;

/// The bytes from `start` to `end`, or what of them is still there.
Status copy_data(File& from, File& to, std::uint64_t start, std::uint64_t end,
                 std::vector<std::byte>& buffer) {
  for (std::uint64_t at = start; at < end;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end - at));
    std::optional<View> view = from.view(at, wanted);
    std::span<const std::byte> piece;
    if (view) {
      piece = view->bytes;
    } else {
      buffer.resize(kPiece);
      const Result<std::size_t> got = from.read_at(at, std::span(buffer).first(wanted));
      if (!got) return fail(got.error());
      piece = std::span(buffer).first(*got);
    }
    if (piece.empty()) return {};
    const Result<std::size_t> put = to.write_at(at, piece);
    if (!put) return fail(put.error());
    if (*put != piece.size()) return fail(Errc::enospc);
    at += piece.size();
  }
  return {};
}

}  // namespace

Status copy_content(File& from, File& to, std::uint64_t size) {
  if (const Status taken = to.copy_from(from, size); taken || taken.error() != Errc::enotsup) return taken;
  std::vector<std::byte> buffer;
  for (std::uint64_t at = 0; at < size;) {
    // A layer that cannot tell says that all is data.
    const Result<std::uint64_t> data = from.seek_data(at);
    if (!data && data.error() == Errc::enxio) break;
    if (!data) return fail(data.error());
    const Result<std::uint64_t> hole = from.seek_hole(*data);
    if (!hole) return fail(hole.error());
    if (const Status copied = copy_data(from, to, *data, std::min(*hole, size), buffer); !copied)
      return copied;
    at = std::max(at + 1, *hole);
  }
  return to.truncate(size);
}

}  // namespace wasifs
