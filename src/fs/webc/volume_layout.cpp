// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/volume_layout.h"

#include <algorithm>

#include "base/path.h"
#include "base/utf8.h"

namespace wasifs::webc {

namespace {

constexpr char kDirectory = '\x1e';
constexpr char kFile = '\x1f';
constexpr char kSymlink = '\x20';
constexpr std::uint64_t kTimes = 3 * 8;
constexpr std::uint64_t kHash = std::tuple_size_v<Digest>;
constexpr std::size_t kPiece = std::size_t{1} << 20U;

void append_number(std::string& out, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift & 0xffU);
}

void append_hash(std::string& out, const Digest& hash) {
  out.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

/// Accessed, modified, created: the reference writes only the one in the middle.
void append_times(std::string& out, std::uint64_t modified) {
  append_number(out, 0);
  append_number(out, modified);
  append_number(out, 0);
}

Result<std::vector<std::string>> sorted_names(Node& directory) {
  const Result<DirPtr> dir = directory.open_dir();
  if (!dir) return fail(dir.error());
  std::vector<std::string> names;
  const Status read = (*dir)->read(0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  if (!read) return fail(read.error());
  std::ranges::sort(names);
  return names;
}

}  // namespace

/// A directory whose names are being visited.
struct VolumeLayout::Open {
  std::uint32_t item;
  NodeRef node;
  std::vector<std::string> names = {};
  std::size_t next = 0;
};

VolumeLayout::VolumeLayout(std::string title, NodeRef root, std::optional<std::uint64_t> newest)
    : title_(std::move(title)), root_(std::move(root)), newest_(newest) {}

std::string VolumeLayout::path_of(std::uint32_t item) const {
  std::string path;
  for (; item != 0; item = items_[item].parent) path.insert(0, "/" + items_[item].name);
  return path.empty() ? "/" : path;
}

std::unexpected<Diagnostic> VolumeLayout::trouble(std::uint32_t item, const std::string& what) const {
  return fail(
      Diagnostic{.trouble = Trouble::source, .message = title_ + ": " + quoted(path_of(item)) + " " + what});
}

std::unexpected<Diagnostic> VolumeLayout::unreadable(std::uint32_t item, Errc error) const {
  return trouble(item, "cannot be read: " + message(error));
}

Outcome<void> VolumeLayout::list() {
  std::vector<Open> stack;
  if (auto added = add({}, 0, *root_); !added) return added;
  if (!root_->is_directory()) return trouble(0, "is not a directory");
  if (auto opened = open(0, root_, stack); !opened) return opened;
  while (!stack.empty()) {
    Open& top = stack.back();
    if (top.next == top.names.size()) {
      stack.pop_back();
      continue;
    }
    const std::uint32_t parent = top.item;
    std::string name = std::move(top.names[top.next++]);
    const Result<NodeRef> node = top.node->lookup(name);
    const auto item = static_cast<std::uint32_t>(items_.size());
    if (!node) {
      items_.push_back({.name = std::move(name), .parent = parent});
      return unreadable(item, node.error());
    }
    if (auto added = add(std::move(name), parent, **node); !added) return added;
    if (!(*node)->is_directory()) continue;
    if (auto opened = open(item, *node, stack); !opened) return opened;
  }
  lay_out();
  return {};
}

Outcome<void> VolumeLayout::open(std::uint32_t item, NodeRef node, std::vector<Open>& stack) {
  Result<std::vector<std::string>> names = sorted_names(*node);
  if (!names) return unreadable(item, names.error());
  items_[item].children = static_cast<std::uint32_t>(names->size());
  stack.push_back({.item = item, .node = std::move(node), .names = *std::move(names)});
  return {};
}

Outcome<void> VolumeLayout::add(std::string name, std::uint32_t parent, Node& node) {
  const auto item = static_cast<std::uint32_t>(items_.size());
  const bool utf8 = is_utf8(name);
  items_.push_back({.name = std::move(name), .type = node.type(), .parent = parent});
  Item& made = items_.back();
  const Result<Attr> attr = node.attr();
  if (!attr) return unreadable(item, attr.error());
  if (!utf8) return trouble(item, "has a name that is no UTF-8, which a package cannot hold");
  made.modified = static_cast<std::uint64_t>(std::max<std::int64_t>(0, attr->mtime.sec));
  if (newest_) made.modified = std::min(made.modified, *newest_);
  switch (made.type) {
    case FileType::directory:
      return {};
    case FileType::regular:
      made.size = attr->size;
      return {};
    case FileType::symlink: {
      Result<Link> link = node.read_link();
      if (!link) return unreadable(item, link.error());
      made.target = std::move(link->text);
      if (!is_utf8(made.target)) return trouble(item, "is a symlink whose text is no UTF-8");
      made.hash = sha256(std::as_bytes(std::span(made.target)));
      return {};
    }
    default:
      return trouble(item, "is a special file, which a package cannot hold");
  }
}

/// Records and content follow one another in the order of the items.
void VolumeLayout::lay_out() {
  for (Item& item : items_) {
    item.record_size = item.type == FileType::directory ? 1 + 8 + kTimes + kHash
                       : item.type == FileType::regular ? 1 + 8 + 8 + kHash + kTimes
                                                        : 1 + 8 + item.target.size() + kHash + kTimes;
  }
  for (std::size_t i = 1; i < items_.size(); ++i) {
    items_[items_[i].parent].record_size += 8 + kHash + 8 + items_[i].name.size();
  }
  first_child_.assign(items_.size() + 1, 0);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    item.record_at = header_size_;
    header_size_ += item.record_size;
    item.data_at = data_size_;
    data_size_ += item.size;
    first_child_[i + 1] = first_child_[i] + item.children;
  }
  child_of_.resize(items_.size() - 1);
  std::vector<std::uint32_t> next(first_child_.begin(), first_child_.end() - 1);
  for (std::uint32_t i = 1; i < items_.size(); ++i) child_of_[next[items_[i].parent]++] = i;
}

Outcome<void> VolumeLayout::copy_content(std::uint64_t start, PutBytes put) {
  std::vector<Open> stack;
  stack.push_back({.item = 0, .node = root_});
  for (std::uint32_t i = 1; i < items_.size(); ++i) {
    while (stack.back().item != items_[i].parent) stack.pop_back();
    if (items_[i].type == FileType::symlink) continue;
    const Result<NodeRef> node = stack.back().node->lookup(items_[i].name);
    if (!node) return unreadable(i, node.error());
    if ((*node)->type() != items_[i].type) return trouble(i, "has become something else while it was packed");
    if ((*node)->is_directory()) {
      stack.push_back({.item = i, .node = *node});
    } else if (auto copied = copy_file(items_[i], **node, start + items_[i].data_at, put); !copied) {
      return copied;
    }
  }
  return {};
}

Outcome<void> VolumeLayout::copy_file(Item& item, Node& node, std::uint64_t at, PutBytes put) {
  const auto number = static_cast<std::uint32_t>(&item - items_.data());
  const Result<FilePtr> file = node.open({});
  if (!file) return unreadable(number, file.error());
  Sha256 hash;
  std::vector<std::byte> buffer;
  std::uint64_t done = 0;
  for (;;) {
    std::span<const std::byte> piece;
    const std::optional<View> view = (*file)->view(done, kPiece);
    if (view) {
      piece = view->bytes;
    } else {
      // One byte more than there was shows that it has grown.
      buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, item.size - done + 1)));
      const Result<std::size_t> got = (*file)->read_at(done, buffer);
      if (!got) return unreadable(number, got.error());
      piece = std::span(buffer).first(*got);
    }
    if (piece.empty()) break;
    if (piece.size() > item.size - done) return trouble(number, "became longer while it was packed");
    hash.add(piece);
    if (auto written = put(at + done, piece); !written) return written;
    done += piece.size();
  }
  if (done != item.size) return trouble(number, "became shorter while it was packed");
  item.hash = hash.take();
  return {};
}

