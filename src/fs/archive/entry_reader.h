// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fs/archive/ending.h"
#include "fs/archive/handle.h"
#include "fs/archive/progress.h"
#include "fs/archive/stream.h"
#include "fs/archive/utf8_locale.h"
#include "wasifs/node.h"

namespace wasifs::archive {

/// Some bytes of an entry's content, valid until the next are asked for.
struct Block {
  std::uint64_t offset = 0;
  std::span<const std::byte> bytes;
};

/// The entries of an archive in memory, one after the other: tar, cpio, zip, 7z and ISO
/// 9660, the first two also compressed with gzip, bzip2, xz, zstd or lz4. Names and
/// texts come as the bytes that are stored, those that are stored as Unicode in UTF-8.
/// Not thread-safe.
class EntryReader {
 public:
  /// `label` is the archive's path, for messages.
  EntryReader(std::span<const std::byte> bytes, std::string label, Progress progress);
  EntryReader(const EntryReader&) = delete;
  EntryReader& operator=(const EntryReader&) = delete;
  ~EntryReader();

  /// Trouble::corrupt: no archive that is understood.
  [[nodiscard]] Outcome<void> open();
  /// Goes to the next entry; false: there is none, and the checks at the end of what is
  /// compressed have been made. corrupt.
  [[nodiscard]] Outcome<bool> next();
  /// The entry, until the next one.
  [[nodiscard]] ::archive_entry* entry() const { return entry_; }
  /// The path of the entry as it is stored, "" before the first one.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// What the entry is a further name of; nullopt: it is a file of its own.
  [[nodiscard]] const std::optional<std::string>& hard_link() const { return hard_link_; }
  /// The text of a symlink, else "".
  [[nodiscard]] const std::string& symlink() const { return symlink_; }
  /// Whether it is a tar that the entry is of.
  [[nodiscard]] bool is_tar() const;
  /// How many entries there were so far.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Once next() was false.
  [[nodiscard]] const Ending& ending() const { return ending_; }
  /// How many of the archive's bytes were read so far.
  [[nodiscard]] std::uint64_t bytes_read() const;
  /// Reads on in the entry's content; false: that is all. In order, and what lies
  /// between two blocks is a hole. corrupt, also for a checksum that is wrong.
  [[nodiscard]] Outcome<bool> read(Block& block);

  /// `archive "a.tar": entry 3 "x/y" (byte 1024): WHY`.
  [[nodiscard]] std::unexpected<Diagnostic> refuse(const std::string& why, std::string hint = {}) const;

 private:
  [[nodiscard]] std::string place(std::string_view relation) const;
  /// What libarchive has found wrong.
  [[nodiscard]] std::unexpected<Diagnostic> corrupt(std::string_view relation) const;
  void tell_progress() const;
  /// Goes to where the next header begins and looks at it before libarchive does.
  [[nodiscard]] Outcome<void> look_ahead();
  /// Reads what is behind the last entry.
  [[nodiscard]] Outcome<void> finish();
  [[nodiscard]] Outcome<void> finish_tar();
  [[nodiscard]] std::uint64_t stream_position() const;
  [[nodiscard]] std::unexpected<Diagnostic> broken_stream(const std::string& why) const;
  static std::ptrdiff_t give_piece(::archive* reader, void* self, const void** bytes);

  const std::span<const std::byte> bytes_;
  const std::string label_;
  const Progress progress_;
  const Utf8Locale locale_;
  Stream stream_;  ///< before who reads it is gone
  Reader reader_;
  ::archive_entry* entry_ = nullptr;
  std::uint64_t count_ = 0;
  std::int64_t header_at_ = 0;
  std::uint64_t content_end_ = 0;  ///< of what was read of the entry
  std::string path_;
  std::optional<std::string> hard_link_;
  std::string symlink_;
  bool compressed_twice_ = false;  ///< or an archive that begins as if it were
  bool marked_ = false;            ///< what look_ahead() saw is the mark of a tar's end
  Ending ending_;
};

}  // namespace wasifs::archive
