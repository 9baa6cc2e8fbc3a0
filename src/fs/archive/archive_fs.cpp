// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/archive_fs.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/mapping.h"
#include "base/path.h"
#include "fs/archive/archive_builder.h"
#include "fs/archive/recognise.h"

namespace wasifs::archive {

namespace {

constexpr std::string_view kOpaque = "trusted.overlay.opaque";
constexpr std::string_view kUserOpaque = "user.overlay.opaque";

std::string spool_folder(const OpenOptions& options) {
  if (!options.spool.empty()) return options.spool;
  const char* const wanted = std::getenv("TMPDIR");
  // Not /tmp, which may be memory.
  return wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
}

bool is_device(FileType type) { return type == FileType::char_device || type == FileType::block_device; }

}  // namespace

/// An open file. It borrows the node, which its file system owns.
class ArchiveFilesystem::OpenFile final : public File {
 public:
  OpenFile(const ArchiveNode& node, OpenFlags flags) : File(flags), node_(node) {}

  [[nodiscard]] std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    if (!flags().read) return std::nullopt;
    if (offset >= node_.size()) return View{.bytes = {}, .owner = node_.fs().owner_};
    const auto at = extent_from(offset);
    // A hole has no bytes to show.
    if (at == node_.extents().end() || at->offset > offset) return std::nullopt;
    const std::size_t skipped = static_cast<std::size_t>(offset - at->offset);
    const std::uint64_t left = at->length - skipped;
    const std::uint64_t wanted = std::min<std::uint64_t>(length, node_.size() - offset);
    if (left < wanted) return std::nullopt;
    return View{.bytes = {at->bytes + skipped, static_cast<std::size_t>(wanted)}, .owner = node_.fs().owner_};
  }

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= node_.size()) return 0;
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), node_.size() - offset)));
    std::size_t done = 0;
    for (auto at = extent_from(offset); done < out.size() && at != node_.extents().end(); ++at) {
      done += read_hole(at->offset, offset + done, out.subspan(done));
      if (done == out.size()) break;
      const std::uint64_t inside = offset + done - at->offset;
      const std::size_t piece =
          static_cast<std::size_t>(std::min<std::uint64_t>(at->length - inside, out.size() - done));
      std::memcpy(out.data() + done, at->bytes + inside, piece);
      done += piece;
    }
    return done + read_hole(node_.size(), offset + done, out.subspan(done));
  }

  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    if (offset >= node_.size()) return fail(Errc::enxio);
    auto at = extent_from(offset);
    const auto end = node_.extents().end();
    if (data) {
      if (at == end) return fail(Errc::enxio);
      return std::max(offset, at->offset);
    }
    std::uint64_t hole = offset;
    for (; at != end && at->offset <= hole; ++at) hole = at->offset + at->length;
    return std::min(hole, node_.size());
  }

 private:
  /// The first extent that ends behind `offset`.
  [[nodiscard]] std::span<const Extent>::iterator extent_from(std::uint64_t offset) const {
    return std::ranges::upper_bound(node_.extents(), offset, {},
                                    [](const Extent& extent) { return extent.offset + extent.length; });
  }
  /// Zeros for what lies before `end`; how many.
  static std::size_t read_hole(std::uint64_t end, std::uint64_t offset, std::span<std::byte> out) {
    if (end <= offset || out.empty()) return 0;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, out.size()));
    std::memset(out.data(), 0, size);
    return size;
  }

  const ArchiveNode& node_;
};

/// An open directory: a cookie is the number of entries before it.
class ArchiveFilesystem::OpenDir final : public Dir {
 public:
  explicit OpenDir(const ArchiveNode& node) : node_(node) {}

  [[nodiscard]] Status read(std::uint64_t cookie, DirSink sink) override {
    const ArchiveFilesystem& fs = node_.fs();
    const ChildRange children = node_.children();
    for (std::uint64_t at = cookie; at < children.count; ++at) {
      const Dentry& dentry = fs.dentries_[static_cast<std::size_t>(children.first + at)];
      const ArchiveNode& child = fs.nodes_[dentry.node];
      if (!sink({.name = fs.name_of(dentry), .ino = child.ino(), .type = child.type(), .next = at + 1}))
        break;
    }
    return {};
  }

 private:
  const ArchiveNode& node_;
};

