// SPDX-License-Identifier: Apache-2.0
#include "posix_vfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <climits>

namespace wasifs::test {

namespace {

Status status(int returned) { return returned == 0 ? Status{} : Status(fail_errno()); }

FileType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return FileType::directory;
    case S_IFLNK:
      return FileType::symlink;
    case S_IFCHR:
      return FileType::char_device;
    case S_IFBLK:
      return FileType::block_device;
    case S_IFIFO:
      return FileType::fifo;
    case S_IFSOCK:
      return FileType::socket;
    default:
      return FileType::regular;
  }
}

mode_t format_of(FileType type) {
  switch (type) {
    case FileType::char_device:
      return S_IFCHR;
    case FileType::block_device:
      return S_IFBLK;
    case FileType::fifo:
      return S_IFIFO;
    case FileType::socket:
      return S_IFSOCK;
    default:
      return S_IFREG;
  }
}

Time time_of(const statx_timestamp& stamp) {
  return {.sec = stamp.tv_sec, .nsec = static_cast<std::int32_t>(stamp.tv_nsec)};
}

Result<Attr> attr_at(int fd, const char* path, int flags) {
  struct statx info{};
  if (::statx(fd, path, flags, STATX_ALL, &info) != 0) return fail_errno();
  return Attr{.ino = info.stx_ino,
              .type = type_of(info.stx_mode),
              .mode = static_cast<std::uint16_t>(info.stx_mode & 07777U),
              .nlink = info.stx_nlink,
              .uid = info.stx_uid,
              .gid = info.stx_gid,
              .rdev = makedev(info.stx_rdev_major, info.stx_rdev_minor),
              .size = info.stx_size,
              .blocks = info.stx_blocks,
              .atime = time_of(info.stx_atime),
              .mtime = time_of(info.stx_mtime),
              .ctime = time_of(info.stx_ctime),
              .btime = time_of(info.stx_btime)};
}

timespec stamp_of(const std::optional<Time>& time) {
  return time ? timespec{.tv_sec = time->sec, .tv_nsec = time->nsec}
              : timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT};
}

constexpr uid_t kKeepId = static_cast<uid_t>(-1);

class PosixHandle final : public Handle {
 public:
  explicit PosixHandle(int fd, bool append) : fd_(fd), append_(append) {}
  ~PosixHandle() override { ::close(fd_); }
  PosixHandle(const PosixHandle&) = delete;
  PosixHandle& operator=(const PosixHandle&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  Result<std::string> read(std::uint64_t offset, std::size_t length) override {
    std::string out(length, '\0');
    const ssize_t got = ::pread(fd_, out.data(), length, static_cast<off_t>(offset));
    if (got < 0) return fail_errno();
    out.resize(static_cast<std::size_t>(got));
    return out;
  }
  Result<std::size_t> write(std::uint64_t offset, std::string_view bytes) override {
    const ssize_t put = append_ ? ::write(fd_, bytes.data(), bytes.size())
                                : ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0) return fail_errno();
    return static_cast<std::size_t>(put);
  }
  Status truncate(std::uint64_t size) override { return status(::ftruncate(fd_, static_cast<off_t>(size))); }
  Status allocate(AllocateMode mode, std::uint64_t offset, std::uint64_t length) override {
    constexpr std::array kModes = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                   FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
    return status(::fallocate(fd_, kModes[static_cast<std::size_t>(mode)], static_cast<off_t>(offset),
                              static_cast<off_t>(length)));
  }
  Result<std::uint64_t> seek_data(std::uint64_t offset) override { return seek(offset, SEEK_DATA); }
  Result<std::uint64_t> seek_hole(std::uint64_t offset) override { return seek(offset, SEEK_HOLE); }
  Status sync() override { return status(::fsync(fd_)); }
  Result<Attr> attr() override { return attr_at(fd_, "", AT_EMPTY_PATH); }
  Status set_attr(const SetAttr& change) override {
    if (change.size && ::ftruncate(fd_, static_cast<off_t>(*change.size)) != 0) return fail_errno();
    if ((change.uid || change.gid) &&
        ::fchown(fd_, change.uid.value_or(kKeepId), change.gid.value_or(kKeepId)) != 0) {
      return fail_errno();
    }
    if (change.mode && ::fchmod(fd_, *change.mode) != 0) return fail_errno();
    if (!change.atime && !change.mtime) return {};
    const std::array times = {stamp_of(change.atime), stamp_of(change.mtime)};
    return status(::futimens(fd_, times.data()));
  }

