// SPDX-License-Identifier: Apache-2.0
#include "fs/host/frozen_index.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace wasifs::host {

namespace {

/// Longest text of a symlink on Linux: a page, with its NUL.
constexpr std::size_t kMaxLinkText = 4096;

/// All that an Attr tells of `name` in `dir`.
Result<struct statx> stat_entry(int dir, const char* name) {
  struct statx stat;
  if (::statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, FrozenNode::kStatMask, &stat) != 0) {
    return fail_errno();
  }
  return stat;
}

}  // namespace

FrozenIndex::FrozenIndex(FrozenLayer& layer, const FrozenNode* directory, std::size_t room)
    : layer_(layer),
      directory_(directory),
      entries_(std::allocator<FrozenNode>().allocate(room)),
      room_(room) {}

FrozenIndex::~FrozenIndex() {
  std::destroy_n(entries_, count_);
  std::allocator<FrozenNode>().deallocate(entries_, room_);
}

std::unique_ptr<FrozenIndex> FrozenIndex::of_root(FrozenLayer& layer, const struct statx& root) {
  std::unique_ptr<FrozenIndex> index(new FrozenIndex(layer, nullptr, 1));
  std::construct_at(index->entries_, *index, FrozenNode::Name{}, root, layer.inodes.number(id_of(root)));
  index->count_ = 1;
  return index;
}

Result<std::unique_ptr<FrozenIndex>> FrozenIndex::read(FrozenLayer& layer, FrozenNode& directory, int fd) {
  const auto taken = read_names(fd);
  if (!taken) return fail(taken.error());
  Names& names = **taken;
  if (names.text.size() > std::numeric_limits<std::uint32_t>::max()) return fail(Errc::enomem);
  std::ranges::sort(names.entries, {}, [&](const Names::Entry& entry) {
    return std::string_view(names.text.data() + entry.at, entry.size);
  });
  std::unique_ptr<FrozenIndex> index(new FrozenIndex(layer, &directory, names.entries.size()));
  index->text_ = std::move(names.text);
  for (const Names::Entry& entry : names.entries) index->add(fd, entry);
  index->add_link_texts(fd);
  return index;
}

Result<std::unique_ptr<FrozenIndex>> FrozenIndex::read_single(FrozenLayer& layer, FrozenNode& directory,
                                                              int fd, const char* name) {
  const auto stat = stat_entry(fd, name);
  if (!stat) return fail(stat.error());
  std::unique_ptr<FrozenIndex> index(new FrozenIndex(layer, &directory, 1));
  index->text_.assign(name).push_back('\0');
  const auto size = static_cast<std::uint8_t>(index->text_.size() - 1);
  std::construct_at(index->entries_, *index, FrozenNode::Name{.at = 0, .size = size}, *stat,
                    layer.inodes.number(id_of(*stat)));
  index->count_ = 1;
  index->add_link_texts(fd);
  return index;
}

void FrozenIndex::add(int fd, const Names::Entry& entry) {
  const FrozenNode::Name name{.at = static_cast<std::uint32_t>(entry.at), .size = entry.size};
  const auto stat = stat_entry(fd, text(entry.at));
  if (stat) {
    std::construct_at(entries_ + count_++, *this, name, *stat, layer_.inodes.number(id_of(*stat)));
  } else if (stat.error() != Errc::enoent) {
    std::construct_at(entries_ + count_++, *this, name, entry.type, entry.ino);
  }
}

/// Where one cannot be read the node goes without.
void FrozenIndex::add_link_texts(int fd) {
  if (layer_.deny_symlinks) return;
  std::array<char, kMaxLinkText> buffer;
  for (std::size_t i = 0; i < count_; ++i) {
    FrozenNode& link = entries_[i];
    if (link.type() != FileType::symlink) continue;
    const ssize_t length = ::readlinkat(fd, link.name().data(), buffer.data(), buffer.size());
    if (length <= 0) continue;
    link.set_text(text_.size());
    text_.append(buffer.data(), static_cast<std::size_t>(length)).push_back('\0');
  }
  text_.shrink_to_fit();
}

FrozenNode* FrozenIndex::find(std::string_view name) const {
  FrozenNode* const end = entries_ + count_;
  FrozenNode* const found = std::lower_bound(
      entries_, end, name,
      [](const FrozenNode& entry, std::string_view wanted) { return entry.name() < wanted; });
  return found != end && found->name() == name ? found : nullptr;
}

}  // namespace wasifs::host
