// SPDX-License-Identifier: Apache-2.0
#include "fs/memory/memory_node.h"

namespace wasifs {

/// An open memory file. Reads share the node's lock, changes take it alone.
class MemoryOpenFile final : public File {
 public:
  MemoryOpenFile(Ref<MemoryFile> node, OpenFlags flags) : File(flags), node_(std::move(node)) {}

  std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    const MemoryNode::SharedLock held(node_->lock_);
    return node_->content_.view(offset, length);
  }

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    const MemoryNode::SharedLock held(node_->lock_);
    return node_->content_.read(offset, out);
  }
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override {
    const MemoryNode::Lock held(node_->lock_);
    return write_locked(offset, in);
  }
  Result<std::size_t> do_append(std::span<const std::byte> in) override {
    const MemoryNode::Lock held(node_->lock_);
    const std::uint64_t end = node_->content_.size();
    if (in.size() > kMaxSize - end) return fail(Errc::efbig);
    return write_locked(end, in);
  }
  Status do_truncate(std::uint64_t size) override {
    const MemoryNode::Lock held(node_->lock_);
    node_->content_.resize(size);
    node_->touch_modified();
    node_->drop_capabilities();
    return {};
  }
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    const MemoryNode::Lock held(node_->lock_);
    const Status done = node_->content_.allocate(mode, offset, length);
    if (done) node_->touch_modified();
    return done;
  }
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    const MemoryNode::SharedLock held(node_->lock_);
    return node_->content_.seek(offset, data);
  }

 private:
  Result<std::size_t> write_locked(std::uint64_t offset, std::span<const std::byte> in) {
    const Result<std::size_t> written = node_->content_.write(offset, in);
    if (written) {
      node_->touch_modified();
      node_->drop_capabilities();
    }
    return written;
  }

  Ref<MemoryFile> node_;
};

Result<FilePtr> MemoryFile::open(OpenFlags flags) {
  if ((flags.write || flags.truncate) && sealed()) return fail(Errc::eperm);
  if (flags.truncate) {
    const Lock held(lock_);
    content_.resize(0);
    touch_modified();
  }
  return std::make_unique<MemoryOpenFile>(Ref<MemoryFile>(this), flags);
}

Status MemoryFile::share_content(View content) {
  if (sealed()) return fail(Errc::eperm);
  const Lock held(lock_);
  if (content_.size() != 0) return fail(Errc::enotsup);
  content_.share(std::move(content));
  return {};
}

void MemoryFile::fill_attr(Attr& attr) const {
  attr.size = content_.size();
  attr.blocks = content_.bytes_held() / 512;
}

Status MemoryFile::resize(std::uint64_t size) {
  if (sealed()) return fail(Errc::eperm);
  if (size > File::kMaxSize) return fail(Errc::efbig);
  content_.resize(size);
  return {};
}

}  // namespace wasifs
