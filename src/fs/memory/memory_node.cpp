// SPDX-License-Identifier: Apache-2.0
#include "fs/memory/memory_node.h"

#include "base/acl.h"
#include "base/clock.h"
#include "fs/device/device.h"

namespace wasifs {

Time MemoryState::stamp() const { return frozen_time.value_or(now()); }

Time MemoryState::stamp_after(const Time& before) const {
  return frozen_time ? *frozen_time : wasifs::stamp_after(now(), before);
}

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
    mtime_ = state_.stamp_after(mtime_);
    drop_capabilities();
  }
  if (change.mode) {
    mode_ = *change.mode & 07777U;
    keep_acl_with_mode();
  }
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

void MemoryNode::keep_acl_with_mode() {
  if (xattrs_ == nullptr) return;
  const auto found = xattrs_->find(kAccessAcl);
  if (found == xattrs_->end()) return;
  Result<Acl> acl = Acl::parse(found->second);
  if (!acl) return;  // none is stored that does not parse
  acl->set_permissions(mode_);
  found->second = acl->value();
}

Status MemoryNode::set_xattr(std::string_view name, std::string_view value, XattrMode mode) {
  const Lock held(lock_);
  if (name == kAccessAcl) return set_access_acl(value, mode);
  if (name == kDefaultAcl) {
    if (!is_directory()) return fail(Errc::eacces);
    const Result<Acl> acl = Acl::parse(value);
    return acl ? store_xattr(name, acl->value(), mode) : fail(acl.error());
  }
  return store_xattr(name, value, mode);
}

Status MemoryNode::set_access_acl(std::string_view value, XattrMode mode) {
  if (type() == FileType::symlink) return fail(Errc::enotsup);
  const Result<Acl> acl = Acl::parse(value);
  if (!acl) return fail(acl.error());
  if (!acl->minimal()) {
    if (const Status stored = store_xattr(kAccessAcl, acl->value(), mode); !stored) return stored;
  } else if (xattrs_ != nullptr) {
    // The mode says it all.
    if (const auto found = xattrs_->find(kAccessAcl); found != xattrs_->end()) drop_xattr(found);
  }
  mode_ = static_cast<std::uint16_t>((mode_ & ~0777U) | acl->permissions());
  touch_changed();
  return {};
}

Status MemoryNode::store_xattr(std::string_view name, std::string_view value, XattrMode mode) {
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

void MemoryNode::drop_capabilities() {
  if (xattrs_ == nullptr) return;
  if (const auto found = xattrs_->find("security.capability"); found != xattrs_->end()) drop_xattr(found);
}

Status MemoryNode::remove_xattr(std::string_view name) {
  const Lock held(lock_);
  if (xattrs_ == nullptr) return fail(Errc::enodata);
  const auto found = xattrs_->find(name);
  if (found == xattrs_->end()) return fail(Errc::enodata);
  drop_xattr(found);
  touch_changed();
  return {};
}

void MemoryNode::drop_xattr(Xattrs::iterator found) {
  if (state_.quota != nullptr) state_.quota->release(found->first.size() + found->second.size(), 0);
  xattrs_->erase(found);
}

Result<FilePtr> MemorySpecial::open(OpenFlags flags) {
  if (type() != FileType::char_device) return fail(Errc::enxio);
  return open_device(rdev_, flags);
}

}  // namespace wasifs
