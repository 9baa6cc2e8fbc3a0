// SPDX-License-Identifier: Apache-2.0
// What descriptors are and have: flags, rights, attributes, names; their end.
#include "wasi/call.h"

namespace wasifs::wasi {

namespace {

constexpr u64 kNanoseconds = 1'000'000'000;

/// WASI counts from 1970 on; what is older is shown as that moment.
u64 nanoseconds(const Time& time) {
  if (time.sec < 0) return 0;
  constexpr u64 kMaxSeconds = UINT64_MAX / kNanoseconds - 1;
  if (static_cast<u64>(time.sec) > kMaxSeconds) return UINT64_MAX;
  return static_cast<u64>(time.sec) * kNanoseconds + static_cast<u64>(time.nsec);
}

Time time_of(u64 nanoseconds) {
  return {.sec = static_cast<std::int64_t>(nanoseconds / kNanoseconds),
          .nsec = static_cast<std::int32_t>(nanoseconds % kNanoseconds)};
}

constexpr u32 kAdviceCount = 6;
/// `dev` of all that is in the tree: one device, as inode numbers are unique in it.
constexpr u64 kDevice = 1;

}  // namespace

Answer<SetAttr> Call::times(u64 atim, u64 mtim, u32 flags) {
  using namespace fstflag;
  const bool both_atims = (flags & atim_now) != 0 && (flags & fstflag::atim) != 0;
  const bool both_mtims = (flags & mtim_now) != 0 && (flags & fstflag::mtim) != 0;
  if ((flags & ~all) != 0 || both_atims || both_mtims) return refuse(Errno::inval);
  SetAttr change;
  if ((flags & (atim_now | mtim_now)) != 0) {
    const Answer<u64> time = now(Clock::realtime);
    if (!time) return refuse(time.error());
    if ((flags & atim_now) != 0) change.atime = time_of(*time);
    if ((flags & mtim_now) != 0) change.mtime = time_of(*time);
  }
  if ((flags & fstflag::atim) != 0) change.atime = time_of(atim);
  if ((flags & fstflag::mtim) != 0) change.mtime = time_of(mtim);
  return change;
}

Errno Call::store_filestat(u32 out, const Attr& attr) {
  const auto& shape = shape_.filestat;
  const auto to = memory_.range(out, shape.size);
  if (!to) return to.error();
  std::array<std::byte, 64> stat{};
  GuestMemory::put(stat, 0, kDevice);
  GuestMemory::put(stat, 8, attr.ino);
  GuestMemory::put(stat, 16, static_cast<std::uint8_t>(filetype_of(attr.type)));
  if (shape.nlink_size == sizeof(u32)) {
    GuestMemory::put(stat, shape.nlink, u32{attr.nlink});
  } else {
    GuestMemory::put(stat, shape.nlink, u64{attr.nlink});
  }
  GuestMemory::put(stat, shape.file_size, attr.size);
  GuestMemory::put(stat, shape.times, nanoseconds(attr.atime));
  GuestMemory::put(stat, shape.times + 8, nanoseconds(attr.mtime));
  GuestMemory::put(stat, shape.times + 16, nanoseconds(attr.ctime));
  std::memcpy(to->data(), stat.data(), shape.size);
  return Errno::success;
}

// Advice changes no result, and nothing here reads ahead.
Errno Call::fd_advise(u32 fd, u64 offset, u64 length, u32 advice) {
  const auto found = file(fd, right::fd_advise, Errno::spipe);
  if (!found) return found.error();
  if (advice >= kAdviceCount) return Errno::inval;
  return offset > File::kMaxSize || length > File::kMaxSize - offset ? Errno::inval : Errno::success;
}

Errno Call::fd_allocate(u32 fd, u64 offset, u64 length) {
  const auto found = file(fd, right::fd_allocate);
  if (!found) return found.error();
  if (length == 0) return Errno::inval;
  const std::lock_guard lock(found->open->mutex);
  if (found->open->file == nullptr) return Errno::badf;
  return told(found->open->file->allocate(AllocateMode::extend, offset, length));
}

Errno Call::fd_close(u32 fd) { return state_.fds.close(fd); }

Errno Call::synchronise(u32 fd, RightSet needed, bool data_only) {
  const auto found = state_.fds.use(fd, needed);
  if (!found) return found.error();
  OpenFile& open = *found->open;
  if (open.kind == OpenFile::Kind::stream) return Errno::inval;
  const std::lock_guard lock(open.mutex);
  return told(open.file != nullptr ? open.file->sync(data_only) : tree_.sync(open.node));
}

Errno Call::fd_datasync(u32 fd) { return synchronise(fd, right::fd_datasync, true); }
Errno Call::fd_sync(u32 fd) { return synchronise(fd, right::fd_sync, false); }

Errno Call::fd_fdstat_get(u32 fd, u32 out) {
  const auto found = state_.fds.use(fd, 0);
  if (!found) return found.error();
  const auto to = memory_.range(out, 24);
  if (!to) return to.error();
  std::array<std::byte, 24> stat{};
  GuestMemory::put(stat, 0, static_cast<std::uint8_t>(found->open->filetype()));
  {
    const std::lock_guard lock(found->open->mutex);
    GuestMemory::put(stat, 2, static_cast<std::uint16_t>(found->open->flags));
  }
  GuestMemory::put(stat, 8, found->base);
  GuestMemory::put(stat, 16, found->inheriting);
  std::memcpy(to->data(), stat.data(), stat.size());
  return Errno::success;
}

Errno Call::fd_fdstat_set_flags(u32 fd, u32 flags) {
  const auto found = state_.fds.use(fd, right::fd_fdstat_set_flags);
  if (!found) return found.error();
  if ((flags & ~fdflag::all) != 0) return Errno::inval;
  OpenFile& open = *found->open;
  const std::lock_guard lock(open.mutex);
  // To append or not is settled when a file is opened, so it is opened again.
  if (open.file != nullptr && ((open.flags ^ flags) & fdflag::append) != 0) {
    OpenFlags how = open.file->flags();
    how.truncate = false;
    how.append = (flags & fdflag::append) != 0;
    Result<FilePtr> again = tree_.open_again(open.node, how);
    if (!again) return refuse_as(again).error();
    open.file = std::move(*again);
  }
  open.flags = flags;
  return Errno::success;
}

Errno Call::fd_fdstat_set_rights(u32 fd, u64 base, u64 inheriting) {
  return state_.fds.restrict_to(fd, base, inheriting);
}

Errno Call::fd_filestat_get(u32 fd, u32 out) {
  const auto found = state_.fds.use(fd, right::fd_filestat_get);
  if (!found) return found.error();
  if (found->open->kind == OpenFile::Kind::stream) {
    Attr attr;
    attr.ino = fd;
    attr.type = found->open->stream->is_terminal() ? FileType::char_device : FileType::fifo;
    return store_filestat(out, attr);
  }
  const Result<Attr> attr = tree_.attr(found->open->node);
  return attr ? store_filestat(out, *attr) : refuse_as(attr).error();
}

Errno Call::fd_filestat_set_size(u32 fd, u64 size) {
  const auto found = file(fd, right::fd_filestat_set_size, Errno::inval);
  if (!found) return found.error();
  if (size > File::kMaxSize) return Errno::fbig;
  const std::lock_guard lock(found->open->mutex);
  return found->open->file != nullptr ? told(found->open->file->truncate(size)) : Errno::badf;
}

Errno Call::fd_filestat_set_times(u32 fd, u64 atim, u64 mtim, u32 flags) {
  const auto found = state_.fds.use(fd, right::fd_filestat_set_times);
  if (!found) return found.error();
  const Answer<SetAttr> change = times(atim, mtim, flags);
  if (!change) return change.error();
  if (found->open->kind == OpenFile::Kind::stream) return Errno::inval;
  return told(tree_.set_attr(found->open->node, *change));
}

namespace {

/// The name of a preopen; badf where it is none: that ends a guest's search.
Answer<std::string> preopen_name(const Context::State& state, u32 fd) {
  const auto found = state.fds.get(fd);
  if (!found) return refuse(found.error());
  if (found->preopen) return *found->preopen;
  const bool stdio = fd < state.options.stdio.size() && found->open->kind == OpenFile::Kind::stream;
  if (stdio && state.options.layout == Layout::wasmer) return std::string();
  return refuse(Errno::badf);
}

}  // namespace

Errno Call::fd_prestat_get(u32 fd, u32 out) {
  const Answer<std::string> name = preopen_name(state_, fd);
  if (!name) return name.error();
  const auto to = memory_.range(out, 8);
  if (!to) return to.error();
  GuestMemory::put(*to, 0, u32{0});  // a directory, the only kind there is
  GuestMemory::put(*to, 4, static_cast<u32>(name->size()));
  return Errno::success;
}

Errno Call::fd_prestat_dir_name(u32 fd, u32 path, u32 length) {
  const Answer<std::string> name = preopen_name(state_, fd);
  if (!name) return name.error();
  if (length < name->size()) return Errno::nametoolong;
  const auto to = memory_.range(path, name->size());
  if (!to) return to.error();
  if (!name->empty()) std::memcpy(to->data(), name->data(), name->size());
  return Errno::success;
}

Errno Call::fd_renumber(u32 from, u32 to) { return state_.fds.renumber(from, to); }

}  // namespace wasifs::wasi