 private:
  Result<std::uint64_t> seek(std::uint64_t offset, int whence) const {
    const off_t found = ::lseek(fd_, static_cast<off_t>(offset), whence);
    if (found < 0) return fail_errno();
    return static_cast<std::uint64_t>(found);
  }
  int fd_;
  bool append_;
};

class PosixListing final : public Listing {
 public:
  explicit PosixListing(DIR* dir) : dir_(dir) {}
  ~PosixListing() override { ::closedir(dir_); }
  PosixListing(const PosixListing&) = delete;
  PosixListing& operator=(const PosixListing&) = delete;

  Result<std::vector<Listed>> next(std::size_t count) override {
    std::vector<Listed> some;
    while (some.size() < count) {
      errno = 0;
      const dirent* const entry = ::readdir(dir_);
      if (entry == nullptr) {
        if (errno != 0) return fail_errno();
        break;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      some.push_back(
          {.name = std::string(name), .ino = entry->d_ino, .type = type_of(DTTOIF(entry->d_type))});
    }
    return some;
  }
  Status rewind() override {
    ::rewinddir(dir_);
    return {};
  }

 private:
  DIR* dir_;
};

int open_flags(const OpenMode& mode) {
  const OpenFlags& flags = mode.flags;
  int out = O_CLOEXEC | (flags.write ? (flags.read ? O_RDWR : O_WRONLY) : O_RDONLY);
  if (flags.append) out |= O_APPEND;
  if (flags.truncate) out |= O_TRUNC;
  if (mode.create) out |= O_CREAT;
  if (mode.exclusive) out |= O_EXCL;
  return out;
}

}  // namespace

PosixVfs::PosixVfs(std::string directory) : directory_(std::move(directory)) { ::umask(0); }

Result<Attr> PosixVfs::attr_of(std::string_view path, int flags) const {
  return attr_at(AT_FDCWD, at(path).c_str(), flags);
}
Result<Attr> PosixVfs::stat(std::string_view path) { return attr_of(path, 0); }
Result<Attr> PosixVfs::lstat(std::string_view path) { return attr_of(path, AT_SYMLINK_NOFOLLOW); }

Result<HandlePtr> PosixVfs::open(std::string_view path, OpenMode mode) {
  const int fd = ::open(at(path).c_str(), open_flags(mode), static_cast<mode_t>(mode.mode));
  if (fd < 0) return fail_errno();
  return std::make_unique<PosixHandle>(fd, mode.flags.append);
}

Result<HandlePtr> PosixVfs::open_anonymous(std::string_view dir, std::uint16_t mode) {
  const int fd = ::open(at(dir).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, static_cast<mode_t>(mode));
  if (fd < 0) return fail_errno();
  return std::make_unique<PosixHandle>(fd, false);
}

Status PosixVfs::name_anonymous(Handle& handle, std::string_view path) {
  const std::string source = "/proc/self/fd/" + std::to_string(dynamic_cast<PosixHandle&>(handle).fd());
  return status(::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, at(path).c_str(), AT_SYMLINK_FOLLOW));
}

Result<ListingPtr> PosixVfs::open_dir(std::string_view path) {
  DIR* const dir = ::opendir(at(path).c_str());
  if (dir == nullptr) return fail_errno();
  return std::make_unique<PosixListing>(dir);
}