ArchiveNode::ArchiveNode(const ArchiveFilesystem& fs, const RawInode& raw, const NodePlace& place)
    : Node(raw.type, Pinned{}),
      fs_(fs),
      size_(raw.size),
      mtime_(raw.mtime),
      uid_(raw.uid),
      gid_(raw.gid),
      nlink_(place.nlink),
      extra_(raw.extra),
      first_(place.first),
      count_(place.count),
      dentry_(place.dentry),
      mode_(raw.mode),
      opaque_(raw.opaque),
      implied_(raw.implied) {}

std::uint64_t ArchiveNode::ino() const { return static_cast<std::uint64_t>(this - fs_.nodes_) + 1; }

std::span<const Extent> ArchiveNode::extents() const {
  if (type() != FileType::regular) return {};
  return std::span(fs_.extents_).subspan(first_, count_);
}

Result<Attr> ArchiveNode::attr() {
  Attr attr{.ino = ino(),
            .type = type(),
            .mode = mode_,
            .nlink = nlink_,
            .uid = uid_,
            .gid = gid_,
            .rdev = is_device(type()) ? size_ : 0,
            .size = is_device(type()) ? 0 : size_,
            .atime = mtime_,
            .mtime = mtime_,
            .ctime = mtime_,
            .btime = mtime_};
  attr.blocks = fs_.blocks_of(*this);
  if (extra_ != RawInode::kNone) {
    const Extra& extra = fs_.extras_[extra_];
    attr.atime = extra.atime;
    attr.ctime = extra.ctime;
    attr.btime = extra.btime;
  }
  return attr;
}

Result<NodeRef> ArchiveNode::lookup(std::string_view name) {
  if (!is_directory()) return fail(Errc::enotdir);
  const std::uint32_t found = fs_.index_->find(
      children(), name, [&](std::uint32_t dentry) { return fs_.name_of(fs_.dentries_[dentry]) == name; });
  if (found == 0) return fail(Errc::enoent);
  return NodeRef(&fs_.nodes_[fs_.dentries_[found].node]);
}

Result<DirPtr> ArchiveNode::open_dir() {
  if (!is_directory()) return fail(Errc::enotdir);
  return std::make_unique<ArchiveFilesystem::OpenDir>(*this);
}

Result<FilePtr> ArchiveNode::open(OpenFlags flags) {
  if (type() != FileType::regular) return Node::open(flags);
  if (flags.write || flags.append || flags.truncate) return fail(Errc::erofs);
  return std::make_unique<ArchiveFilesystem::OpenFile>(*this, flags);
}

Result<Link> ArchiveNode::read_link() {
  if (type() != FileType::symlink) return fail(Errc::einval);
  return Link{.text = fs_.names_.substr(first_, static_cast<std::size_t>(size_)), .layer_rooted = true};
}

Result<std::string> ArchiveNode::get_xattr(std::string_view name) {
  if (opaque_ && name == fs_.opaque_mark_) return "y";
  if (extra_ == RawInode::kNone) return fail(Errc::enodata);
  for (const auto& [known, value] : fs_.extras_[extra_].xattrs) {
    if (known == name) return value;
  }
  return fail(Errc::enodata);
}

Result<std::vector<std::string>> ArchiveNode::list_xattrs() {
  std::vector<std::string> names;
  if (opaque_) names.emplace_back(fs_.opaque_mark_);
  if (extra_ == RawInode::kNone) return names;
  for (const auto& [name, value] : fs_.extras_[extra_].xattrs) names.push_back(name);
  return names;
}

ArchiveFilesystem::ArchiveFilesystem(std::string label, View archive, View spool, RawTree tree,
                                     const OpenOptions& options)
    : label_(std::move(label)),
      marks_(options.whiteouts == Whiteouts::oci),
      opaque_mark_(options.user_marks ? kUserOpaque : kOpaque),
      spooled_(spool.bytes.size()) {
  Builder(*this, tree, archive, spool, options).build();
}

ArchiveFilesystem::~ArchiveFilesystem() { std::destroy_n(nodes_, count_); }

Outcome<std::shared_ptr<ArchiveFilesystem>> ArchiveFilesystem::open(const std::string& path,
                                                                    const OpenOptions& options) {
  Outcome<View> mapped = map_file(path, "archive");
  if (!mapped) return fail(std::move(mapped.error()));
  OpenOptions dated = options;
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0) {
    dated.stamp = {.sec = found.st_mtim.tv_sec, .nsec = static_cast<std::int32_t>(found.st_mtim.tv_nsec)};
  }
  const View bytes = *mapped;
  dated.release = [bytes] { release_pages(bytes); };
  return parse(*std::move(mapped), path, dated);
}

