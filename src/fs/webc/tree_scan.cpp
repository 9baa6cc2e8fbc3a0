// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/tree_scan.h"

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "base/name_hash.h"
#include "base/path.h"

namespace wasifs::webc {
namespace {

/// Of entries, and of the bytes of their names.
constexpr std::uint64_t kMaxEntries = std::numeric_limits<std::uint32_t>::max() - 1;

}  // namespace

std::string TreeScan::path(ByteSpan file, std::size_t index) const {
  constexpr std::size_t kMaxShown = 64;
  if (index == 0) return "/";
  std::vector<std::string_view> names;
  std::size_t at = index;
  for (; at != 0 && names.size() < kMaxShown; at = entries[at].parent)
    names.push_back(name(file, entries[at]));
  std::string out = at == 0 ? "" : "/...";
  for (auto part = names.rbegin(); part != names.rend(); ++part) out.append("/").append(*part);
  return out;
}

Parsed<TreeScan> scan_tree(ByteSpan file, unsigned version, const VolumeParts& volume) {
  return version == 1 ? scan_v1_tree(file, volume) : scan_v3_tree(file, version, volume);
}

std::size_t TreeBuilder::KeyedHash::operator()(std::uint64_t value) const {
  return static_cast<std::size_t>(fold_multiply(value ^ key, key | 1));
}

// The tables together are no longer than the header, see charge_record().
TreeBuilder::TreeBuilder(ByteSpan file, Range header, std::uint64_t entry_size)
    : file_(file), header_(header), directories_(0, KeyedHash{random_key()}) {
  scan_.entries =
      BulkArray<RawEntry>(static_cast<std::size_t>(std::min(1 + header.size / entry_size, kMaxEntries)));
  scan_.entries.push_back({.record_at = header.offset});
  directories_.insert(header.offset);
}

Parsed<void> TreeBuilder::add(const RawEntry& entry, std::string_view name) {
  scan_.name_bytes += entry.name_size;
  if (scan_.entries.size() >= kMaxEntries || scan_.name_bytes > kMaxEntries) [[unlikely]] {
    return fault(entry.name_at, "the volume has more than 2^32 - 2 entries or bytes of names");
  }
  if (entry.type == FileType::symlink) scan_.link_bytes += entry.size;
  scan_.entries.push_back(entry);
  in_order_ = in_order_ && last_name_ < name;
  last_name_ = name;
  return {};
}

Parsed<void> TreeBuilder::lead_to_directory(std::uint64_t table_at, std::string_view name,
                                            std::uint64_t record_at, std::uint64_t parent_end) {
  if (record_at < parent_end) {
    return fault(table_at, concat("the directory ", quoted(name), " leads back to byte ", record_at,
                                  "; it must lie behind its parent, which ends at byte ", parent_end));
  }
  if (!directories_.insert(record_at).second) {
    return fault(table_at, concat("the directory ", quoted(name), " at byte ", record_at,
                                  " has another parent already"));
  }
  return {};
}

Parsed<void> TreeBuilder::charge_record(Range record) {
  record_bytes_ += record.size;
  if (record_bytes_ <= header_.size) return {};
  return fault(record.offset,
               "the records from here on overlap others: together they are longer than the header");
}

Parsed<void> TreeBuilder::finish_directory(std::uint32_t parent) {
  if (!in_order_) {
    if (auto done = sort_children(parent); !done) return done;
  }
  scan_.entries[parent].first_child = first_child_;
  scan_.entries[parent].child_count = size() - first_child_;
  first_child_ = size();
  last_name_ = {};
  in_order_ = true;
  return {};
}

Parsed<void> TreeBuilder::sort_children(std::uint32_t parent) {
  const auto by_name = [this](const RawEntry& entry) { return scan_.name(file_, entry); };
  const auto children = std::span(scan_.entries).subspan(first_child_);
  std::ranges::sort(children, {}, by_name);
  const auto twice = std::ranges::adjacent_find(children, {}, by_name);
  if (twice == children.end()) return {};
  const std::uint64_t second = std::max(twice->name_at, std::next(twice)->name_at);
  return fault(second, concat("the name ", quoted(by_name(*twice)), " appears twice in the directory ",
                              quoted(scan_.path(file_, parent))));
}

}  // namespace wasifs::webc
