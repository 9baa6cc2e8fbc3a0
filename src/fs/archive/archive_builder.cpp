// SPDX-License-Identifier: Apache-2.0
#include "fs/archive/archive_builder.h"

#include <algorithm>
#include <utility>

namespace wasifs::archive {

namespace {

constexpr std::uint32_t kUnseen = UINT32_MAX;

}  // namespace

ArchiveFilesystem::Builder::Builder(ArchiveFilesystem& fs, RawTree& tree, const View& archive,
                                    const View& spool, const OpenOptions& options)
    : fs_(fs),
      tree_(tree),
      archive_(archive),
      spool_(spool),
      options_(options),
      places_(tree.inodes.size()) {}

void ArchiveFilesystem::Builder::build() {
  // Each step frees what is not needed any more, so that all of it never is there at once.
  tree_.forget_slots();
  sort_by_parent();
  number_nodes();
  tree_.dentries = {};
  tree_.extents = {};
  first_of_ = order_ = node_of_ = {};
  fs_.names_ = std::move(tree_.names);
  fs_.extras_ = std::move(tree_.extras);
  make_nodes();
  make_index();
  // Where everything was decompressed, the archive itself need not stay mapped.
  const auto both = std::make_shared<const std::pair<View, View>>(shows_archive_ ? archive_ : View{}, spool_);
  fs_.owner_ = both;
}

void ArchiveFilesystem::Builder::sort_by_parent() {
  first_of_.assign(tree_.inodes.size() + 1, 0);
  for (const RawDentry& dentry : tree_.dentries) ++first_of_[dentry.parent + 1];
  for (std::size_t i = 1; i < first_of_.size(); ++i) first_of_[i] += first_of_[i - 1];
  std::vector<std::uint32_t> next = first_of_;
  order_.resize(tree_.dentries.size());
  for (std::uint32_t i = 0; i < tree_.dentries.size(); ++i) order_[next[tree_.dentries[i].parent]++] = i;
}

void ArchiveFilesystem::Builder::number_nodes() {
  // What was replaced takes room for nothing; most archives have none of that.
  fs_.dentries_.reserve(tree_.dentries.size() + 1);
  fs_.extents_.reserve(tree_.extents.size());
  inode_of_.reserve(tree_.inodes.size());
  node_of_.assign(tree_.inodes.size(), kUnseen);
  node_of_[0] = 0;
  inode_of_.push_back(0);
  places_.push_back({.nlink = 2});
  fs_.dentries_.emplace_back();
  // Grows while it is walked: a directory is followed by what is in it.
  for (std::uint32_t node = 0; node < inode_of_.size(); ++node) {
    const RawInode& inode = tree_.inodes[inode_of_[node]];
    if (inode.type == FileType::directory) {
      list_directory(node);
    } else if (inode.type == FileType::symlink) {
      places_[node].first = inode.first;
    } else if (inode.type == FileType::regular) {
      copy_extents(node);
    }
  }
}

void ArchiveFilesystem::Builder::list_directory(std::uint32_t directory) {
  const std::uint32_t inode = inode_of_[directory];
  const std::span names(order_.data() + first_of_[inode], first_of_[inode + 1] - first_of_[inode]);
  std::ranges::sort(names, {}, [this](std::uint32_t at) { return tree_.name_of(tree_.dentries[at]); });
  places_[directory].first = static_cast<std::uint32_t>(fs_.dentries_.size());
  places_[directory].count = static_cast<std::uint32_t>(names.size());
  for (const std::uint32_t at : names) {
    const RawDentry& dentry = tree_.dentries[at];
    std::uint32_t& node = node_of_[dentry.inode];
    if (node == kUnseen) {
      node = static_cast<std::uint32_t>(inode_of_.size());
      inode_of_.push_back(dentry.inode);
      places_.push_back({.dentry = static_cast<std::uint32_t>(fs_.dentries_.size())});
    }
    if (tree_.inodes[dentry.inode].type == FileType::directory) {
      places_[node].nlink = 2;
      ++places_[directory].nlink;
    } else {
      ++places_[node].nlink;
    }
    fs_.dentries_.push_back(
        {.name_at = dentry.name_at, .node = node, .parent = directory, .name_size = dentry.name_size});
  }
}

void ArchiveFilesystem::Builder::copy_extents(std::uint32_t node) {
  const RawInode& inode = tree_.inodes[inode_of_[node]];
  places_[node].first = static_cast<std::uint32_t>(fs_.extents_.size());
  places_[node].count = inode.extent_count;
  for (std::uint32_t i = 0; i < inode.extent_count; ++i) {
    const RawExtent& raw = tree_.extents[inode.first + i];
    const View& from = raw.spooled() ? spool_ : archive_;
    shows_archive_ |= !raw.spooled();
    fs_.extents_.push_back(
        {.offset = raw.offset, .length = raw.length, .bytes = from.bytes.data() + raw.at()});
    fs_.content_ += raw.length;
  }
  if (inode.extent_count > kFewExtents) {
    fs_.blocks_.emplace(node, count_blocks(std::span(fs_.extents_).last(inode.extent_count)));
  }
}

void ArchiveFilesystem::Builder::inherit(RawInode& inode, std::uint32_t dentry) const {
  // Below a directory that hides all others of its name there is nothing it could be like.
  for (std::uint32_t at = dentry; at != 0; at = fs_.nodes_[fs_.dentries_[at].parent].dentry_) {
    if (fs_.nodes_[fs_.dentries_[at].parent].opaque_) return;
  }
  const std::optional<Attr> attr = options_.inherit(dentry == 0 ? "/" : fs_.path_of(dentry));
  if (!attr) return;
  inode.mode = attr->mode;
  inode.uid = attr->uid;
  inode.gid = attr->gid;
  inode.mtime = attr->mtime;
}

void ArchiveFilesystem::Builder::make_nodes() {
  fs_.node_storage_ = BulkMemory(inode_of_.size() * sizeof(ArchiveNode));
  fs_.node_storage_.use(inode_of_.size() * sizeof(ArchiveNode));
  fs_.nodes_ = reinterpret_cast<ArchiveNode*>(fs_.node_storage_.data());
  for (; fs_.count_ < inode_of_.size(); ++fs_.count_) {
    RawInode& inode = tree_.inodes[inode_of_[fs_.count_]];
    // Those above it are there by now.
    if (inode.implied && options_.inherit) inherit(inode, places_[fs_.count_].dentry);
    std::construct_at(&fs_.nodes_[fs_.count_], fs_, inode, places_[fs_.count_]);
  }
}

void ArchiveFilesystem::Builder::make_index() {
  fs_.index_ = std::make_unique<ChildIndex>(fs_.dentries_.size());
  for (std::uint32_t at = 1; at < fs_.dentries_.size(); ++at) {
    const Dentry& dentry = fs_.dentries_[at];
    fs_.index_->insert(fs_.nodes_[dentry.parent].children(), fs_.name_of(dentry), at);
  }
}

}  // namespace wasifs::archive