Result<std::string> PosixVfs::read_link(std::string_view path) {
  std::string text(PATH_MAX, '\0');
  const ssize_t length = ::readlink(at(path).c_str(), text.data(), text.size());
  if (length < 0) return fail_errno();
  text.resize(static_cast<std::size_t>(length));
  return text;
}

Status PosixVfs::make(std::string_view path, const NewNode& what) {
  const std::string full = at(path);
  switch (what.type) {
    case FileType::directory:
      return status(::mkdir(full.c_str(), what.mode));
    case FileType::symlink:
      return status(::symlink(std::string(what.target).c_str(), full.c_str()));
    default:
      return status(::mknod(full.c_str(), format_of(what.type) | what.mode, what.rdev));
  }
}

Status PosixVfs::link(std::string_view existing, std::string_view path) {
  return status(::link(at(existing).c_str(), at(path).c_str()));
}
Status PosixVfs::unlink(std::string_view path) { return status(::unlink(at(path).c_str())); }
Status PosixVfs::rmdir(std::string_view path) { return status(::rmdir(at(path).c_str())); }

Status PosixVfs::rename(std::string_view from, std::string_view to, RenameMode mode) {
  const unsigned flags = mode == RenameMode::no_replace ? RENAME_NOREPLACE
                         : mode == RenameMode::exchange ? RENAME_EXCHANGE
                         : mode == RenameMode::whiteout ? RENAME_WHITEOUT
                                                        : 0U;
  return status(::renameat2(AT_FDCWD, at(from).c_str(), AT_FDCWD, at(to).c_str(), flags));
}

Status PosixVfs::set_attr(std::string_view path, const SetAttr& change) {
  const std::string full = at(path);
  if (change.size && ::truncate(full.c_str(), static_cast<off_t>(*change.size)) != 0) return fail_errno();
  if ((change.uid || change.gid) &&
      ::lchown(full.c_str(), change.uid.value_or(kKeepId), change.gid.value_or(kKeepId)) != 0) {
    return fail_errno();
  }
  if (change.mode && ::chmod(full.c_str(), *change.mode) != 0) return fail_errno();
  if (!change.atime && !change.mtime) return {};
  const std::array times = {stamp_of(change.atime), stamp_of(change.mtime)};
  return status(::utimensat(AT_FDCWD, full.c_str(), times.data(), AT_SYMLINK_NOFOLLOW));
}

Result<std::string> PosixVfs::get_xattr(std::string_view path, std::string_view name) {
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t length = ::lgetxattr(at(path).c_str(), std::string(name).c_str(), value.data(), value.size());
  if (length < 0) return fail_errno();
  value.resize(static_cast<std::size_t>(length));
  return value;
}

Result<std::vector<std::string>> PosixVfs::list_xattrs(std::string_view path) {
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t length = ::llistxattr(at(path).c_str(), names.data(), names.size());
  if (length < 0) return fail_errno();
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < static_cast<std::size_t>(length); begin = names.find('\0', begin) + 1) {
    out.emplace_back(names.c_str() + begin);
  }
  return out;
}

Status PosixVfs::set_xattr(std::string_view path, std::string_view name, std::string_view value,
                           XattrMode mode) {
  const int flags = mode == XattrMode::create ? XATTR_CREATE : mode == XattrMode::replace ? XATTR_REPLACE : 0;
  return status(::lsetxattr(at(path).c_str(), std::string(name).c_str(), value.data(), value.size(), flags));
}

Status PosixVfs::remove_xattr(std::string_view path, std::string_view name) {
  return status(::lremovexattr(at(path).c_str(), std::string(name).c_str()));
}

Result<StatFs> PosixVfs::statfs(std::string_view path) {
  struct statvfs info{};
  if (::statvfs(at(path).c_str(), &info) != 0) return fail_errno();
  return StatFs{.block_size = info.f_frsize,
                .blocks = info.f_blocks,
                .blocks_free = info.f_bfree,
                .files = info.f_files,
                .files_free = info.f_ffree,
                .name_max = static_cast<std::uint32_t>(info.f_namemax)};
}

}  // namespace wasifs::test
