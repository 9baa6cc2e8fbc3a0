// SPDX-License-Identifier: Apache-2.0
#include "compose/observers.h"

#include <utility>

#include "compose/forwarding_file.h"

namespace wasifs {

void Observers::add(std::shared_ptr<TreeObserver> observer) {
  const std::lock_guard lock(mutex_);
  list_.push_back(std::move(observer));
  note_count();
}

void Observers::remove(const TreeObserver* observer) {
  const std::lock_guard lock(mutex_);
  std::erase_if(list_, [observer](const auto& each) { return each.get() == observer; });
  note_count();
}

void Observers::note_count() {
  sole_.store(list_.size() == 1 ? list_.front().get() : nullptr, std::memory_order_release);
  count_.store(list_.size(), std::memory_order_release);
}

std::vector<std::shared_ptr<TreeObserver>> Observers::listeners() const {
  const std::lock_guard lock(mutex_);
  return list_;
}

std::vector<std::string> Observers::statuses() const {
  std::vector<std::string> all;
  for (const auto& listener : listeners()) {
    if (std::string one = listener->status(); !one.empty()) all.push_back(std::move(one));
  }
  return all;
}

void Observers::tell(const Change& change, const TreeObserver* except) const {
  if (!any_but(except)) return;
  for (const auto& listener : listeners()) {
    if (listener.get() != except) listener->changed(change);
  }
}

namespace {

/// A file that is open for writing.
class WatchedFile final : public ForwardingFile {
 public:
  WatchedFile(FilePtr inner, VNode node, const Observers& observers, const TreeObserver* except)
      : ForwardingFile(std::move(inner)), node_(std::move(node)), observers_(observers), except_(except) {}

  /// What is written to the host file nobody would be told of.
  std::optional<NativeRange> native_range() override {
    return observers_.any_but(except_) ? std::nullopt : ForwardingFile::native_range();
  }

 protected:
  Result<std::size_t> do_write(std::uint64_t offset, std::span<const std::byte> in) override {
    const Result<std::size_t> done = ForwardingFile::do_write(offset, in);
    if (done && *done != 0) tell(offset, *done);
    return done;
  }
  Result<std::size_t> do_append(std::span<const std::byte> in) override {
    // Where the end was is known to the layer only.
    const Result<std::size_t> done = ForwardingFile::do_append(in);
    if (done && *done != 0) tell(0, 0);
    return done;
  }
  Status do_truncate(std::uint64_t size) override {
    const Status done = ForwardingFile::do_truncate(size);
    if (done) tell(size, 0);
    return done;
  }
  Status do_allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    const Status done = ForwardingFile::do_allocate(mode, offset, length);
    if (done) tell(offset, length);
    return done;
  }

 private:
  void tell(std::uint64_t offset, std::uint64_t length) const {
    observers_.tell(
        {.kind = Change::Kind::content, .node = node_, .name = {}, .offset = offset, .length = length},
        except_);
  }

  const VNode node_;
  const Observers& observers_;  // the Tree's, which files are dropped before
  const TreeObserver* const except_;
};

}  // namespace

FilePtr Observers::watch(FilePtr file, VNode node, const TreeObserver* except) const {
  if (!file->flags().write) return file;
  return std::make_unique<WatchedFile>(std::move(file), std::move(node), *this, except);
}

}  // namespace wasifs
