// SPDX-License-Identifier: Apache-2.0
#include "fs/host/attr_change.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <limits>

#include "fs/host/syscalls.h"
#include "wasifs/node.h"

namespace wasifs::host {

namespace {

constexpr std::uint32_t kNoId = std::numeric_limits<std::uint32_t>::max();

bool valid(const std::optional<Time>& time) {
  // Beyond the range lie UTIME_NOW and UTIME_OMIT.
  return !time || (time->nsec >= 0 && time->nsec < 1'000'000'000);
}

Status check(FileType type, const SetAttr& change) {
  if (change.uid == kNoId || change.gid == kNoId) return fail(Errc::einval);
  if (!valid(change.atime) || !valid(change.mtime)) return fail(Errc::einval);
  if (change.mode && type == FileType::symlink) return fail(Errc::enotsup);
  if (!change.size) return {};
  if (type == FileType::directory) return fail(Errc::eisdir);
  if (type != FileType::regular) return fail(Errc::einval);
  if (*change.size > File::kMaxSize) return fail(Errc::efbig);
  return {};
}

timespec to_timespec(const std::optional<Time>& time) {
  timespec stamp = {};
  stamp.tv_nsec = UTIME_OMIT;
  if (time) {
    stamp.tv_sec = time->sec;
    stamp.tv_nsec = time->nsec;
  }
  return stamp;
}

/// AT_EMPTY_PATH reaches every type of object alike, symlinks included, and
/// needs no /proc.
Status change_times(int fd, const std::optional<Time>& atime, const std::optional<Time>& mtime) {
  const std::array<timespec, 2> stamps = {to_timespec(atime), to_timespec(mtime)};
  return to_status(::utimensat(fd, "", stamps.data(), AT_EMPTY_PATH));
}

Status change_size(int fd, std::uint64_t size) {
  const auto file = reopen(fd, O_WRONLY);
  if (!file) return fail(file.error());
  return to_status(retry([&] { return ::ftruncate(file->get(), static_cast<off_t>(size)); }));
}

/// One change in progress: what has been done so far, and what was there before.
class Transaction {
 public:
  Transaction(int fd, FileType type, const SetAttr& change, const struct statx& before)
      : fd_(fd), type_(type), change_(change), before_(before) {}

  [[nodiscard]] Status run() {
    const Status done = steps();
    if (!done) undo();
    return done;
  }

 private:
  Status steps() {
    if (change_.uid || change_.gid) {
      if (const Status done = change_owner(fd_, change_.uid, change_.gid); !done) return done;
      owner_done_ = true;
    }
    if (change_.mode) {
      if (const Status done = change_mode(fd_, type_, *change_.mode); !done) return done;
      mode_done_ = true;
    }
    const bool times = change_.atime || change_.mtime;
    if (times) {
      if (const Status done = change_times(fd_, change_.atime, change_.mtime); !done) return done;
      times_done_ = true;
    }
    if (!change_.size) return {};
    if (const Status done = change_size(fd_, *change_.size); !done) return done;
    // A change of size stamps mtime, so that the times are set once more.
    return times ? change_times(fd_, change_.atime, change_.mtime) : Status{};
  }

  /// As far as the host lets us: the error that is reported is the first one.
  void undo() {
    if (times_done_) {
      (void)change_times(fd_, time_of(before_.stx_atime), time_of(before_.stx_mtime));
    }
    if (owner_done_) (void)change_owner(fd_, before_.stx_uid, before_.stx_gid);
    // chown(2) drops the set-id bits, so the mode is due after it as well.
    if ((mode_done_ || owner_done_) && type_ != FileType::symlink) {
      (void)change_mode(fd_, type_, mode_of(before_));
    }
  }

  const int fd_;
  const FileType type_;
  const SetAttr& change_;
  const struct statx& before_;
  bool owner_done_ = false;
  bool mode_done_ = false;
  bool times_done_ = false;
};

}  // namespace

Status change_owner(int fd, std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid) {
  if (uid == kNoId || gid == kNoId) return fail(Errc::einval);
  return to_status(::fchownat(fd, "", uid.value_or(kNoId), gid.value_or(kNoId), AT_EMPTY_PATH));
}

Status change_mode(int fd, FileType type, std::uint16_t mode) {
  if (type == FileType::symlink) return fail(Errc::enotsup);
  const ProcPath path(fd);
  return to_status(::fchmodat(AT_FDCWD, path.c_str(), mode & 07777, 0));
}

Status change_attributes(int fd, FileType type, const SetAttr& change) {
  if (const Status valid_change = check(type, change); !valid_change) return valid_change;
  const auto before = stat_fd(fd, STATX_BASIC_STATS);
  if (!before) return fail(before.error());
  return Transaction(fd, type, change, *before).run();
}

}  // namespace wasifs::host
