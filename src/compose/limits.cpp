// SPDX-License-Identifier: Apache-2.0
#include "compose/limits.h"

#include <algorithm>
#include <mutex>

#include "compose/forwarding_file.h"

namespace wasifs {

namespace {

/// A base, so that the slot is given back after the file is closed.
struct HeldSlot {
  OpenSlot given_back_last;
};

}  // namespace

/// A file that counts as open, and does not grow past a limit.
class LimitedFile final : private HeldSlot, public ForwardingFile {
 public:
  LimitedFile(FilePtr inner, NodeRef node, std::shared_ptr<OpenLimits> limits, OpenSlot slot)
      : HeldSlot{std::move(slot)},
        ForwardingFile(std::move(inner)),
        limits_(std::move(limits)),
        node_(std::move(node)),
        sized_(node_->type() == FileType::regular && limits_->max_size_ != OpenLimits::kUnlimited) {}

  /// Who writes to the host file does not ask how long it may grow.
  std::optional<NativeRange> native_range() override {
    return sized_ ? std::nullopt : ForwardingFile::native_range();
  }

 protected:
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override {
    if (!sized_) return ForwardingFile::do_write(offset, in);
    const SharedLock held(limits_->growth_lock(*node_));
    return write_below_limit(offset, in);
  }
  Result<std::size_t> do_append(std::span<const std::byte> in) override {
    if (!sized_) return ForwardingFile::do_append(in);
    const std::unique_lock held(limits_->growth_lock(*node_));
    const Result<Attr> attr = node_->attr();
    return attr ? write_below_limit(attr->size, in) : fail(attr.error());
  }
  Status do_truncate(std::uint64_t size) override {
    return below_limit(size, [&] { return ForwardingFile::do_truncate(size); });
  }
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    // What is only reserved past the limit could never be used.
    const std::uint64_t end = mode == AllocateMode::punch ? 0 : offset + length;
    return below_limit(end, [&] { return ForwardingFile::do_allocate(mode, offset, length); });
  }

 private:
  using SharedLock = std::shared_lock<std::shared_mutex>;

  /// As RLIMIT_FSIZE has it in write(2): what fits below the limit is written.
  Result<std::size_t> write_below_limit(std::uint64_t offset, std::span<const std::byte> in) {
    if (offset >= limits_->max_size_) return fail(Errc::efbig);
    const std::uint64_t room = limits_->max_size_ - offset;
    return ForwardingFile::do_write(
        offset, in.first(static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), room))));
  }

  Status below_limit(std::uint64_t end, FunctionRef<Status()> change) {
    return sized_ ? limits_->resize(*node_, end, change) : change();
  }

  std::shared_ptr<OpenLimits> limits_;
  NodeRef node_;
  const bool sized_;
};

std::shared_ptr<OpenLimits> OpenLimits::make(const FsLimits& limits) {
  if (!limits.max_open && !limits.max_file_size) return nullptr;
  return std::shared_ptr<OpenLimits>(new OpenLimits(limits));
}

Result<OpenSlot> OpenLimits::take_slot() {
  std::uint64_t seen = open_.load(std::memory_order_relaxed);
  do {
    if (seen >= max_open_) return fail(Errc::enfile);
  } while (!open_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed));
  return OpenSlot(shared_from_this());
}

FilePtr OpenLimits::limit(FilePtr file, Node& node, OpenSlot slot) {
  return std::make_unique<LimitedFile>(std::move(file), NodeRef(&node), shared_from_this(), std::move(slot));
}

Status OpenLimits::resize(Node& node, std::uint64_t end, FunctionRef<Status()> change) {
  if (end <= max_size_) {
    const std::shared_lock held(growth_lock(node));
    return change();
  }
  // What is longer already may be cut, though not below the limit. The size that
  // decides it must be the one that is changed, so nobody else changes it now.
  const std::unique_lock held(growth_lock(node));
  const Result<Attr> attr = node.attr();
  if (!attr) return fail(attr.error());
  return end > attr->size ? fail(Errc::efbig) : change();
}

Status OpenLimits::set_attr(Node& node, const SetAttr& change) {
  if (!change.size || node.type() != FileType::regular) return node.set_attr(change);
  return resize(node, *change.size, [&] { return node.set_attr(change); });
}

}  // namespace wasifs
