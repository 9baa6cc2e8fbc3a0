// SPDX-License-Identifier: Apache-2.0
#include "fs/host/frozen_node.h"

#include <linux/limits.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "fs/host/frozen_index.h"
#include "fs/host/host_file.h"
#include "fs/host/xattrs.h"

namespace wasifs::host {

namespace {

/// An open directory: a cookie is the number of entries before it.
class FrozenDir final : public Dir {
 public:
  explicit FrozenDir(const FrozenIndex& index) : index_(index) {}

  [[nodiscard]] Status read(std::uint64_t cookie, DirSink sink) override {
    for (std::uint64_t at = cookie; at < index_.size(); ++at) {
      const FrozenNode& entry = index_.entry(static_cast<std::size_t>(at));
      if (!sink({.name = entry.name(), .ino = entry.number(), .type = entry.type(), .next = at + 1})) break;
    }
    return {};
  }

 private:
  const FrozenIndex& index_;
};

/// Opens `path`, which may be longer than the kernel takes at once, from `root` on.
Result<UniqueFd> open_long(int root, std::string path, int flags) {
  constexpr std::size_t kLongest = PATH_MAX - 1;
  UniqueFd held;
  std::size_t at = 0;
  while (path.size() - at > kLongest) {
    const std::size_t slash = path.rfind('/', at + kLongest);
    path[slash] = '\0';
    auto piece = open_below(held ? held.get() : root, path.data() + at, O_PATH | O_DIRECTORY);
    if (!piece) return piece;
    held = std::move(*piece);
    at = slash + 1;
  }
  return open_below(held ? held.get() : root, path.data() + at, flags);
}

/// What a path answers on which something was removed or replaced.
bool tells_of_change(Errc error) {
  return error == Errc::enoent || error == Errc::enotdir || error == Errc::eloop || error == Errc::exdev;
}

/// True for attributes that listxattr(2) tells of where they are; file systems have
/// others of their own that it does not.
bool is_listed(std::string_view attribute) {
  constexpr std::string_view kListed[] = {"user.", "trusted.", "security.", "system.posix_acl_"};
  return std::ranges::any_of(kListed, [&](std::string_view prefix) { return attribute.starts_with(prefix); });
}

Time born(const struct statx& stat) {
  return (stat.stx_mask & STATX_BTIME) != 0 ? time_of(stat.stx_btime) : Time{};
}

}  // namespace

static_assert(sizeof(FrozenNode) <= 120);

FrozenNode::FrozenNode(FrozenIndex& home, Name name, const struct statx& stat, std::uint64_t number)
    : Node(type_of(stat), Pinned{}),
      name_size_(name.size),
      bits_(mode_of(stat)),
      home_(home),
      name_at_(name.at),
      links_(stat.stx_nlink),
      uid_(stat.stx_uid),
      gid_(stat.stx_gid),
      number_(number),
      size_(is_device() ? rdev_of(stat) : stat.stx_size),
      blocks_(stat.stx_blocks) {
  if (!is_directory()) special_.text_at = 0;
  const std::array<Time, kStamps> times = {time_of(stat.stx_atime), time_of(stat.stx_mtime),
                                           time_of(stat.stx_ctime), born(stat)};
  for (std::size_t i = 0; i < kStamps; ++i) {
    seconds_[i] = times[i].sec;
    nanoseconds_[i] = times[i].nsec;
  }
}

FrozenNode::FrozenNode(FrozenIndex& home, Name name, FileType told, std::uint64_t told_ino)
    : Node(told, Pinned{}),
      name_size_(name.size),
      bits_(kUnseen),
      home_(home),
      name_at_(name.at),
      links_(0),
      number_(told_ino) {}

std::string_view FrozenNode::name() const { return home_.text(name_at_, name_size_); }
FrozenLayer& FrozenNode::layer() const { return home_.layer(); }
const FrozenNode* FrozenNode::parent() const { return home_.directory(); }

void FrozenNode::become_alias_of(FrozenNode& node) {
  bits_.fetch_or(kAlias, std::memory_order_relaxed);
  special_.node = &node;
}

std::string FrozenNode::path() const {
  std::size_t length = 0;
  for (const FrozenNode* at = this; at->parent() != nullptr; at = at->parent()) length += 1 + at->name_size_;
  if (length == 0) return "/";
  std::string path(length, '/');
  for (const FrozenNode* at = this; at->parent() != nullptr; at = at->parent()) {
    length -= at->name_size_;
    at->name().copy(path.data() + length, at->name_size_);
    --length;
  }
  return path;
}

Result<UniqueFd> FrozenNode::reach(int flags) const {
  const int root = layer().root_fd.get();
  auto fd = parent() == nullptr ? reopen(root, flags) : open_long(root, path().substr(1), flags);
  if (!fd) return fail(tells_of_change(fd.error()) ? Errc::estale : fd.error());
  const auto stat = stat_fd(fd->get(), kStatMask);
  if (!stat) return fail(stat.error());
  if (!is_same(*stat)) return fail(Errc::estale);
  return fd;
}

/// The number alone does not tell: a file system gives it to the next object as soon as
/// it is free.
bool FrozenNode::is_same(const struct statx& stat) const {
  if (type_of(stat) != type() || layer().inodes.number(id_of(stat)) != number_) return false;
  if (born(stat) != time(kBorn)) return false;
  if (type() != FileType::regular) return true;
  return stat.stx_size == size_ && time_of(stat.stx_mtime) == time(kModified);
}

Result<const FrozenIndex*> FrozenNode::entries() {
  if (!is_directory()) return fail(Errc::enotdir);
  if (const FrozenIndex* const known = special_.entries.load(std::memory_order_acquire)) return known;
  const auto fd = reach(O_RDONLY | O_DIRECTORY);
  if (!fd) return fail(fd.error());
  auto fresh = FrozenIndex::read(layer(), *this, fd->get());
  if (!fresh) return fail(fresh.error());
  return &layer().publish(*this, std::move(*fresh));
}

Result<Attr> FrozenNode::attr() {
  return Attr{
      .ino = number_,
      .type = type(),
      .mode = static_cast<std::uint16_t>(bits_.load(std::memory_order_relaxed) & kPermissions),
      .nlink = links_,
      .uid = uid_,
      .gid = gid_,
      .rdev = is_device() ? size_ : 0,
      .size = is_device() ? 0 : size_,
      .blocks = blocks_,
      .atime = time(kAccessed),
      .mtime = time(kModified),
      .ctime = time(kChanged),
      .btime = time(kBorn),
  };
}

Result<FrozenNode*> FrozenNode::find_single(std::string_view name) {
  if (FrozenNode* const known = layer().find_single(*this, name)) return known;
  const auto component = Component::from(name);
  if (!component) return fail(component.error());
  const auto fd = reach(O_PATH | O_DIRECTORY);
  if (!fd) return fail(fd.error());
  auto fresh = FrozenIndex::read_single(layer(), *this, fd->get(), component->c_str());
  if (!fresh) return fail(fresh.error());
  return &layer().publish_single(*this, std::move(*fresh));
}

Result<NodeRef> FrozenNode::lookup(std::string_view name) {
  const auto index = entries();
  if (!index && index.error() != Errc::eacces) return fail(index.error());
  FrozenNode* const entry = index ? (*index)->find(name) : nullptr;
  if (index && entry == nullptr) return fail(Errc::enoent);
  if (entry != nullptr && !entry->is(kUnseen)) return NodeRef(&entry->target());
  const auto single = find_single(name);
  if (!single) return fail(single.error());
  return NodeRef(*single);
}

Result<DirPtr> FrozenNode::open_dir() {
  const auto index = entries();
  if (!index) return fail(index.error());
  return std::make_unique<FrozenDir>(**index);
}

Result<FilePtr> FrozenNode::open(OpenFlags flags) {
  if (is_directory()) return fail(Errc::eisdir);
  if (type() == FileType::symlink) return fail(Errc::eloop);
  if (type() != FileType::regular) return fail(Errc::enxio);
  if (flags.write || flags.truncate) return fail(Errc::erofs);
  // Should something else be there against the promise, nobody waits for its other end,
  // and it is closed before anything is read.
  auto fd = reach(O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return fail(fd.error());
  return std::make_unique<HostFile>(flags, std::move(*fd));
}

Result<Link> FrozenNode::read_link() {
  if (type() != FileType::symlink) return fail(Errc::einval);
  if (layer().deny_symlinks) return fail(Errc::eacces);
  if (special_.text_at == 0) return fail(Errc::eio);
  return Link{.text = home_.text(special_.text_at), .layer_rooted = true};
}

Result<std::string> FrozenNode::get_xattr(std::string_view name) {
  if (const Status valid = check_xattr_name(name); !valid) return fail(valid.error());
  if (is(kBare) && is_listed(name)) return fail(Errc::enodata);
  const auto found = reach(O_PATH);
  if (!found) return fail(found.error());
  auto value = read_xattr(found->get(), name);
  // Most objects have none at all, and an overlay asks each of them for several.
  if (!value && value.error() == Errc::enodata) {
    const auto names = read_xattr_names(found->get());
    if (names && names->empty()) bits_.fetch_or(kBare, std::memory_order_relaxed);
  }
  return value;
}

Result<std::vector<std::string>> FrozenNode::list_xattrs() {
  if (is(kBare)) return std::vector<std::string>{};
  const auto found = reach(O_PATH);
  if (!found) return fail(found.error());
  return read_xattr_names(found->get());
}

}  // namespace wasifs::host
