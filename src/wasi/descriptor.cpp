// SPDX-License-Identifier: Apache-2.0
#include "wasi/descriptor.h"

#include <algorithm>
#include <utility>

namespace wasifs::wasi {

Answer<u32> FdTable::add(Descriptor descriptor, u32 from) {
  const std::lock_guard lock(mutex_);
  u32 fd = std::max(from, lowest_);
  while (fd < slots_.size() && slots_[fd].open != nullptr) ++fd;
  // Numbers are limited, as by RLIMIT_NOFILE: the table is no longer than that.
  if (fd >= max_) return refuse(Errno::mfile);
  if (fd >= slots_.size()) slots_.resize(std::size_t{fd} + 1);
  slots_[fd] = std::move(descriptor);
  ++used_;
  if (from <= lowest_) lowest_ = fd + 1;
  return fd;
}

bool FdTable::has_room() const {
  const std::lock_guard lock(mutex_);
  return used_ < max_;
}

Answer<Descriptor> FdTable::get(u32 fd, RightSet needed) const {
  const std::lock_guard lock(mutex_);
  const Descriptor* const found = find(fd);
  if (found == nullptr) return refuse(Errno::badf);
  if ((found->base & needed) != needed) return refuse(Errno::notcapable);
  return *found;
}

Answer<FdTable::Use> FdTable::use(u32 fd, RightSet needed) const {
  const std::lock_guard lock(mutex_);
  const Descriptor* const found = find(fd);
  if (found == nullptr) return refuse(Errno::badf);
  if ((found->base & needed) != needed) return refuse(Errno::notcapable);
  return Use{.open = found->open,
             .base = found->base,
             .inheriting = found->inheriting,
             .from_preopen = found->preopen.has_value()};
}

Errno FdTable::close(u32 fd) {
  Descriptor closed;  // its file is closed after the lock was given back
  const std::lock_guard lock(mutex_);
  Descriptor* const found = find(fd);
  if (found == nullptr) return Errno::badf;
  closed = std::exchange(*found, {});
  --used_;
  lowest_ = std::min(lowest_, fd);
  return Errno::success;
}

Errno FdTable::renumber(u32 from, u32 to) {
  Descriptor closed;
  const std::lock_guard lock(mutex_);
  Descriptor* const source = find(from);
  Descriptor* const target = find(to);
  if (source == nullptr || target == nullptr) return Errno::badf;
  if (source == target) return Errno::success;
  closed = std::exchange(*target, std::exchange(*source, {}));
  --used_;
  lowest_ = std::min(lowest_, from);
  return Errno::success;
}

Errno FdTable::restrict_to(u32 fd, RightSet base, RightSet inheriting) {
  const std::lock_guard lock(mutex_);
  Descriptor* const found = find(fd);
  if (found == nullptr) return Errno::badf;
  if ((base & ~found->base) != 0 || (inheriting & ~found->inheriting) != 0) return Errno::notcapable;
  found->base = base;
  found->inheriting = inheriting;
  return Errno::success;
}

Errno FdTable::set_close_on_exec(u32 fd, bool on) {
  const std::lock_guard lock(mutex_);
  Descriptor* const found = find(fd);
  if (found == nullptr) return Errno::badf;
  found->close_on_exec = on;
  return Errno::success;
}

}  // namespace wasifs::wasi
