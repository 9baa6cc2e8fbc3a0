// SPDX-License-Identifier: Apache-2.0
#include "base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/name_hash.h"
#include "base/path.h"

namespace wasifs {

namespace {

constexpr mode_t kMode = 0666;
constexpr int kAttempts = 100;  // to find a name that nobody has

/// A name beside `path` that nobody has, most likely.
std::string temporary_for(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  // Short enough whatever the name is.
  return path.substr(0, name) + "." + path.substr(name, 200) + "." + std::to_string(random_key());
}

/// Whether the system, or the file system, does not know files without a name.
bool is_unknown(int error) { return error == EOPNOTSUPP || error == EISDIR || error == EINVAL; }

std::unexpected<Diagnostic> cannot_write(const std::string& path, int error) {
  return fail(Diagnostic{.trouble = Trouble::source,
                         .message = "cannot write " + quoted(path) + ": " + message(static_cast<Errc>(error)),
                         .hint = missing_folder_hint(path, static_cast<Errc>(error))});
}

}  // namespace

std::string containing_folder(std::string_view path) {
  const std::size_t end = path.find_last_not_of('/');
  const std::size_t slash = end == std::string_view::npos ? 0 : path.rfind('/', end);
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string missing_folder_hint(const std::string& path, Errc error) {
  const std::string folder = containing_folder(path);
  struct stat there{};
  if (error != Errc::enoent || path.empty() || ::stat(folder.c_str(), &there) == 0) return {};
  return "make the folder " + quoted(folder) + " first";
}

OutputFile::OutputFile(std::string path, int fd, Naming naming, std::string temporary)
    : path_(std::move(path)), fd_(fd), naming_(naming), temporary_(std::move(temporary)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      naming_(other.naming_),
      temporary_(std::exchange(other.temporary_, {})) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (fd_ >= 0) ::close(fd_);
}

std::unexpected<Diagnostic> OutputFile::trouble(int error) const { return cannot_write(path_, error); }

Outcome<OutputFile> OutputFile::create(const std::string& path) {
  struct stat there{};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode)) return cannot_write(path, EISDIR);
  if (exists && !S_ISREG(there.st_mode)) {
    const int device = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return device < 0 ? Outcome<OutputFile>(cannot_write(path, errno))
                      : OutputFile(path, device, Naming::none);
  }
  int fd = ::open(containing_folder(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode);
  if (fd >= 0) return OutputFile(path, fd, Naming::link);
  if (!is_unknown(errno)) return cannot_write(path, errno);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string temporary = temporary_for(path);
    fd = ::open(temporary.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kMode);
    if (fd >= 0) return OutputFile(path, fd, Naming::rename, std::move(temporary));
    if (errno != EEXIST) break;
  }
  return cannot_write(path, errno);
}

Outcome<void> OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return trouble(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Outcome<void> OutputFile::write_at(std::uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return trouble(errno);
    at += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Outcome<std::size_t> OutputFile::read_at(std::uint64_t at, std::span<std::byte> out) const {
  for (;;) {
    const ssize_t count = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return trouble(count == 0 ? EIO : errno);
    return static_cast<std::size_t>(count);
  }
}

/// rename(2) is what replaces a file atomically, and it needs a name to start from.
Outcome<void> OutputFile::give_temporary_name() {
  const std::string self = "/proc/self/fd/" + std::to_string(fd_);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string name = temporary_for(path_);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = std::move(name);
      return {};
    }
    if (errno != EEXIST) break;
  }
  return trouble(errno);
}

Outcome<void> OutputFile::commit() {
  if (naming_ == Naming::none) return {};
  if (::fsync(fd_) != 0) return trouble(errno);
  if (naming_ == Naming::link) {
    if (auto named = give_temporary_name(); !named) return named;
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return trouble(errno);
  temporary_.clear();
  // The name as well: it is the folder's.
  const int folder = ::open(containing_folder(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return trouble(errno);
  const int synced = ::fsync(folder);
  const int error = errno;
  ::close(folder);
  // Not every file system has a notion of it.
  return synced == 0 || error == EINVAL ? Outcome<void>{} : trouble(error);
}

}  // namespace wasifs
