// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/entry_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>

#include "base/path.h"
#include "fs/archive/recognise.h"
#include "fs/archive/special_headers.h"

namespace wasifs::archive {

namespace {

constexpr std::string_view kUnderstood =
    "wasifs reads tar and cpio (plain, or with gzip, bzip2, xz, zstd or lz4), zip, 7z and ISO 9660";

constexpr std::size_t kTarBlock = 512;

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{}; });
}

/// They are converted when they are asked for.
std::string text(const char* stored) { return stored == nullptr ? "" : stored; }

}  // namespace

EntryReader::EntryReader(std::span<const std::byte> bytes, std::string label, Progress progress)
    : bytes_(bytes),
      label_(std::move(label)),
      progress_(std::move(progress)),
      stream_(bytes),
      reader_(new_reader()) {}

EntryReader::~EntryReader() = default;

Outcome<void> EntryReader::open() {
  const Utf8Locale::Use use(locale_);
  ::archive* const reader = reader_.get();
  for (const auto support :
       {archive_read_support_format_tar, archive_read_support_format_cpio, archive_read_support_format_zip,
        archive_read_support_format_7zip, archive_read_support_format_iso9660}) {
    if (support(reader) != ARCHIVE_OK) {
      return fail(failure(reader, Trouble::source, "this libarchive cannot read all that wasifs asks of it"));
    }
  }
  if (bytes_.empty()) return refuse("it is empty");
  if (auto opened = stream_.open(); !opened) return broken_stream(opened.error());
  if (stream_.compressed()) {
    const auto begin = stream_.peek(0, kTarBlock);
    if (!begin) return broken_stream(begin.error());
    compressed_twice_ = is_compressed_stream(*begin);
  }
  const int status = stream_.compressed()
                         ? archive_read_open(reader, this, nullptr, &EntryReader::give_piece, nullptr)
                         : archive_read_open_memory(reader, bytes_.data(), bytes_.size());
  if (status < ARCHIVE_WARN) return corrupt("");
  return {};
}

std::ptrdiff_t EntryReader::give_piece(::archive* reader, void* self, const void** bytes) {
  const auto piece = static_cast<EntryReader*>(self)->stream_.next();
  if (!piece) {
    archive_set_error(reader, EIO, "%s", piece.error().c_str());
    return -1;
  }
  *bytes = piece->data();
  return static_cast<std::ptrdiff_t>(piece->size());
}

bool EntryReader::is_tar() const {
  return (archive_format(reader_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
}

Outcome<bool> EntryReader::next() {
  const Utf8Locale::Use use(locale_);
  if (auto looked = look_ahead(); !looked) return fail(std::move(looked.error()));
  const int status = archive_read_next_header(reader_.get(), &entry_);
  if (status == ARCHIVE_EOF) {
    if (auto finished = finish(); !finished) return fail(std::move(finished.error()));
    return false;
  }
  if (status == ARCHIVE_RETRY || status < ARCHIVE_WARN) return corrupt("after ");
  ++count_;
  content_end_ = 0;
  header_at_ = archive_read_header_position(reader_.get());
  tell_progress();
  path_ = text(archive_entry_pathname(entry_));
  hard_link_.reset();
  if (const char* const target = archive_entry_hardlink(entry_)) hard_link_ = target;
  symlink_ = text(archive_entry_symlink(entry_));
  if (archive_entry_pathname(entry_) == nullptr)
    return refuse("its name is in no encoding that can be converted");
  return true;
}

Outcome<void> EntryReader::look_ahead() {
  if (count_ != 0) {
    if (!is_tar()) return {};
    const int status = archive_read_data_skip(reader_.get());
    if (status < ARCHIVE_WARN) return corrupt("after ");
  }
  const std::uint64_t at = stream_position();
  if (auto checked = check_special_headers(stream_, at); !checked) {
    return broken_stream(checked.error());
  }
  const auto block = stream_.peek(at, kTarBlock);
  if (!block) return broken_stream(block.error());
  marked_ = block->size() == kTarBlock && is_zero(*block);
  return {};
}

std::uint64_t EntryReader::stream_position() const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, archive_filter_bytes(reader_.get(), 0)));
}

/// Where a tar has its mark, zeros fill it up to a multiple of some block.
Outcome<void> EntryReader::finish_tar() {
  constexpr std::size_t kFarBehind = std::size_t{1} << 20U;
  ending_.unmarked = !marked_;
  const auto behind = stream_.peek(stream_position(), kFarBehind);
  if (!behind) return broken_stream(behind.error());
  ending_.tar_continues = marked_ && !is_zero(*behind);
  return {};
}

Outcome<void> EntryReader::finish() {
  if (is_tar()) {
    if (auto finished = finish_tar(); !finished) return finished;
  }
  // What comes behind the end of a format is decompressed for its checksum alone.
  constexpr std::uint64_t kMostBehind = std::uint64_t{1} << 30U;
  for (std::uint64_t behind = 0; stream_.compressed();) {
    const auto piece = stream_.next();
    if (!piece) return broken_stream(piece.error());
    if (piece->empty()) break;
    behind += piece->size();
    if (behind > kMostBehind) return refuse("more than a gibibyte follows its end");
    if (is_tar() && marked_ && !is_zero(*piece)) ending_.tar_continues = true;
  }
  ending_.trailing = stream_.trailing();
  return {};
}

Outcome<bool> EntryReader::read(Block& block) {
  for (;;) {
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(reader_.get(), &bytes, &size, &offset);
    if (status == ARCHIVE_EOF) return false;
    // A checksum that is wrong is no more than a warning to libarchive.
    if (status != ARCHIVE_OK) return corrupt("");
    if (size == 0) continue;
    const auto start = static_cast<std::uint64_t>(offset);
    if (offset < 0 || start < content_end_ || size > File::kMaxSize - start) {
      return refuse("its content is not in order");
    }
    content_end_ = start + size;
    block = {.offset = start, .bytes = {static_cast<const std::byte*>(bytes), size}};
    tell_progress();
    return true;
  }
}

std::uint64_t EntryReader::bytes_read() const {
  return std::min<std::uint64_t>(bytes_.size(), stream_.compressed() ? stream_.used() : stream_position());
}

void EntryReader::tell_progress() const {
  if (progress_) progress_(bytes_read(), bytes_.size());
}

std::string EntryReader::place(std::string_view relation) const {
  std::string text = "archive " + quoted(label_);
  if (count_ == 0) return text;
  text += ": " + std::string(relation) + "entry " + std::to_string(count_);
  if (!path_.empty()) text += " " + quoted(path_);
  return text + " (byte " + std::to_string(header_at_) + ")";
}

std::unexpected<Diagnostic> EntryReader::corrupt(std::string_view relation) const {
  Diagnostic error = failure(reader_.get(), Trouble::corrupt, place(relation));
  if (error.message.find("ncrypt") != std::string::npos ||
      error.message.find("assphrase") != std::string::npos) {
    error.hint = "archives with a password are not read; unpack it and name the directory";
  } else if (count_ == 0) {
    error.hint = compressed_twice_ ? kCompressedTwice : kUnderstood;
  }
  return fail(std::move(error));
}

std::unexpected<Diagnostic> EntryReader::broken_stream(const std::string& why) const {
  return fail(Diagnostic{.trouble = Trouble::corrupt, .message = place("after ") + ": " + why});
}

std::unexpected<Diagnostic> EntryReader::refuse(const std::string& why, std::string hint) const {
  return fail(
      Diagnostic{.trouble = Trouble::corrupt, .message = place("") + ": " + why, .hint = std::move(hint)});
}

}  // namespace wasifs::archive
