// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "base/path.h"
#include "fs/webc/tree_scan.h"

namespace wasifs::webc {
namespace {

enum RecordTag : std::uint64_t { kDirectoryTag = 0x1e, kFileTag = 0x1f, kSymlinkTag = 0x20 };

constexpr std::uint64_t kHash = std::tuple_size_v<Digest>;
constexpr std::uint64_t kTimes = 24;  // accessed, modified, created
/// Longer texts cannot be read back through readlink(2).
constexpr std::uint64_t kMaxLinkText = 4095;

/// Versions 2 and 3: records that lead to one another by their offsets from the
/// header's start, the root directory at 0. Version 2 lacks the hashes of
/// directories, the times and the symlinks.
class V3Scanner {
 public:
  V3Scanner(ByteSpan file, unsigned version, const VolumeParts& volume)
      : file_(file),
        v3_(version == 3),
        header_(volume.header),
        data_(volume.data),
        tree_(file, volume.header, version == 3 ? 8 + kHash + 8 + 1 : 8 + 8 + 1) {}

  Parsed<TreeScan> run() {
    Reader reader(file_, header_, "the volume's header");
    auto tag = reader.integer(1, "the root directory");
    if (!tag) return std::unexpected(std::move(tag.error()));
    if (*tag != kDirectoryTag) {
      return fault(header_.offset,
                   concat("the volume's root has the tag ", *tag, ", not a directory's ", kDirectoryTag));
    }
    for (std::uint32_t index = 0; index < tree_.size(); ++index) {
      if (tree_.entry(index).type != FileType::directory) continue;
      if (auto done = read_directory(index); !done) return std::unexpected(std::move(done.error()));
    }
    return tree_.take();
  }

 private:
  /// Reads the rest of the header, from a record's tag on.
  [[nodiscard]] Reader record_reader(std::uint64_t record_at) const {
    return {file_, {record_at + 1, header_.end() - record_at - 1}, "the volume's header"};
  }

  Parsed<void> read_directory(std::uint32_t index) {
    const std::uint64_t record_at = tree_.entry(index).record_at;
    Reader reader = record_reader(record_at);
    auto body = reader.counted("a directory's record");
    if (!body) return std::unexpected(std::move(body.error()));
    if (auto done = tree_.charge_record({record_at, body->end() - record_at}); !done) return done;
    Reader table(file_, *body, "the directory's record");
    if (v3_) {
      if (auto done = read_modified(table, tree_.entry(index)); !done) return done;
      auto hash = table.take(kHash, "the directory's hash");
      if (!hash) return std::unexpected(std::move(hash.error()));
    }
    while (table.remaining() > 0) {
      if (auto done = read_entry(table, index, body->end()); !done) return done;
    }
    return tree_.finish_directory(index);
  }

  Parsed<void> read_modified(Reader& reader, RawEntry& entry) const {
    auto times = reader.take(kTimes, "the times of a record");
    if (!times) return std::unexpected(std::move(times.error()));
    entry.modified = load_le(reader.bytes(*times).data() + 8);
    if (entry.modified > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return fault(times->offset + 8,
                   concat("the modification time ", entry.modified, " is past the end of time"));
    }
    return {};
  }

  Parsed<void> read_entry(Reader& table, std::uint32_t parent, std::uint64_t parent_end) {
    const std::uint64_t entry_at = table.offset();
    auto child = table.u64("a directory entry's offset");
    if (!child) return std::unexpected(std::move(child.error()));
    RawEntry entry{.hash_at = table.offset(), .parent = parent};
    if (v3_) {
      auto hash = table.take(kHash, "a directory entry's hash");
      if (!hash) return std::unexpected(std::move(hash.error()));
    }
    auto name_range = table.counted("a directory entry's name");
    if (!name_range) return std::unexpected(std::move(name_range.error()));
    // The reference's builder writes the files of "metadata" as "/README.md".
    if (name_range->size > 1 && text_of(table.bytes(*name_range)).starts_with('/')) {
      *name_range = {name_range->offset + 1, name_range->size - 1};
    }
    const std::string_view name = text_of(table.bytes(*name_range));
    if (auto good = check_entry_name(name, name_range->offset); !good) return good;
    entry.name_at = name_range->offset;
    entry.name_size = static_cast<std::uint8_t>(name.size());
    if (*child >= header_.size) {
      return fault(entry_at, concat("the directory entry ", quoted(name), " leads to offset ", *child,
                                    " of a header of ", header_.size, " bytes"));
    }
    entry.record_at = header_.offset + *child;
    if (auto done = read_record(entry, name, entry_at, parent_end); !done) return done;
    return tree_.add(entry, name);
  }

