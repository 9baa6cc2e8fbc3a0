// SPDX-License-Identifier: Apache-2.0
#include "fs/webc/volume_fs.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/path.h"

namespace wasifs::webc {
namespace {

/// An open file of a volume. It borrows the node, which its VolumeFs owns.
class VolumeFile final : public File {
 public:
  VolumeFile(const VolumeNode& node, OpenFlags flags) : File(flags), node_(node) {}

  [[nodiscard]] std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    if (!flags().read) return std::nullopt;
    return node_.fs().view_of(part(offset, length));
  }

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    const auto bytes = part(offset, out.size());
    if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return bytes.size();
  }

  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    const std::uint64_t size = node_.content().size();
    if (offset >= size) return fail(Errc::enxio);
    return data ? offset : size;
  }

 private:
  [[nodiscard]] std::span<const std::byte> part(std::uint64_t offset, std::size_t length) const {
    const auto content = node_.content();
    if (offset >= content.size()) return {};
    const auto rest = content.subspan(static_cast<std::size_t>(offset));
    return rest.first(std::min(length, rest.size()));
  }

  const VolumeNode& node_;
};

/// An open directory: a cookie is the number of entries before it.
class VolumeDir final : public Dir {
 public:
  explicit VolumeDir(const VolumeNode& node) : node_(node) {}

  [[nodiscard]] Status read(std::uint64_t cookie, DirSink sink) override {
    for (std::uint64_t at = cookie; at < node_.child_count(); ++at) {
      const VolumeNode& child = node_.child(static_cast<std::uint32_t>(at));
      if (!sink({.name = child.name(), .ino = child.ino(), .type = child.type(), .next = at + 1})) break;
    }
    return {};
  }

 private:
  const VolumeNode& node_;
};

std::uint16_t mode_of(FileType type) {
  switch (type) {
    case FileType::directory:
      return 0755;
    case FileType::symlink:
      return 0777;
    default:
      return 0644;
  }
}

/// As many bytes, all of them usable.
BulkMemory usable(std::uint64_t size) {
  BulkMemory memory(static_cast<std::size_t>(size));
  memory.use(static_cast<std::size_t>(size));
  return memory;
}

}  // namespace

static_assert(sizeof(VolumeNode) <= 64);

VolumeNode::VolumeNode(const VolumeFs& fs, const RawEntry& entry, Place place)
    : Node(entry.type, Pinned{}),
      name_size_(entry.name_size),
      name_at_(place.name_at),
      first_child_(place.first_child),
      child_count_(entry.child_count),
      fs_(fs),
      content_(place.content),
      size_(place.content != nullptr ? entry.size : 0),
      modified_(std::max(fs.oldest_, static_cast<std::int64_t>(entry.modified))) {}

std::string_view VolumeNode::name() const {
  return {reinterpret_cast<const char*>(fs_.names_.data()) + name_at_, name_size_};
}

std::uint64_t VolumeNode::ino() const { return static_cast<std::uint64_t>(this - fs_.nodes_) + 1; }

const VolumeNode& VolumeNode::child(std::uint32_t position) const {
  return fs_.nodes_[first_child_ + position];
}

Result<Attr> VolumeNode::attr() {
  const Time time{.sec = modified_};
  return Attr{.ino = ino(),
              .type = type(),
              .mode = mode_of(type()),
              .nlink = is_directory() ? 2 + subdirectories_ : 1,
              .uid = fs_.uid_,
              .gid = fs_.gid_,
              .size = size_,
              .blocks = size_ / 512 + (size_ % 512 != 0 ? 1 : 0),
              .atime = time,
              .mtime = time,
              .ctime = time,
              .btime = time};
}

Result<NodeRef> VolumeNode::lookup(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  VolumeNode* child = fs_.find(*this, name);
  if (child == nullptr) return fail(Errc::enoent);
  return NodeRef(child);
}

Result<DirPtr> VolumeNode::open_dir() {
  if (!is_directory()) return fail(Errc::enotdir);
  return std::make_unique<VolumeDir>(*this);
}

Result<FilePtr> VolumeNode::open(OpenFlags flags) {
  if (type() != FileType::regular) return Node::open(flags);
  if (flags.write || flags.append || flags.truncate) return fail(Errc::erofs);
  return std::make_unique<VolumeFile>(*this, flags);
}

