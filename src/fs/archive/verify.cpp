// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/verify.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/path.h"
#include "fs/archive/archive_fs.h"

namespace wasifs::archive {

namespace {

/// Where a zip ends as its "end of central directory" record has it (APPNOTE 4.3.16);
/// nullopt: there is none.
std::optional<std::uint64_t> end_of_zip(std::string_view bytes) {
  constexpr std::string_view kMark("PK\x05\x06", 4);
  constexpr std::size_t kRecord = 22;
  constexpr std::size_t kCommentSizeAt = 20;
  constexpr std::size_t kMostBehind = 65'535 + std::size_t{65'536};  // a comment, and some that is not of it
  if (bytes.size() < kRecord) return std::nullopt;
  const std::size_t first = bytes.size() - std::min(bytes.size(), kRecord + kMostBehind);
  for (std::size_t at = bytes.size() - kRecord;; --at) {
    if (bytes.substr(at).starts_with(kMark)) return at + kRecord + load_le(bytes, at + kCommentSizeAt, 2);
    if (at == first) return std::nullopt;
  }
}

/// Where a 7z ends as its first header has it; 7zFormat.txt, "SignatureHeader".
std::uint64_t end_of_7z(std::string_view bytes) {
  constexpr std::size_t kHeader = 32;
  if (bytes.size() < kHeader) return 0;
  return kHeader + load_le(bytes, 12, 8) + load_le(bytes, 20, 8);
}

/// libarchive does without the directory of a zip and stops at the end of a 7z.
Outcome<void> check_end(const View& archive, const std::string& label, Ending& ending) {
  const std::string_view bytes = text_of(archive.bytes);
  std::uint64_t end = bytes.size();
  if (bytes.starts_with(std::string_view("PK\x03\x04", 4))) {
    const std::optional<std::uint64_t> found = end_of_zip(bytes);
    if (!found || *found > bytes.size()) {
      return fail(Diagnostic{
          .trouble = Trouble::corrupt,
          .message = "archive " + quoted(label) + ": the directory that every zip has at its end is missing",
          .hint = "it was cut off; fetch or make it again"});
    }
    end = *found;
  } else if (bytes.starts_with("7z\xbc\xaf\x27\x1c")) {
    end = end_of_7z(bytes);
  }
  if (end < bytes.size()) ending.trailing = bytes.size() - end;
  return {};
}

}  // namespace

Outcome<ScanNotes> verify_archive(const View& bytes, const std::string& label, Whiteouts whiteouts,
                                  std::function<void()> release) {
  ScanNotes notes;
  const ScanInput input{.bytes = bytes.bytes,
                        .label = label,
                        .whiteouts = whiteouts,
                        .stamp = {},
                        .progress = {},
                        .release = std::move(release),
                        .notes = &notes,
                        .max_bytes = OpenOptions{}.max_spool};
  Spool none(label, "", 0);
  if (const Outcome<RawTree> tree = scan_archive(input, none); !tree) return fail(tree.error());
  if (auto checked = check_end(bytes, label, notes.ending); !checked) return fail(std::move(checked.error()));
  return notes;
}

}  // namespace wasifs::archive