/// Of the children's hashes in the order of their names; from the last to the first,
/// children come before their directories.
void VolumeLayout::hash_directories() {
  for (std::size_t i = items_.size(); i-- > 0;) {
    if (items_[i].type != FileType::directory) continue;
    Sha256 hash;
    for (std::uint32_t c = first_child_[i]; c < first_child_[i + 1]; ++c) {
      hash.add(std::as_bytes(std::span(items_[child_of_[c]].hash)));
    }
    items_[i].hash = hash.take();
  }
}

std::string VolumeLayout::header() {
  hash_directories();
  std::string out;
  out.reserve(static_cast<std::size_t>(header_size_));
  for (const Item& item : items_) write_record(item, out);
  return out;
}

void VolumeLayout::write_record(const Item& item, std::string& out) const {
  if (item.type == FileType::regular) {
    out += kFile;
    append_number(out, item.data_at);
    append_number(out, item.data_at + item.size);
    append_hash(out, item.hash);
    append_times(out, item.modified);
    return;
  }
  if (item.type == FileType::symlink) {
    out += kSymlink;
    append_number(out, item.target.size());
    out += item.target;
    append_hash(out, item.hash);
    append_times(out, item.modified);
    return;
  }
  const auto number = static_cast<std::size_t>(&item - items_.data());
  out += kDirectory;
  append_number(out, item.record_size - 1 - 8);
  append_times(out, item.modified);
  append_hash(out, item.hash);
  for (std::uint32_t c = first_child_[number]; c < first_child_[number + 1]; ++c) {
    const Item& child = items_[child_of_[c]];
    append_number(out, child.record_at);
    append_hash(out, child.hash);
    append_number(out, child.name.size());
    out += child.name;
  }
}

}  // namespace wasifs::webc
