// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"
#include "fs/webc/tree_scan.h"

namespace wasifs::webc {
namespace {

constexpr std::uint64_t kEntryHead = 24;  // what stands before an entry's name

/// Version 1: blocks of `length | entries`, an entry being
/// `name length (7 bytes) | type | start | end | name`. A directory's start and
/// end are its block's, from the header's start; equal ones mean that it is
/// empty. A file's are its content's, from the start of the data.
class V1Scanner {
 public:
  V1Scanner(ByteSpan file, const VolumeParts& volume)
      : file_(file), volume_(volume), tree_(file, volume.header, kEntryHead + 1) {}

  Parsed<TreeScan> run() {
    if (auto root = find_root(); !root) return std::unexpected(std::move(root.error()));
    for (std::uint32_t index = 0; index < tree_.size(); ++index) {
      if (tree_.entry(index).type != FileType::directory) continue;
      if (auto done = read_block(index); !done) return std::unexpected(std::move(done.error()));
    }
    return tree_.take();
  }

 private:
  Parsed<void> find_root() {
    const Range header = volume_.header;
    if (header.size == 0) return {};
    Reader reader(file_, header, "the volume's header");
    auto block = reader.counted("the root directory's length");
    if (!block) return std::unexpected(std::move(block.error()));
    tree_.entry(0).size = 8 + block->size;
    return {};
  }

  Parsed<void> read_block(std::uint32_t index) {
    const Range block{tree_.entry(index).record_at, tree_.entry(index).size};
    if (block.size != 0) {
      if (auto done = tree_.charge_record(block); !done) return done;
      Reader reader(file_, block, "the directory");
      auto entries = reader.counted("the directory's length");
      if (!entries) return std::unexpected(std::move(entries.error()));
      if (auto end = reader.expect_end(); !end) return end;
      Reader table(file_, *entries, "the directory");
      while (table.remaining() > 0) {
        if (auto done = read_entry(table, index, block.end()); !done) return done;
      }
    }
    return tree_.finish_directory(index);
  }

  Parsed<void> read_entry(Reader& table, std::uint32_t parent, std::uint64_t parent_end) {
    const std::uint64_t entry_at = table.offset();
    auto fixed = table.take(kEntryHead, "a directory entry");
    if (!fixed) return std::unexpected(std::move(fixed.error()));
    const std::byte* field = table.bytes(*fixed).data();
    const std::uint64_t kind = load_le(field + 7, 1);
    const std::uint64_t start = load_le(field + 8);
    const std::uint64_t end = load_le(field + 16);
    auto name_range = table.take(load_le(field, 7), "a directory entry's name");
    if (!name_range) return fault(entry_at, std::move(name_range.error().what));
    const std::string_view name = text_of(table.bytes(*name_range));
    if (auto good = check_entry_name(name, name_range->offset); !good) return good;

    RawEntry entry{.name_at = name_range->offset, .parent = parent};
    entry.name_size = static_cast<std::uint8_t>(name.size());
    if (kind > 1) {
      return fault(entry_at + 7,
                   concat("the directory entry ", quoted(name), " is of the unknown kind ", kind));
    }
    const bool directory = kind == 0;
    const Range within = directory ? volume_.header : volume_.data;
    if (end < start) {
      return fault(entry_at + 8, concat("the directory entry ", quoted(name), " ends at ", end,
                                        ", before its start at ", start));
    }
    if (end > within.size) {
      return fault(entry_at + 16,
                   concat("the directory entry ", quoted(name), " ends at ", end, ", past the ", within.size,
                          " bytes of the volume's ", directory ? "header" : "data"));
    }
    entry.size = end - start;
    if (directory) {
      entry.record_at = within.offset + start;
      if (entry.size != 0) {
        auto good = tree_.lead_to_directory(entry_at, name, entry.record_at, parent_end);
        if (!good) return good;
      }
    } else {
      entry.type = FileType::regular;
      entry.record_at = entry_at;
      entry.start = within.offset + start;
    }
    return tree_.add(entry, name);
  }

  ByteSpan file_;
  const VolumeParts& volume_;
  TreeBuilder tree_;
};

}  // namespace

Parsed<TreeScan> scan_v1_tree(ByteSpan file, const VolumeParts& volume) {
  return V1Scanner(file, volume).run();
}

}  // namespace wasifs::webc
