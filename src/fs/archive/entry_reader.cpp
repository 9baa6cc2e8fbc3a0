// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/entry_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "base/path.h"

namespace wasifs::archive {

namespace {

constexpr std::string_view kUnderstood =
    "wasifs reads tar and cpio (plain, or with gzip, bzip2, xz, zstd or lz4), zip, 7z and ISO 9660";

/// They are converted when they are asked for.
std::string text(const char* stored) { return stored == nullptr ? "" : stored; }

}  // namespace

EntryReader::EntryReader(std::span<const std::byte> bytes, std::string label, Progress progress)
    : bytes_(bytes), label_(std::move(label)), progress_(std::move(progress)), reader_(new_reader()) {}

EntryReader::~EntryReader() = default;

Outcome<void> EntryReader::open() {
  const Utf8Locale::Use use(locale_);
  ::archive* const reader = reader_.get();
  for (const auto support :
       {archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
        archive_read_support_filter_zstd, archive_read_support_filter_lz4, archive_read_support_format_tar,
        archive_read_support_format_cpio, archive_read_support_format_zip, archive_read_support_format_7zip,
        archive_read_support_format_iso9660}) {
    // For one that it was built without, libarchive would run a program of the host.
    if (support(reader) != ARCHIVE_OK) {
      return fail(failure(reader, Trouble::source, "this libarchive cannot read all that wasifs asks of it"));
    }
  }
  if (bytes_.empty()) return refuse("it is empty");
  if (archive_read_open_memory(reader, bytes_.data(), bytes_.size()) < ARCHIVE_WARN) return corrupt("");
  return {};
}

Outcome<bool> EntryReader::next() {
  const Utf8Locale::Use use(locale_);
  const int status = archive_read_next_header(reader_.get(), &entry_);
  if (status == ARCHIVE_EOF) return false;
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
  const std::int64_t read = std::max<std::int64_t>(0, archive_filter_bytes(reader_.get(), -1));
  return std::min<std::uint64_t>(bytes_.size(), static_cast<std::uint64_t>(read));
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
    error.hint = kUnderstood;
  }
  return fail(std::move(error));
}

std::unexpected<Diagnostic> EntryReader::refuse(const std::string& why, std::string hint) const {
  return fail(
      Diagnostic{.trouble = Trouble::corrupt, .message = place("") + ": " + why, .hint = std::move(hint)});
}

}  // namespace wasifs::archive