Result<Link> VolumeNode::read_link() {
  if (type() != FileType::symlink) return fail(Errc::einval);
  return Link{.text = std::string(text_of(content())), .layer_rooted = true};
}

VolumeFs::VolumeFs(ByteSpan file, std::shared_ptr<const void> owner, const TreeScan& scan, VolumeInfo info,
                   const std::string& package, Times times)
    : owner_(std::move(owner)),
      info_(std::move(info)),
      description_(concat("webc ", wasifs::quoted(package), " volume ", wasifs::quoted(info_.name))),
      uid_(::geteuid()),
      gid_(::getegid()),
      oldest_(times == Times::shown ? 1 : 0),
      names_(usable(scan.name_bytes)),
      link_texts_(usable(scan.link_bytes)),
      index_(scan.entries.size()),
      node_storage_(usable(scan.entries.size() * sizeof(VolumeNode))),
      nodes_(reinterpret_cast<VolumeNode*>(node_storage_.data())) {
  make_nodes(file, scan);
}

// Nothing in here throws: all memory was reserved before.
void VolumeFs::make_nodes(ByteSpan file, const TreeScan& scan) {
  std::uint32_t next_child = 1;
  std::byte* name_end = names_.data();
  std::byte* text_end = link_texts_.data();
  const auto copy = [file](Range range, std::byte*& end) {
    const ByteSpan bytes = bytes_of(file, range);
    const std::byte* const start = end;
    if (!bytes.empty()) std::memcpy(end, bytes.data(), bytes.size());
    end += bytes.size();
    return start;
  };
  for (const RawEntry& entry : scan.entries) {
    const auto index = static_cast<std::uint32_t>(count_);
    const std::byte* const name = copy({entry.name_at, entry.name_size}, name_end);
    VolumeNode::Place place{.name_at = static_cast<std::uint32_t>(name - names_.data()),
                            .first_child = next_child};
    next_child += entry.child_count;
    switch (entry.type) {
      case FileType::directory:
        if (index != 0) {
          ++info_.directories;
          nodes_[entry.parent].count_subdirectory();
        }
        break;
      case FileType::symlink:
        ++info_.symlinks;
        place.content = copy({entry.start, entry.size}, text_end);
        break;
      default:
        ++info_.files;
        info_.bytes += entry.size;
        place.content = file.data() + entry.start;
    }
    std::construct_at(&nodes_[index], *this, entry, place);
    ++count_;
    if (index != 0) index_.insert(nodes_[entry.parent].children(), nodes_[index].name(), index);
  }
}

VolumeFs::~VolumeFs() { std::destroy_n(nodes_, count_); }

VolumeNode* VolumeFs::find(const VolumeNode& directory, std::string_view name) const {
  const std::uint32_t found = index_.find(directory.children(), name,
                                          [&](std::uint32_t child) { return nodes_[child].name() == name; });
  return found == 0 ? nullptr : &nodes_[found];
}

std::size_t VolumeFs::parent_of(std::size_t index) const {
  // The children of all nodes stand in the order of the nodes, so the parent is
  // the last whose children begin at or before this one.
  const auto* const behind =
      std::upper_bound(nodes_, nodes_ + count_, index,
                       [](std::size_t wanted, const VolumeNode& node) { return wanted < node.first_child_; });
  return static_cast<std::size_t>(behind - nodes_) - 1;
}

std::string VolumeFs::path_of(Node& node) {
  auto* const mine = dynamic_cast<VolumeNode*>(&node);
  if (mine == nullptr || &mine->fs() != this) return {};
  std::vector<std::size_t> chain;
  for (auto at = static_cast<std::size_t>(mine - nodes_); at != 0; at = parent_of(at)) chain.push_back(at);
  std::string path;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) path.append("/").append(nodes_[*at].name());
  return path.empty() ? "/" : path;
}

Result<StatFs> VolumeFs::statfs() {
  constexpr std::uint64_t kBlock = 4096;
  return StatFs{.block_size = kBlock,
                .blocks = info_.bytes / kBlock + (info_.bytes % kBlock != 0 ? 1 : 0),
                .files = count_};
}

std::size_t VolumeFs::memory() const {
  return node_storage_.usable() + index_.memory() + names_.usable() + link_texts_.usable();
}

}  // namespace wasifs::webc