  Parsed<void> read_record(RawEntry& entry, std::string_view name, std::uint64_t entry_at,
                           std::uint64_t parent_end) {
    switch (const std::uint64_t tag = load_le(&file_[static_cast<std::size_t>(entry.record_at)], 1); tag) {
      case kDirectoryTag:
        return tree_.lead_to_directory(entry_at, name, entry.record_at, parent_end);
      case kFileTag:
        entry.type = FileType::regular;
        return read_file(entry, name);
      case kSymlinkTag:
        if (v3_) {
          entry.type = FileType::symlink;
          return read_symlink(entry, name);
        }
        [[fallthrough]];
      default:
        return fault(entry.record_at, concat("the directory entry ", quoted(name),
                                             " leads to a record with the unknown tag ", tag));
    }
  }

  Parsed<void> read_file(RawEntry& entry, std::string_view name) const {
    Reader reader = record_reader(entry.record_at);
    const std::uint64_t start_at = reader.offset();
    auto start = reader.u64("a file's start");
    if (!start) return std::unexpected(std::move(start.error()));
    const std::uint64_t end_at = reader.offset();
    auto end = reader.u64("a file's end");
    if (!end) return std::unexpected(std::move(end.error()));
    if (*end < *start) {
      return fault(start_at,
                   concat("the file ", quoted(name), " ends at ", *end, ", before its start at ", *start));
    }
    if (*end > data_.size) {
      return fault(end_at, concat("the file ", quoted(name), " ends at ", *end, ", past the ", data_.size,
                                  " bytes of the volume's data"));
    }
    entry.start = data_.offset + *start;
    entry.size = *end - *start;
    return finish_record(reader, entry);
  }

  Parsed<void> read_symlink(RawEntry& entry, std::string_view name) {
    Reader reader = record_reader(entry.record_at);
    auto range = reader.counted("a symlink's text");
    if (!range) return std::unexpected(std::move(range.error()));
    const std::string_view text = text_of(reader.bytes(*range));
    const auto wrong = [&](std::uint64_t at, std::string_view what) {
      return fault(range->offset + at, concat("the symlink ", quoted(name), what));
    };
    // An empty text is odd but found in real packages: looked at, it is there;
    // followed, it leads nowhere (ENOENT), as with any such link.
    if (text.size() > kMaxLinkText)
      return wrong(0, concat(" has a text of ", text.size(), " bytes, more than ", kMaxLinkText));
    if (const auto nul = text.find('\0'); nul != text.npos) return wrong(nul, " has a text with a NUL");
    if (const auto bad = find_invalid_utf8(text); bad != text.npos)
      return wrong(bad, " has a text that is not UTF-8");
    if (auto done = tree_.charge_record({entry.record_at, range->end() - entry.record_at}); !done)
      return done;
    entry.start = range->offset;
    entry.size = range->size;
    return finish_record(reader, entry);
  }

  /// The hash and the times that end the records of files and symlinks.
  Parsed<void> finish_record(Reader& reader, RawEntry& entry) const {
    auto hash = reader.take(kHash, "a record's hash");
    if (!hash) return std::unexpected(std::move(hash.error()));
    return v3_ ? read_modified(reader, entry) : Parsed<void>();
  }

  ByteSpan file_;
  bool v3_;
  Range header_;
  Range data_;
  TreeBuilder tree_;
};

}  // namespace

Parsed<TreeScan> scan_v3_tree(ByteSpan file, unsigned version, const VolumeParts& volume) {
  return V3Scanner(file, version, volume).run();
}

}  // namespace wasifs::webc