Outcome<std::shared_ptr<ArchiveFilesystem>> ArchiveFilesystem::parse(View bytes, std::string label,
                                                                     const OpenOptions& options) {
  const bool cached = !options.cache.empty() && may_be_compressed(bytes.bytes);
  return cached ? parse_cached(std::move(bytes), std::move(label), options)
                : index(std::move(bytes), std::move(label), options);
}

Outcome<std::shared_ptr<ArchiveFilesystem>> ArchiveFilesystem::index(View bytes, std::string label,
                                                                     const OpenOptions& options) {
  Spool spool(label, spool_folder(options), options.max_spool);
  const ScanInput input{.bytes = bytes.bytes,
                        .label = label,
                        .whiteouts = options.whiteouts,
                        .stamp = options.stamp,
                        .progress = options.progress,
                        .release = options.release};
  Outcome<RawTree> tree = scan_archive(input, spool);
  if (!tree) return fail(std::move(tree.error()));
  if (options.release) options.release();
  Outcome<View> spooled = spool.finish();
  if (!spooled) return fail(std::move(spooled.error()));
  return std::make_shared<ArchiveFilesystem>(std::move(label), std::move(bytes), *std::move(spooled),
                                             *std::move(tree), options);
}

Result<StatFs> ArchiveFilesystem::statfs() {
  constexpr std::uint64_t kBlock = 4096;
  return StatFs{
      .block_size = kBlock, .blocks = content_ / kBlock + (content_ % kBlock != 0 ? 1 : 0), .files = count_};
}

std::string ArchiveFilesystem::describe() const { return "archive " + quoted(label_); }

std::string ArchiveFilesystem::path_of(Node& node) {
  auto* const mine = dynamic_cast<ArchiveNode*>(&node);
  if (mine == nullptr || &mine->fs() != this) return {};
  return path_of(mine->dentry_);
}

/// The root has no dentry, which is 0.
std::string ArchiveFilesystem::path_of(std::uint32_t dentry) const {
  std::vector<std::uint32_t> chain;
  for (std::uint32_t at = dentry; at != 0; at = nodes_[dentries_[at].parent].dentry_) chain.push_back(at);
  std::string path;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) path.append("/").append(name_of(dentries_[*at]));
  return path.empty() ? "/" : path;
}

Outcome<void> ArchiveFilesystem::write_to(TarWriter& tar) const {
  // Breadth first, so that a directory comes before what is in it.
  for (std::uint32_t at = 0; at < dentries_.size(); ++at) {
    ArchiveNode& node = nodes_[dentries_[at].node];
    if (node.implied_) continue;
    const std::string path = at == 0 ? "." : path_of(at).substr(1);
    TarWriter::Item item{.path = path, .attr = node.attr().value()};
    std::string link;
    if (at != 0 && at != node.dentry_) {
      link = path_of(node.dentry_).substr(1);
      item.hard_link = true;
    } else if (node.type() == FileType::symlink) {
      link = node.read_link().value().text;
    }
    item.link = link;
    if (node.extra_ != RawInode::kNone) {
      item.xattrs = extras_[node.extra_].xattrs;
      item.all_times = true;
    }
    const bool has_content = node.type() == FileType::regular && !item.hard_link;
    const FilePtr content = has_content ? std::make_unique<OpenFile>(node, OpenFlags{}) : nullptr;
    if (auto added = tar.add(item, content.get()); !added) return added;
  }
  return {};
}

bool ArchiveFilesystem::has_sockets() const {
  return std::any_of(nodes_, nodes_ + count_,
                     [](const ArchiveNode& node) { return node.type() == FileType::socket; });
}

std::uint64_t ArchiveFilesystem::blocks_of(const ArchiveNode& node) const {
  if (node.extents().size() > kFewExtents) return blocks_.at(static_cast<std::uint32_t>(&node - nodes_));
  return count_blocks(node.extents());
}

std::uint64_t ArchiveFilesystem::count_blocks(std::span<const Extent> extents) {
  std::uint64_t blocks = 0;
  for (const Extent& extent : extents) blocks += (extent.length + 511) / 512;
  return blocks;
}

std::size_t ArchiveFilesystem::memory() const {
  return node_storage_.usable() + index_->memory() + names_.capacity() +
         dentries_.capacity() * sizeof(Dentry) + extents_.capacity() * sizeof(Extent) +
         extras_.capacity() * sizeof(Extra);
}

}  // namespace wasifs::archive
