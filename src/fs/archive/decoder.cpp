// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/decoder.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "fs/archive/handle.h"

namespace wasifs::archive {

namespace {

using Bytes = std::span<const std::byte>;

/// libarchive compares neither the CRC nor the length of gzip.
class GzipDecoder final : public Decoder {
 public:
  explicit GzipDecoder(Bytes bytes) : left_(bytes), size_(bytes.size()) {
    constexpr int kGzipOnly = 15 + 16;
    if (inflateInit2(&zlib_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;
  ~GzipDecoder() override { inflateEnd(&zlib_); }

  [[nodiscard]] static bool is_member(Bytes bytes) {
    return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
  }

  [[nodiscard]] std::uint64_t used() const override { return size_ - left_.size(); }

 protected:
  Or<std::size_t> decode(std::span<std::byte> out) override {
    while (!at_end_) {
      const Or<std::size_t> made = inflate_some(out);
      if (!made || *made != 0) return made;
    }
    return 0;
  }

 private:
  /// 0: a member has ended, or begun.
  Or<std::size_t> inflate_some(std::span<std::byte> out) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const std::size_t given = std::min(left_.size(), kMost);
    const std::size_t room = std::min(out.size(), kMost);
    // zlib does not write there, in spite of the type.
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(left_.data()));
    zlib_.avail_in = static_cast<uInt>(given);
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = static_cast<uInt>(room);
    const int status = inflate(&zlib_, Z_NO_FLUSH);
    left_ = left_.subspan(given - zlib_.avail_in);
    const std::size_t made = room - zlib_.avail_out;
    if (status == Z_STREAM_END) {
      // Members follow each other.
      at_end_ = !is_member(left_);
      if (!at_end_) inflateReset(&zlib_);
      return made;
    }
    // An error comes again after what was before it.
    if (made != 0 || (status == Z_OK && given != zlib_.avail_in)) return made;
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_DATA_ERROR && left_.empty()) return std::unexpected("truncated gzip input");
    const char* const why = zlib_.msg == nullptr ? "it cannot be decompressed" : zlib_.msg;
    return std::unexpected(std::string("gzip: ") + why);
  }

  z_stream zlib_{};
  Bytes left_;
  const std::size_t size_;
  bool at_end_ = false;
};

/// All others.
class FilterDecoder final : public Decoder {
 public:
  FilterDecoder() : reader_(new_reader()) {}

  Or<void> open(Bytes bytes) {
    ::archive* const reader = reader_.get();
    for (const auto support :
         {archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
          archive_read_support_filter_zstd, archive_read_support_filter_lz4, archive_read_support_format_raw,
          archive_read_support_format_empty}) {
      // For one that it was built without, libarchive would run a program of the host.
      if (support(reader) != ARCHIVE_OK)
        return std::unexpected("this libarchive cannot read all that wasifs asks of it");
    }
    if (archive_read_open_memory(reader, bytes.data(), bytes.size()) < ARCHIVE_WARN) return broken();
    // The last one is the file itself. What is inside of another one nobody would compare.
    if (archive_filter_count(reader) > 2) return std::unexpected(std::string(kCompressedTwice));
    return {};
  }

  [[nodiscard]] bool is_needed() const {
    return archive_filter_code(reader_.get(), 0) != ARCHIVE_FILTER_NONE;
  }

  [[nodiscard]] std::uint64_t used() const override {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, archive_filter_bytes(reader_.get(), -1)));
  }

 protected:
  Or<std::size_t> decode(std::span<std::byte> out) override {
    while (block_.empty()) {
      const Or<bool> more = next_block();
      if (!more) return std::unexpected(more.error());
      if (!*more) return 0;
    }
    const std::size_t piece = std::min(block_.size(), out.size());
    std::memcpy(out.data(), block_.data(), piece);
    block_ = block_.subspan(piece);
    return piece;
  }

 private:
  [[nodiscard]] std::unexpected<std::string> broken() const { return std::unexpected(reason(reader_.get())); }

  Or<bool> next_block() {
    if (at_end_) return false;
    if (!begun_) {
      ::archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader_.get(), &entry);
      at_end_ = status == ARCHIVE_EOF;
      if (at_end_) return false;
      if (status < ARCHIVE_WARN) return broken();
      begun_ = true;
    }
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(reader_.get(), &bytes, &size, &offset);
    at_end_ = status == ARCHIVE_EOF;
    if (!at_end_ && status != ARCHIVE_OK) return broken();
    if (!at_end_) block_ = {static_cast<const std::byte*>(bytes), size};
    return !at_end_;
  }

  Reader reader_;
  Bytes block_;
  bool begun_ = false;
  bool at_end_ = false;
};

}  // namespace

Decoder::Or<std::size_t> Decoder::read(std::span<std::byte> out) {
  if (error_) return std::unexpected(*error_);
  std::size_t done = 0;
  while (done < out.size()) {
    const Or<std::size_t> more = decode(out.subspan(done));
    if (!more) {
      error_ = more.error();
      if (done == 0) return more;
      break;
    }
    if (*more == 0) break;
    done += *more;
  }
  return done;
}

Decoder::Or<std::unique_ptr<Decoder>> Decoder::of(std::span<const std::byte> bytes) {
  if (GzipDecoder::is_member(bytes)) return std::make_unique<GzipDecoder>(bytes);
  auto decoder = std::make_unique<FilterDecoder>();
  if (auto opened = decoder->open(bytes); !opened) return std::unexpected(opened.error());
  if (!decoder->is_needed()) return nullptr;
  return decoder;
}

}  // namespace wasifs::archive
