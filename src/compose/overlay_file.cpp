// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <mutex>

#include "compose/overlay_node.h"

namespace wasifs {

/// A file that was opened while it was in a lower layer. It reads the lower until
/// somebody, through whatever handle, copies the file up; from then on it is the
/// upper's. The first change through this handle causes that copy-up.
class OverlayFile final : public File {
 public:
  OverlayFile(Ref<OverlayNode> node, FilePtr lower, OpenFlags flags)
      : File(flags), node_(std::move(node)), lower_(std::move(lower)) {}

  std::optional<View> view(std::uint64_t offset, std::size_t length) override {
    const Result<File*> file = current();
    return file ? (*file)->view(offset, length) : std::nullopt;
  }

 protected:
  Result<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> out) override {
    const Result<File*> file = current();
    return file ? (*file)->read_at(offset, out) : fail(file.error());
  }
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override {
    std::size_t written = 0;
    const Status done = change(true, [&](File& file) -> Status {
      const Result<std::size_t> count = file.write_at(offset, in);
      if (!count) return fail(count.error());
      written = *count;
      return {};
    });
    return done ? Result<std::size_t>(written) : fail(done.error());
  }
  // The upper is open with the same append flag, so any offset will do.
  Result<std::size_t> do_append(std::span<const std::byte> in) override { return do_write(0, in); }
  Status do_truncate(std::uint64_t size) override {
    return change(size != 0, [&](File& file) { return file.truncate(size); });
  }
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    return change(true, [&](File& file) { return file.allocate(mode, offset, length); });
  }
  Status do_sync(bool data_only) override {
    const Result<File*> file = current();
    return file ? (*file)->sync(data_only) : fail(file.error());
  }
  Result<std::uint64_t> do_seek(std::uint64_t offset, bool data) override {
    const Result<File*> file = current();
    if (!file) return fail(file.error());
    return data ? (*file)->seek_data(offset) : (*file)->seek_hole(offset);
  }

 private:
  /// The file that has the content now.
  Result<File*> current() {
    if (File* const opened = upper_.load(std::memory_order_acquire); opened != nullptr) return opened;
    Node* const upper_node = node_->content_upper();
    if (upper_node == nullptr) return lower_.get();
    const std::scoped_lock held(lock_);
    if (upper_owner_ == nullptr) {
      Result<FilePtr> opened = upper_node->open(same_flags());
      if (!opened) return fail(opened.error());
      upper_owner_ = std::move(*opened);
      upper_.store(upper_owner_.get(), std::memory_order_release);
    }
    return upper_owner_.get();
  }
  /// Changes the upper's file; the first time, that of an upper which nobody sees
  /// unless it works.
  Status change(bool with_content, FunctionRef<Status(File&)> what) {
    if (node_->content_upper() == nullptr) {
      const Content content = with_content ? Content::copied : Content::none;
      return node_->change_upper(content, [&](Node& upper) -> Status {
        const Result<FilePtr> file = upper.open(same_flags());
        return file ? what(**file) : fail(file.error());
      });
    }
    const Result<File*> file = current();
    return file ? what(**file) : fail(file.error());
  }
  [[nodiscard]] OpenFlags same_flags() const {
    OpenFlags same = flags();
    same.truncate = false;
    return same;
  }

  Ref<OverlayNode> node_;
  FilePtr lower_;
  std::mutex lock_;  ///< opening of the upper
  FilePtr upper_owner_;
  std::atomic<File*> upper_{nullptr};
};

Result<FilePtr> OverlayNode::open(OpenFlags flags) {
  if (is_directory()) return fail(Errc::eisdir);
  // Opening a device for writing changes nothing in a file system.
  if (type() != FileType::regular) return top().open(flags);
  const bool changes = flags.write || flags.truncate;
  if (changes && state_.upper == nullptr) return fail(Errc::erofs);
  if (changes && sealed()) return fail(Errc::eperm);
  Node* const holder = content_upper();
  if (state_.marked[holder != nullptr ? 0 : lowers_.front().layer] && !flags.truncate) {
    // Better no content than the zeros that stand for it.
    Node& content = holder != nullptr ? *holder : *lowers_.front().node;
    const Result<bool> lacking = state_.marks.lacks_content(content);
    if (!lacking || *lacking) return fail(lacking ? Errc::eio : lacking.error());
  }
  // Into a lasting upper as the kernel's overlayfs does it, at once: who looks at the
  // upper, or asks for a host file to write to, need not wait for the first write.
  if (flags.truncate || (flags.write && state_.lasting != nullptr)) {
    const Content content = flags.truncate ? Content::none : Content::copied;
    const Status copied = change_upper(content, [](Node&) { return Status(); });
    if (!copied) return fail(copied.error());
  }
  if (Node* const upper_node = content_upper(); upper_node != nullptr) return upper_node->open(flags);
  Result<FilePtr> lower = lowers_.front().node->open({.read = true});
  // Without an upper it stays what it is.
  if (!lower || state_.upper == nullptr) return lower;
  return std::make_unique<OverlayFile>(Ref<OverlayNode>(this), std::move(*lower), flags);
}

}  // namespace wasifs
