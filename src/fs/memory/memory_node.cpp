// SPDX-License-Identifier: Apache-2.0
#include "fs/memory/memory_node.h"

#include "base/clock.h"
#include "fs/device/device.h"

namespace wasifs {

Time MemoryState::stamp() const { return frozen_time.value_or(now()); }

MemoryNode::MemoryNode(MemoryState& state, const NewNode& spec, Charge& charge)
    : Node(spec.type),
      state_(state),
      ino_(state.next_ino.fetch_add(1, std::memory_order_relaxed)),
      text_size_(spec.type == FileType::symlink ? spec.target.size() : 0),
      mode_(spec.mode & 07777U),
      uid_(spec.uid),
      gid_(spec.gid) {
  atime_ = mtime_ = ctime_ = btime_ = state.stamp();
  charge.keep();
}

MemoryNode::~MemoryNode() {
  if (state_.quota == nullptr) return;
  std::uint64_t bytes = text_size_;
  if (xattrs_ != nullptr) {
    for (const auto& [name, value] : *xattrs_) bytes += name.size() + value.size();
  }
  state_.quota->release(bytes, 1);
}

Result<Attr> MemoryNode::attr() {
  const SharedLock held(lock_);
  Attr attr{.ino = ino_,
            .type = type(),
            .mode = mode_,
            .nlink = nlink_,
            .uid = uid_,
            .gid = gid_,
            .atime = atime_,
            .mtime = mtime_,
            .ctime = ctime_,
            .btime = btime_};
  fill_attr(attr);
  return attr;
}

Status MemoryNode::resize(std::uint64_t) { return fail(is_directory() ? Errc::eisdir : Errc::einval); }

Status MemoryNode::set_attr(const SetAttr& change) {
  const Lock held(lock_);
  // The size first: it is the only part that can be refused.
  if (change.size) {
    if (const Status resized = resize(*change.size); !resized) return resized;
    mtime_ = state_.stamp();
  }
  if (change.mode) mode_ = *change.mode & 07777U;
  if (change.uid) uid_ = *change.uid;
  if (change.gid) gid_ = *change.gid;
  if (change.atime) atime_ = *change.atime;
  if (change.mtime) mtime_ = *change.mtime;
  touch_changed();
  return {};
}

Result<std::string> MemoryNode::get_xattr(std::string_view name) {
  const SharedLock held(lock_);
  if (xattrs_ == nullptr) return fail(Errc::enodata);
  const auto found = xattrs_->find(name);
  if (found == xattrs_->end()) return fail(Errc::enodata);
  return found->second;
}

Result<std::vector<std::string>> MemoryNode::list_xattrs() {
  const SharedLock held(lock_);
  std::vector<std::string> names;
  if (xattrs_ != nullptr) {
    for (const auto& [name, value] : *xattrs_) names.push_back(name);
  }
  return names;
}

Status MemoryNode::set_xattr(std::string_view name, std::string_view value, XattrMode mode) {
  const Lock held(lock_);
  if (xattrs_ == nullptr) xattrs_ = std::make_unique<Xattrs>();
  const auto found = xattrs_->find(name);
  const bool exists = found != xattrs_->end();
  if (exists && mode == XattrMode::create) return fail(Errc::eexist);
  if (!exists && mode == XattrMode::replace) return fail(Errc::enodata);
  const std::uint64_t before = exists ? name.size() + found->second.size() : 0;
  const std::uint64_t after = name.size() + value.size();
  Charge charge;
  if (after > before) {
    if (const Status charged = charge.reserve(state_.quota.get(), after - before, 0); !charged)
      return charged;
  }
  if (exists) {
    found->second = value;
  } else {
    xattrs_->emplace(name, value);
  }
  charge.keep();
  if (before > after && state_.quota != nullptr) state_.quota->release(before - after, 0);
  touch_changed();
  return {};
}

Status MemoryNode::remove_xattr(std::string_view name) {
  const Lock held(lock_);
  if (xattrs_ == nullptr) return fail(Errc::enodata);
  const auto found = xattrs_->find(name);
  if (found == xattrs_->end()) return fail(Errc::enodata);
  if (state_.quota != nullptr) state_.quota->release(found->first.size() + found->second.size(), 0);
  xattrs_->erase(found);
  touch_changed();
  return {};
}

Result<FilePtr> MemorySpecial::open(OpenFlags flags) {
  if (type() != FileType::char_device) return fail(Errc::enxio);
  return open_device(rdev_, flags);
}

}  // namespace wasifs
